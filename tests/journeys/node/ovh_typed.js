// `@ovh-api/api` with the typed `@ovh-api/sms`: begins without a consumer key, tells where it must be approved when it
// has asked for it in vain, asks on until it is, keeps it in a file, then sends.
"use strict";

const fs = require("fs");
const path = require("path");
const { default: Engine, OvhError } = require("@ovh-api/api");
const { default: proxySms } = require("@ovh-api/sms");
const { ended, refused, run, tell } = require("./ovh_common");

run(async ({ options, folder, service, text, receiver }) => {
  const engine = new Engine({
    ...options,
    accessRules: "GET /sms, GET /sms/*, POST /sms/{serviceName}/jobs",
    nichandle: "AB1-ovh",
    certCacheFile: folder,
    launchBrower: false,
    certMonitorProvider: (_, { validationUrl }) => ({
      notValid: async (code, pass) => { if (pass === 1) tell({ validationUrl, code }); },
      validated: async () => {}, // never called by this version
    }),
  });
  const sms = proxySms(engine);

  const accounts = await sms.$get();
  const account = sms.$(service);
  const report = await account.jobs.$post({
    message: text, receivers: [receiver], sender: "MyApp", noStopClause: true, priority: "high",
  });
  const shown = await ended(() => account.outgoing.$(report.ids[0]).$get());
  const stranger = await refused(() => sms.$("sms-zz99999-9").$get());
  const forbidden = await refused(() => account.$put({ description: "not granted" }));
  return {
    accounts,
    kept: fs.readdirSync(folder).map((name) => JSON.parse(fs.readFileSync(path.join(folder, name), "utf8"))),
    report,
    shown,
    listed: await account.outgoing.$get({ receiver }),
    errors: [stranger, forbidden].map((error) => ({
      ours: error instanceof OvhError, code: error.errorCode, status: error.httpCode, message: error.message,
    })),
  };
});

// The vendor's own packages, `ovh` (2.x) and `@ovhcloud/node-ovh` (3.x), which are called alike: the journey names one.
"use strict";

const { ended, refused, run } = require("./ovh_common");

run(async ({ client: name, options, service, text, receiver }) => {
  const warnings = [];
  const client = require(name)({ ...options, warn: (...words) => warnings.push(words.join(" ")) });
  const call = (method, path, fields) => client.requestPromised(method, path, fields);

  const accounts = await call("GET", "/sms", {});
  const report = await call("POST", "/sms/{serviceName}/jobs", {
    serviceName: service, message: text, receivers: [receiver], sender: "MyApp", noStopClause: true, tag: undefined,
  });
  const shown = await ended(() => call("GET", `/sms/${service}/outgoing/${report.ids[0]}`, {}));
  return {
    accounts,
    report,
    shown,
    listed: await call("GET", `/sms/${service}/outgoing`, { receiver, sender: "MyApp" }),
    changed: await call("PUT", `/sms/${service}`, { description: "Étéléphone" }),
    description: (await call("GET", `/sms/${service}`, {})).description,
    removed: await call("DELETE", `/sms/${service}/outgoing/${report.ids[0]}`, {}),
    stranger: await refused(() => call("GET", "/sms/sms-zz99999-9", {})),
    incomplete: await refused(() => call("POST", `/sms/${service}/jobs`, { message: "x", receivers: [receiver] })),
    warnings,
  };
});

// `notifme-sdk` with its OVH provider, which sends and tells an id or the first error.
"use strict";

const { default: NotifmeSdk } = require("notifme-sdk");
const { run } = require("./ovh_common");

run(async ({ options, service, text, receiver }) => {
  const provider = { type: "ovh", account: service, ...options };
  const sdk = new NotifmeSdk({ channels: { sms: { providers: [provider] } } });
  const send = (from) => sdk.send({ sms: { from, to: receiver, text, type: "transactional" } });
  return { sent: await send("MyApp"), refused: await send("Unknown") };
});

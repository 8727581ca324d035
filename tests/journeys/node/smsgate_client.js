// SMSGate's npm client as its page shows it: an object with the five methods for HTTP, then the client's own calls.
"use strict";

(async () => {
  const { default: Client } = await import("android-sms-gateway");
  const { address, login, password, receiver, hook } = JSON.parse(process.argv[2]);

  const ask = async (method, url, headers, body) => {
    const reply = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await reply.text();
    if (!reply.ok) throw Object.assign(new Error(text), { status: reply.status });
    return text ? JSON.parse(text) : undefined;
  };
  const http = {
    get: (url, headers) => ask("GET", url, headers),
    post: (url, body, headers) => ask("POST", url, headers, body),
    put: (url, body, headers) => ask("PUT", url, headers, body),
    patch: (url, body, headers) => ask("PATCH", url, headers, body),
    delete: (url, headers) => ask("DELETE", url, headers),
  };
  const client = new Client(login, password, http, address);

  const webhook = await client.registerWebhook({ url: hook, event: "sms:delivered" });
  const sent = await client.send({ message: "Hello from npm", phoneNumbers: [receiver] }, { skipPhoneValidation: false });
  let state = await client.getState(sent.id);
  for (let n = 0; n < 500 && state.state !== "Delivered"; n++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    state = await client.getState(sent.id);
  }
  const settings = await client.getSettings();
  await client.updateSettings({ messages: { limitPeriod: "PerHour", limitValue: 7 } });
  await client.patchSettings({ ping: { intervalSeconds: 30 } });
  const changed = await client.getSettings();
  const webhooks = await client.getWebhooks();
  await client.deleteWebhook(webhook.id);
  const refused = await client.getState("nothing").catch((error) => error.status);
  const logs = await client.getLogs(new Date(0), new Date()).catch((error) => error.status);
  console.log(JSON.stringify({
    sent, state, settings, changed, webhook, webhooks, left: await client.getWebhooks(), refused, logs,
    devices: await client.getDevices(), health: await client.getHealth(),
  }));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});

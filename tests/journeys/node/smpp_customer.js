// An SMPP customer on the npm package: binds, sends the steps given as JSON, prints what it was answered and told.
"use strict";

const smpp = require("smpp");

const [host, port, name, password, text] = process.argv.slice(2);
const { steps, news } = JSON.parse(text);
const heard = { answers: [], receipts: [], replies: [] };

const session = smpp.connect({ url: `smpp://${host}:${port}`, auto_enquire_link_period: 1000 });
session.on("error", fail);
session.on("connect", run);
session.on("deliver_sm", (pdu) => {
  session.send(pdu.response());
  if (pdu.esm_class & 0x3c) heard.receipts.push([pdu.receipted_message_id, pdu.message_state]);
  else heard.replies.push([pdu.source_addr, pdu.destination_addr]);
  endWhenAllCame();
});

function ask(method, fields) {
  return new Promise((resolve) => session[method](fields, resolve));
}

async function run() {
  const bind = await ask("bind_transceiver", { system_id: name, password });
  if (bind.command_status) fail(`bind: ${bind.command_status}`);
  for (const { octets, payload, ...fields } of steps) {
    const message = payload
      ? { message_payload: Buffer.from(payload, "hex") }
      : { short_message: Buffer.from(octets, "hex") };
    const answer = await ask("submit_sm", { ...fields, ...message });
    heard.answers.push([answer.command_status, answer.message_id || ""]);
  }
  heard.ready = true;
  endWhenAllCame();
}

async function endWhenAllCame() {
  if (!heard.ready || heard.done || heard.receipts.length + heard.replies.length < news) return;
  heard.done = true;
  await ask("unbind", {});
  console.log(JSON.stringify(heard));
  session.close();
}

function fail(error) {
  console.error(String(error));
  process.exit(1);
}

setTimeout(() => fail(`not all came in time: ${JSON.stringify(heard)}`), 15000).unref();

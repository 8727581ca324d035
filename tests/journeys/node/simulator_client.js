// An SMPP client on the npm package: binds to the port given, sends what the test expects, prints what it heard as JSON.
"use strict";

const smpp = require("smpp");

const [host, port] = process.argv.slice(2);
const heard = { bind: null, submits: [], receipts: [], replies: [], refused: null, query: null, unbound: false };
const wanted = { receipts: 4, replies: 1 };

const session = smpp.connect({ url: `smpp://${host}:${port}`, auto_enquire_link_period: 1000 });
session.on("error", (error) => fail(error));
session.on("connect", run);
session.on("deliver_sm", (pdu) => {
  session.send(pdu.response());
  const told = { esm_class: pdu.esm_class, id: pdu.receipted_message_id, state: pdu.message_state, text: textOf(pdu) };
  (pdu.esm_class & 0x3c ? heard.receipts : heard.replies).push({ ...told, from: pdu.source_addr });
  endWhenAllCame();
});

function textOf(pdu) {
  const message = pdu.short_message.message;
  return Buffer.isBuffer(message) ? message.toString("latin1") : message;
}

function ask(method, fields) {
  return new Promise((resolve) => session[method](fields, resolve));
}

function submit(fields) {
  return ask("submit_sm", { source_addr: "Shop", source_addr_ton: 5, registered_delivery: 1, ...fields });
}

async function run() {
  const bind = await ask("bind_transceiver", { system_id: "demo", password: "demo" });
  heard.bind = { status: bind.command_status, system_id: bind.system_id };
  for (const text of ["Bonjour été", "Привет"]) {
    heard.submits.push(await submit({ destination_addr: "33601020304", short_message: text }));
  }
  for (const number of [1, 2]) {
    const udh = Buffer.from([5, 0, 3, 9, 2, number]);
    const part = { udh, message: number === 1 ? "a".repeat(153) : "b".repeat(20) };
    heard.submits.push(await submit({ destination_addr: "33601020305", esm_class: 0x40, short_message: part }));
  }
  await submit({ destination_addr: "33601020950", short_message: "Oui ou non ?", registered_delivery: 0 });
  const refused = await submit({ destination_addr: "33601020903", short_message: "x" });
  heard.refused = refused.command_status;
  const first = heard.submits[0].message_id;
  const query = await ask("query_sm", { message_id: first, source_addr: "Shop", source_addr_ton: 5 });
  heard.query = query.message_state;
  heard.ready = true;
  endWhenAllCame();
}

async function endWhenAllCame() {
  const all = Object.entries(wanted).every(([kind, count]) => heard[kind].length >= count);
  if (!heard.ready || !all || heard.unbound) return;
  heard.unbound = true;
  await ask("unbind", {});
  heard.submits = heard.submits.map((pdu) => ({ status: pdu.command_status, id: pdu.message_id }));
  console.log(JSON.stringify(heard));
  session.close();
}

function fail(error) {
  console.error(String(error));
  process.exit(1);
}

setTimeout(() => fail(`not all came in time: ${JSON.stringify(heard)}`), 10000).unref();

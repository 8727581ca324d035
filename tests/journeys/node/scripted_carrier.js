// An SMPP server on the npm package, with scripted faults by the receiver's last digits; it prints its port, then
// every submit as a line of JSON.
"use strict";

const smpp = require("smpp");

let count = 0;
const tries = new Map();
const server = smpp.createServer({}, accept);
server.listen(0, "127.0.0.1", () => print({ port: server.address().port }));

function print(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

function accept(session) {
  session.on("error", () => session.destroy());
  for (const kind of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
    session.on(kind, (pdu) => {
      const wrong = pdu.password !== "secret";
      session.send(pdu.response({ command_status: wrong ? smpp.ESME_RINVPASWD : 0, system_id: "node" }));
      if (kind !== "bind_transmitter" && !wrong) receivers.add(session);
    });
  }
  session.on("close", () => receivers.delete(session));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on("submit_sm", (pdu) => submit(session, pdu));
}

const receivers = new Set();

function submit(session, pdu) {
  const ending = pdu.destination_addr.slice(-3);
  const tried = (tries.get(pdu.destination_addr) || 0) + 1;
  tries.set(pdu.destination_addr, tried);
  const message = pdu.short_message.message;
  print({
    to: pdu.destination_addr,
    from: pdu.source_addr,
    ton: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.dest_addr_ton, pdu.dest_addr_npi],
    coding: pdu.data_coding,
    text: Buffer.isBuffer(message) ? message.toString("latin1") : message,
    udh: pdu.short_message.udh ? Buffer.concat(pdu.short_message.udh).toString("hex") : null,
    registered: pdu.registered_delivery,
    tried,
  });
  const answer = (fields) => session.send(pdu.response(fields));
  if (ending === "903") return answer({ command_status: smpp.ESME_RINVDSTADR });
  if (ending === "910") return undefined;
  if (ending === "913" && tried === 1) return session.destroy();
  if (ending === "960" && tried === 1) return answer({ command_status: smpp.ESME_RTHROTTLED });
  if (ending === "963" && tried === 1) return answer({ command_status: smpp.ESME_RMSGQFUL });
  if (ending === "916") session.socket.write(Buffer.from("00000014000012340000000000000009deadbeef", "hex"));
  count += 1;
  const id = count.toString(16).toUpperCase().padStart(8, "0");
  answer({ message_id: id });
  const text = `id:${parseInt(id, 16)} sub:001 dlvrd:001 submit date:2401010000 done date:2401010000 stat:DELIVRD err:000 text:`;
  for (const receiver of receivers) {
    receiver.deliver_sm({
      source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr,
      esm_class: 4,
      short_message: text,
    }, (response) => print({ answered: id, status: response.command_status }));
    break;
  }
  if (ending === "951") reply(pdu);
}

function reply(pdu) {
  const [receiver] = receivers;
  const parts = ["Oui, merci beaucoup. ", "À bientôt !"];
  parts.forEach((text, n) => receiver.deliver_sm({
    source_addr: pdu.destination_addr,
    source_addr_ton: 1,
    destination_addr: pdu.source_addr,
    esm_class: 0x40,
    data_coding: 8,
    short_message: { udh: Buffer.from([5, 0, 3, 7, parts.length, n + 1]), message: text },
  }, (response) => print({ answered: `part ${n + 1}`, status: response.command_status })));
}

// The npm client of SMSC: every call that it has, and one that its user adds.
"use strict";

const { Readable } = require("stream");
const initSmsc = require("node-smsc");
const FormData = require(require.resolve("form-data", { paths: [require.resolve("node-smsc")] }));

const { address, login, password, phone, other, day } = JSON.parse(process.argv[2]);

const smsc = initSmsc({
  login,
  password,
  request: `${address}/sys/`,
  apiCalls: {
    tinyurls: (call) => (query) => call({ ...query, fmt: 3 }, { path: "tinyurls.php" }),
  },
});

const picture = () => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(300, 7)]);
const file = () => ({ field: "anything", value: picture(), options: { filename: "red.jpg", contentType: "image/jpeg" } });
const error = (promise) => promise.then(() => "none", ({ name, message, response }) => ({ name, message, response }));
const whole = (stream) => new Promise((resolve, reject) => {
  const octets = [];
  stream.on("data", (some) => octets.push(some)).on("end", () => resolve(Buffer.concat(octets).toString())).on("error", reject);
});
const byCallback = (call, query) => new Promise((resolve) => call(query, {}, (problem, answer) => resolve([problem, answer])));

async function send() {
  const said = {
    plain: await smsc.send({ phones: phone, mes: "Привет от npm", cost: 3, sender: "SHOP" }),
    own: await smsc.send({ phones: phone, mes: "how are you", id: 10 }),
    long: await smsc.send({ phones: phone, mes: "long ".repeat(140) }),
    several: await smsc.send({ phones: `${phone},${other}`, mes: "both", op: 1 }),
    mms: await smsc.send({ phones: phone, mms: 1, mes: "that is me" }, { files: [file()] }),
    mail: await smsc.send(
      { phones: "mail@example.com", mail: 1, mes: "me <file 1>", subj: "Me!", sender: "shop@example.org" },
      { files: [file()] }),
    form: await smsc.send({ phones: phone, mes: "" }, {
      request: { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" } },
      requestBodyStream: Readable.from(["mes=from+the+body&charset=utf-8"]),
    }),
    callback: await byCallback(smsc.send, { phones: other, mes: "old style" }),
    price: await smsc.send({ phones: phone, mes: "price", cost: 1 }),
  };
  const asked = { phone, id: said.plain.id };
  let shown = await smsc.status({ ...asked, all: 2 });
  for (let n = 0; n < 4 && shown.status !== 1; n++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    shown = await smsc.status({ ...asked, all: 2 });
  }
  const removed = await smsc.status({ del: 1, ...asked });
  return { ...said, shown, removed, list: await smsc.status({ phone: `${phone},`, id: "10," }) };
}

async function jobs() {
  const made = await smsc.jobs({ add: 1, name: "Рассылка", phones: phone, mes: "a job", time: "0" + (Math.floor(Date.now() / 1000) + 3600) });
  const template = await smsc.templates({ add: 1, name: "job", msg: "Text of the template", format: "sms" });
  const templated = await smsc.jobs({ add: 1, name: "by template", phones: phone, tpl: template.id });
  const body = new FormData();
  body.append("anything", picture(), { filename: "red.jpg", contentType: "image/jpeg" });
  const mms = await smsc.jobs(
    { add: 1, name: "by stream", phones: phone, mms: 1, mes: "a picture" },
    { request: { method: "POST", headers: body.getHeaders() }, requestBodyStream: body });
  return {
    made, template, templated, mms,
    cancelled: await smsc.jobs({ cancel: 1, id: made.id }),
    shown: await smsc.jobs({ get: 1, id: made.id }),
    deleted: await smsc.jobs({ del: 1, id: made.id }),
  };
}

async function phones() {
  const contact = "11111111111", moved = "99999999999";
  const card = await smsc.phones({ add: 1, phone: contact, name: "Контакт" });
  const group = await smsc.phones({ add_group: 1, name: "Group", num: 5 });
  return {
    card, group,
    black: await smsc.phones({ add_black: 1, phone: contact }),
    white: await smsc.phones({ del_black: 1, phone: contact }),
    changed: await smsc.phones({ chg: 1, phone: contact, new_phone: moved }),
    listed: await smsc.phones({ get: 1 }),
    groups: [
      await smsc.phones({ chg_group: 1, grp: group.id, name: "Other name" }),
      await smsc.phones({ move_group: 1, grp: group.id, phone: moved }),
      await smsc.phones({ move_group: 3, grp: group.id, phone: moved }),
      await smsc.phones({ move_group: 2, grp: group.id, phone: moved }),
    ],
    named: (await smsc.phones({ get_group: 1 })).find(({ id }) => id === group.id),
    gone: [await smsc.phones({ del: 1, phone: moved }), await smsc.phones({ del_group: 1, grp: group.id })],
    none: await error(smsc.phones({ get: 1, phone: contact })),
  };
}

async function templates() {
  const { id } = await smsc.templates({ add: 1, name: "t", msg: "one", format: "sms" });
  const read = async () => (await smsc.templates({ get: 1 })).find((each) => each.id === id);
  const made = await read();
  const changed = await smsc.templates({ chg: 1, id, msg: "two" });
  const text = (await read()).message;
  return { id, made, changed, text, deleted: await smsc.templates({ del: 1, id }), left: (await read()) || null };
}

async function users() {
  const sub = { user: "subshop", password: "secret of the sub-client" };
  const made = await smsc.users({ add: 1, ...sub });
  return {
    made,
    changed: await smsc.users({ chg: 1, user: sub.user, fio: "Имя", type: 0, curr: 1 }),
    paid: await smsc.users({ pay: 1, user: sub.user, sum: "0.50" }),
    idle: await smsc.users({ get_stat: 1, user: sub.user, start: "01.01.2024", end: "02.01.2024" }),
    balance: await initSmsc({ login: sub.user, password: sub.password, request: `${address}/sys/` }).balance(),
    none: await smsc.users({ get_stat: 1, user: "nobody" }),
  };
}

(async () => {
  const heard = { balance: await smsc.balance({ cur: 1 }), send: await send(), jobs: await jobs() };
  heard.phones = await phones();
  heard.templates = await templates();
  heard.users = await users();
  heard.senders = await smsc.senders({ get: 1 });
  heard.numbers = await smsc.receive_phones({ get: 1 });
  heard.operator = await smsc.info({ get_operator: 1, phone });
  heard.ported = [await smsc.get_mnp({ date: day }), await whole(await smsc.get_mnp())];
  heard.history = await smsc.get({ get_messages: 1, phone });
  heard.elsewhere = await smsc.get({ get_messages: 1, phone: "79160000000" });
  heard.answers = await smsc.get({ get_answers: 1 });
  heard.sums = await smsc.get({ get_stat: 1 });
  heard.accounts = await smsc.get({ get_mega_accounts: 1 });
  heard.prices = await smsc.get({ get_price: 1 });
  heard.links = await error(smsc.tinyurls({ get: 1, link: "https://example.org/none" }));
  const hashed = initSmsc({
    login, password: require("crypto").createHash("md5").update(password).digest("hex"), hashed: true,
    request: `${address}/sys/`,
  });
  heard.hashed = await hashed.balance();
  heard.stranger = await error(initSmsc({ login, psw: "wrong", request: `${address}/sys/` }).balance());
  heard.twice = await error(smsc.send({ phones: phone, mes: "how are you", id: 10 }));
  console.log(JSON.stringify(heard));
})().catch((problem) => {
  console.error(problem);
  process.exit(1);
});

"""The vendor's samples for PHP and Python by what they send and read: thousands of scripts hold a copy of them.

Numbers for answers, cost=3 to send and cost=1 to ask for the price, id=0, a POST above 2,000 octets, a form of parts
for files, and where an answer is empty the same once more from the hosts www2 to www5. spec: smsc/1.1 smsc/2 smsc/3.2
"""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import aiohttp
import pytest
from aiohttp import web
from road import PATIENCE, Ear, Heard, Road, until
from smsc_shop import KEY, LOGIN, OTHER, PASSWORD, PHONE, opened

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

DOMAIN = "smsc.example"
FLAGS = ("flash=1", "push=1", "hlr=1", "bin=1", "bin=2", "ping=1", "mms=1", "mail=1", "call=1", "viber=1", "soc=1")
"""What stands for the samples' formats 1 to 11."""


class Internet:
    """Takes every host of the vendor's to us; `lose` answers are swallowed on the way back."""

    def __init__(self, road: Road) -> None:
        self.road = road
        self.lose = 0
        self.hosts: list[str] = []

    async def __aenter__(self) -> "Internet":
        site = web.Application(client_max_size=2**24)
        site.router.add_route("*", "/{any:.*}", self._pass_on)
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        self.hosts.append(request.host)
        kind = {"Content-Type": request.headers.get("Content-Type", ""), "Host": request.host}
        url = self.road.app.url + request.raw_path.removeprefix(f"http://{request.host}")
        async with self._session.request(request.method, url, data=await request.read(), headers=kind) as answer:
            assert answer.status == 200
            if self.lose:
                self.lose -= 1
                return web.Response()
            return web.Response(body=await answer.read())


class Sample:
    """A script with a copy of the sample."""

    def __init__(self, internet: Internet, charset: str = "utf-8", login: str = LOGIN, secret: str = PASSWORD) -> None:
        self.charset = charset
        self.secrets = {"login": login, "psw": secret, "fmt": "1", "charset": charset}
        self.methods: list[str] = []
        self._opener = build_opener(ProxyHandler({"http": internet.url}))

    async def ask(self, script: str, query: str, files: tuple[bytes, ...] = ()) -> str:
        """Call a script until there is an answer."""
        query = f"{urlencode(self.secrets, encoding=self.charset)}&{query}"
        for host in ("", "www2.", "www3.", "www4.", "www5."):
            said = await asyncio.to_thread(self._call, f"http://{host}{DOMAIN}/sys/{script}.php", query, files)
            if said:
                return said
        return ","

    def _call(self, url: str, query: str, files: tuple[bytes, ...]) -> str:
        if files:
            request = Request(f"{url}?{query}", *_parts(files))
        elif len(query) > 2000:
            request = Request(url, query.encode())
        else:
            request = Request(f"{url}?{query}")
        self.methods.append(request.get_method())
        with self._opener.open(request, timeout=PATIENCE) as answer:
            return str(answer.read().decode(self.charset))

    def _query(self, **params: str) -> str:
        return urlencode(params, encoding=self.charset)

    async def send(
        self, phones: str, text: str, flags: str = "", sender: str = "SHOP", files: tuple[bytes, ...] = (), **more: str
    ) -> list[str]:
        """Send; gives id, count, cost and balance, or id and a code below zero."""
        query = self._query(cost="3", phones=phones, mes=text, translit="0", id="0", time="0", sender=sender, **more)
        return (await self.ask("send", f"{query}&{flags}", files)).split(",")

    async def price(self, phones: str, text: str, flags: str = "") -> list[str]:
        """Ask what it would cost; gives cost and count."""
        query = self._query(cost="1", phones=phones, mes=text, translit="0", sender="SHOP")
        return (await self.ask("send", f"{query}&{flags}")).split(",")

    async def status(self, phone: str, id: str, level: int = 0) -> list[str]:
        """Ask how a message stands: the text is whatever follows the last comma that counts."""
        said = await self.ask("status", self._query(phone=phone, id=id, all=str(level)))
        return said.split(",", {0: -1, 1: 8, 2: 11}[level])

    async def delivered(self, ear: Ear, id: str) -> Heard:
        """Wait for the callback."""
        (heard,) = await ear.wait_for(1, lambda each: each.form["id"] == id and each.form["status"] == "1")
        return heard


def _parts(files: tuple[bytes, ...]) -> tuple[bytes, dict[str, str]]:
    """Write a form of parts with files alone: everything else stands in the address."""
    between = uuid.uuid4().hex
    parts = [
        f'--{between}\r\nContent-Disposition: form-data; name="file{n}"; filename="{n}.jpg"\r\n'
        f"Content-Type: image/jpeg\r\n\r\n".encode()
        + octets
        + b"\r\n"
        for n, octets in enumerate(files, 1)
    ]
    body = b"".join(parts) + f"--{between}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={between}"}


@pytest.fixture
async def internet(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Internet]:
    """A road with the shop, and the way there."""
    async with opened(sqlite_url, monkeypatch, "/news?md5=topsecret") as road, Internet(road) as made:
        monkeypatch.delenv("NO_PROXY")
        yield made


async def test_send_price_status_balance(internet: Internet) -> None:
    sample, ear = Sample(internet), internet.road.ear
    text = "Привет, мир, через запятые, и ещё, и ещё, и ещё, и ещё, и ещё, и ещё"
    assert await sample.price(PHONE, text) == ["1.40", "1"]
    assert await sample.ask("balance", "") == "1000.00"
    id, count, cost, balance = await sample.send(PHONE, text)
    assert (int(id) > 0, int(count) > 0, cost, balance) == (True, True, "1.40", "998.60")
    heard = await sample.delivered(ear, id)
    signed = f"{id}:{PHONE}:1:topsecret".encode()
    assert heard.form["md5"] == hashlib.md5(signed, usedforsecurity=False).hexdigest()
    short, long, longest = [await sample.status(PHONE, id, level) for level in (0, 1, 2)]
    assert (short[0], int(short[1]) > 0, short[2]) == ("1", True, "0")
    assert [len(short), len(long), len(longest)] == [3, 9, 12]
    assert (long[:3], long[4:8]) == (short, [PHONE, "1.40", "SHOP", "Доставлено"])
    assert longest[4:11] == [PHONE, "1.40", "Россия", "МТС", "Москва", "SHOP", "Доставлено"]
    assert long[8] == longest[11]
    assert longest[11].startswith(f"{text},")
    assert await sample.status(PHONE, "777") == ["-3", "0", "0"]


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r"])
async def test_texts_in_the_charsets_of_old_scripts(internet: Internet, charset: str) -> None:
    sample = Sample(internet, charset, "", KEY)
    id, *_ = await sample.send(PHONE, "Привет")
    heard = await sample.delivered(internet.road.ear, id)
    assert heard.form["phone"] == PHONE
    assert [text["text"] for text in await internet.road.inbox(PHONE)] == ["Привет"]
    assert (await sample.status(PHONE, id, 1))[7:] == ["Доставлено", "Привет,,0"]


async def test_what_is_refused_is_below_zero(internet: Internet) -> None:
    sample = Sample(internet)
    id, code = await sample.send("123", "Hello")
    assert (int(id) > 0, code) == (True, "-7")
    assert await sample.send(PHONE, "") == ["0", "-1"]
    assert await sample.send(PHONE, "Hello", flags="time=99.99.26+12%3A00") == ["0", "-5"]
    assert await Sample(internet, secret="wrong").send(PHONE, "Hello") == ["0", "-2"]
    assert (await sample.send(PHONE, "Hello", sender="Stranger"))[1] == "-6"


async def test_long_requests_are_posted(internet: Internet) -> None:
    sample = Sample(internet)
    text = "Очень длинный текст. " * 20
    id, count, *_ = await sample.send(PHONE, text)
    assert (sample.methods, count) == (["POST"], str(-(-len(text) // 67)))
    await sample.delivered(internet.road.ear, id)
    assert [each["text"] for each in await internet.road.inbox(PHONE)] == [text]
    query = urlencode({"list": "\n".join([f"{PHONE}:one {'x' * 999}"[:1000], f"{OTHER}:two\\nlines"] + [""] * 999)})
    assert (await sample.ask("send", f"{query}&cost=0")).split(",")[1] == "8"


async def test_every_format_of_the_samples(internet: Internet) -> None:
    sample, picture = Sample(internet), b"\xff\xd8\xff\xe0" + bytes(300)
    wanted = {
        "push=1": ("https://example.org\nTitle", ()),
        "bin=1": ("\x00octets", ()),
        "bin=2": ("050A0307056048656C6C6F2C20576F726C6421", ()),
        "mms=1": ("a picture", (picture,)),
        "mail=1": ("see <file 1>", (picture, picture)),
    }
    ids = {}
    for flags in FLAGS:
        text, files = wanted.get(flags, (f"as {flags}", ()))
        mail = flags == "mail=1"
        to, sender = ("someone@example.org", "shop@example.org") if mail else (PHONE, "" if "hlr" in flags else "SHOP")
        more = {"subj": "Subject"} if mail else {}
        id, count, *_ = await sample.send(to, text, flags, sender, files, **more)
        assert int(count) > 0, flags
        ids[flags] = id

    heard = await sample.delivered(internet.road.ear, ids["hlr=1"])
    assert heard.form["mcc"] == "250"
    for level, place in ((1, 14), (2, 17)):
        said = await sample.ask("status", f"phone={PHONE}&id={ids['hlr=1']}&all={level}")
        assert said.split(",")[place] == "HLR"


async def test_an_answer_that_is_lost_sends_nothing_twice(internet: Internet) -> None:
    sample = Sample(internet)
    internet.lose = 2
    assert await sample.send(PHONE, "Once") == ["0", "-9"]
    assert internet.hosts == [DOMAIN, f"www2.{DOMAIN}", f"www3.{DOMAIN}"]

    async def arrived() -> bool:
        return bool(await internet.road.inbox(PHONE))

    await until(arrived)
    assert [text["text"] for text in await internet.road.inbox(PHONE)] == ["Once"]
    internet.lose = 5
    assert await sample.ask("balance", "") == ","

"""The demo's clients: one for each API, which sends, knows its callback, and prints lines for you to paste.

OVH's is the vendor's own Python library, unmodified; the others are HTTP calls as any program makes them.
"""

import json
import time
from collections.abc import Mapping, Sequence
from hashlib import md5
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from msgspec import Struct

from depesza.cli.demo_watch import Heard
from depesza.cli.errors import Failed

ACCOUNT, ROUBLES = "sms-demo-1", "smsc-demo"
"""Accounts of the demo: in credits, and in roubles."""
LOGIN = "demo"
SENDER = "DEPESZA"
RECEIVER, RUSSIAN = "+33601020304", "79161020304"
TEXT = "Hello from depesza"
PATIENCE = 20.0


class Keys(Struct, frozen=True):
    """Secrets of the demo, made once and kept in its folder."""

    master: str
    application: str
    secret: str
    consumer: str
    password: str
    """Of http2sms and SMSC."""
    token: str
    """Of SMSAdvert."""
    word: str
    """By which SMSC's callbacks are signed."""


class Client(Protocol):
    """A program that uses one vendor's API; its calls block."""

    name: str
    call: str
    """How it sends, for people."""
    account: str

    def send(self) -> str:
        """Send a text; gives what was answered. Raises `Failed`."""
        ...

    def ended(self, heard: Heard) -> str:
        """Say what a callback tells of the text's delivery; empty when it tells something else."""
        ...

    def ask(self) -> str:
        """Ask how the text stands, where the API has a call for it; empty where it has none."""
        ...

    def lines(self) -> Sequence[str]:
        """Give lines of a shell that send a text."""
        ...


def clients(url: str, ear: str, keys: Keys) -> tuple["Ovh", "Http2sms", "SmsAdvert", "Smsc"]:
    """Make a client of each API; `url` is the platform's address, `ear` where callbacks go."""
    return Ovh(url, keys), Http2sms(url, keys), SmsAdvert(url, ear, keys), Smsc(url, keys)


def _call(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> str:
    try:
        with urlopen(Request(url, body, dict(headers or {})), timeout=PATIENCE) as answer:
            return str(answer.read().decode())
    except OSError as error:
        raise Failed(f"{url.partition('?')[0]}: {error}") from error


class Ovh:
    """OVHcloud's SMS API."""

    name, call = "OVHcloud", "POST /1.0/sms/{serviceName}/jobs, signed"
    account = ACCOUNT

    def __init__(self, url: str, keys: Keys) -> None:
        self._url = f"{url}/1.0"
        self._keys = keys
        self._id = 0

    def post(self, receiver: str, text: str) -> Any:
        """Send a text by the vendor's own library; gives its report."""
        try:
            import ovh  # type: ignore[import-untyped]
            from ovh import client as module
        except ImportError as error:
            raise Failed("the demo's client is missing: pip install ovh") from error
        module.ENDPOINTS["depesza-demo"] = self._url
        keys = self._keys
        client = ovh.Client(
            endpoint="depesza-demo",
            application_key=keys.application,
            application_secret=keys.secret,
            consumer_key=keys.consumer,
        )
        return client.post(f"/sms/{ACCOUNT}/jobs", message=text, receivers=[receiver], sender=SENDER, noStopClause=True)

    def send(self) -> str:
        """See `Client`."""
        report = self.post(RECEIVER, TEXT)
        self._id = report["ids"][0]
        return f"id {self._id}, {report['totalCreditsRemoved']} credit, {report['creditsLeft']} left, on disk"

    def ended(self, heard: Heard) -> str:
        """See `Client`."""
        return f"GET {heard.target}" if f"id={self._id}&" in heard.target and "dlr=1" in heard.target else ""

    def ask(self) -> str:
        """See `Client`."""
        return ""

    def lines(self) -> Sequence[str]:
        """See `Client`."""
        keys = self._keys
        return (
            f"T=$(curl -s {self._url}/auth/time) U={self._url}/sms/{ACCOUNT}/jobs",
            f"""B='{{"message":"Bonjour","receivers":["{RECEIVER}"],"sender":"{SENDER}","noStopClause":true}}'""",
            f"""S=$(printf %s "{keys.secret}+{keys.consumer}+POST+$U+$B+$T" | sha1sum | cut -d' ' -f1)""",
            f"curl -s $U -d \"$B\" -H 'Content-Type: application/json' -H 'X-Ovh-Application: {keys.application}' \\",
            f'  -H \'X-Ovh-Consumer: {keys.consumer}\' -H "X-Ovh-Timestamp: $T" -H "X-Ovh-Signature: \\$1\\$$S"',
        )

    def python(self) -> Sequence[str]:
        """Give lines of Python that do the same."""
        keys = self._keys
        return (
            "import ovh, ovh.client",
            f'ovh.client.ENDPOINTS["depesza"] = "{self._url}"',
            f'client = ovh.Client("depesza", "{keys.application}", "{keys.secret}", "{keys.consumer}")',
            f'print(client.post("/sms/{ACCOUNT}/jobs", message="Bonjour", receivers=["{RECEIVER}"],',
            f'                  sender="{SENDER}", noStopClause=True))',
        )


class Http2sms:
    """OVH's way to send by one address."""

    name, call = "http2sms", "GET /http2sms"
    account = ACCOUNT

    def __init__(self, url: str, keys: Keys) -> None:
        self._url = f"{url}/http2sms"
        self._who = {"account": ACCOUNT, "login": LOGIN, "password": keys.password, "from": SENDER, "noStop": "1"}
        self._id = ""

    def send(self) -> str:
        """See `Client`."""
        answer = _call(f"{self._url}?{urlencode({**self._who, 'to': RECEIVER, 'message': TEXT})}").split("\n")
        if answer[0] != "OK":
            raise Failed(f"http2sms: {' '.join(answer)}")
        self._id = answer[2]
        return f"{answer[0]}, {answer[1]} credits left, id {self._id}"

    def ended(self, heard: Heard) -> str:
        """See `Client`."""
        return f"GET {heard.target}" if f"id={self._id}&" in heard.target and "dlr=1" in heard.target else ""

    def ask(self) -> str:
        """See `Client`."""
        return ""

    def lines(self) -> Sequence[str]:
        """See `Client`."""
        who = " ".join(f"-d {name}={value}" for name, value in self._who.items())
        return (f"curl -sG {self._url} {who} \\", f"  -d to=00{RECEIVER[1:]} -d message=Bonjour")


class SmsAdvert:
    """SMSAdvert's API."""

    name, call = "SMSAdvert", "POST /api/sms/, with a token"
    account = ACCOUNT

    def __init__(self, url: str, ear: str, keys: Keys) -> None:
        self._url = f"{url}/api/sms/"
        self._ear = f"{ear}/smsadvert"
        self._token = keys.token
        self._id = ""

    def send(self) -> str:
        """See `Client`."""
        text = {"phone": RECEIVER, "shortTextMessage": TEXT, "sendAsShort": True, "callback": self._ear}
        headers = {"Authorization": self._token, "Content-Type": "application/json"}
        answer = json.loads(_call(self._url, json.dumps(text).encode(), headers))
        self._id = answer["msgId"]
        return f"msgId {self._id}, {answer['unitsCost']} unit"

    def ended(self, heard: Heard) -> str:
        """See `Client`."""
        fits = heard.target == "/smsadvert" and json.loads(heard.body) == {"status": "delivered", "msgId": self._id}
        return f"POST {heard.target} {heard.body}" if fits else ""

    def ask(self) -> str:
        """See `Client`."""
        return ""

    def lines(self) -> Sequence[str]:
        """See `Client`."""
        return (
            f"curl -s {self._url} -H 'Authorization: {self._token}' -H 'Content-Type: application/json' \\",
            f"""  -d '{{"phone": "{RECEIVER}", "shortTextMessage": "Bonjour", "sendAsShort": true}}'""",
        )


class Smsc:
    """SMSC's API, whose callbacks are signed."""

    name, call = "SMSC", "GET /sys/send.php, and status.php afterwards"
    account = ROUBLES

    def __init__(self, url: str, keys: Keys) -> None:
        self._url = f"{url}/sys"
        self._who = {"login": LOGIN, "psw": md5(keys.password.encode(), usedforsecurity=False).hexdigest()}
        self._word = keys.word
        self._id = ""

    def send(self) -> str:
        """See `Client`."""
        self._id = str(int(time.time()))  # one of our own: the same text within a minute would be refused
        return self._ask("send", phones=RUSSIAN, mes=TEXT, id=self._id, sender=SENDER, cost="3")

    def _ask(self, script: str, **params: str) -> str:
        answer = _call(f"{self._url}/{script}.php?{urlencode({**self._who, 'charset': 'utf-8', **params})}")
        if answer.startswith("ERROR"):
            raise Failed(f"{script}.php: {answer}")
        return answer

    def ended(self, heard: Heard) -> str:
        """See `Client`."""
        form = {name: values[0] for name, values in parse_qs(heard.body).items()}
        if urlsplit(heard.target).path != "/smsc" or form.get("id") != self._id or form.get("status") != "1":
            return ""
        signed = f"{form['id']}:{form['phone']}:{form['status']}:{self._word}"
        if form.get("md5") != md5(signed.encode(), usedforsecurity=False).hexdigest():
            raise Failed(f"a callback is not signed as it should be: {heard.body}")
        return f"POST {heard.target} status=1 md5={form['md5']}, which is right"

    def ask(self) -> str:
        """See `Client`."""
        return self._ask("status", phone=RUSSIAN, id=self._id)

    def lines(self) -> Sequence[str]:
        """See `Client`."""
        login, password = self._who.values()
        return (
            f"N=$(date +%s) Q='login={login}&psw={password}'",
            f'curl -s "{self._url}/send.php?$Q&phones={RUSSIAN}&mes=Bonjour&id=$N&cost=3"; echo; sleep 1',
            f'curl -s "{self._url}/status.php?$Q&phone={RUSSIAN}&id=$N&fmt=3"',
        )

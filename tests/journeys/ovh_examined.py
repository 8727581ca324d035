"""A platform for machine-made calls: furnished through its own API, each call signed, real ids among the invented ones.

A schema alone makes calls that end at the first door: the account is not there, the number is none. So the values
that name things are taken from the platform's own lists, and a few fields are given sensible values.
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import requests
from anyio.from_thread import BlockingPortal, start_blocking_portal
from requests.auth import AuthBase
from road import OWNER, PASSWORD, PATIENCE, PHONE, SERVICE, apply, settings
from schemathesis import Case

from depesza.app import App
from depesza.core.model import Inbound
from depesza.services import inbox, keys
from depesza.settings import MailSettings

SECOND = "sms-xx11111-2"
OTHER = "+33601020305"
NUMBER = "+33700000001"
ALL = [(method, "/*") for method in ("GET", "POST", "PUT", "DELETE")]
NUMBER_JOB = {"message": "Bonjour", "receivers": [PHONE]}
JOB = {"message": "Bonjour", "receivers": [PHONE], "sender": "MyApp", "noStopClause": True}

FIXED: dict[str, list[Any]] = {"serviceName": [SERVICE], "login": ["api1"], "slotId": [1], "sender": ["MyApp"]}
"""Values of parameters of paths."""

KNOWN: dict[str, Any] = {
    "smsAccountTarget": SECOND,
    "sender": "MyApp",
    "from": "MyApp",
    "receivers": [PHONE],
    "to": [PHONE],
    "receiver": PHONE,
    "message": "Привет",
    "ptt": 4,
    "credits": 0.5,
    "quantity": 100,
    "format": "csv",
}
"""Sensible values of fields, whose invented ones are refused nearly always."""

HERE = "/sms/{serviceName}"
USER = HERE + "/users/{login}"
OURS = HERE + "/virtualNumbers/{number}"
BOOK = HERE + "/phonebooks/{bookKey}"
SLOT = {"slotId": 1, "description": "A list"}
ITEM = {"duration": "P0D", "pricingMode": "default", "quantity": 1}
GOOD: dict[str, dict[str, Any]] = {
    "/auth/credential": {"accessRules": [{"method": "GET", "path": "/sms"}]},
    "/me/document": {"name": "list.csv"},
    "/order/cart": {"ovhSubsidiary": "FR"},
    "/order/cart/{cartId}/sms": ITEM | {"planCode": "sms-100"},
    "/order/cartServiceOption/sms/{serviceName}": ITEM | {"planCode": "sms-credits-100"},
    HERE + "/jobs": JOB | {"differedPeriod": 100},
    HERE + "/senders": {"sender": "NewCo", "reason": "our brand", "description": "d"},
    HERE + "/senders/{sender}/documents": {"name": "paper.pdf"},
    HERE + "/receivers": SLOT,
    HERE + "/receivers/{slotId}/clean": {"freemium": True, "priceOnly": False},
    HERE + "/users": {"login": "api2", "password": "Abcdef12"},
    USER + "/jobs": JOB | {"differedPeriod": 100},
    USER + "/receivers": SLOT,
    USER + "/receivers/{slotId}/clean": {"freemium": True, "priceOnly": True},
    OURS + "/jobs": {"message": "Bonjour", "receivers": [PHONE], "differedPeriod": 100},
    HERE + "/batches": {
        "name": "b", "from": "MyApp", "to": [PHONE], "message": "x", "noStop": True,
        "deferred": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    },
    HERE + "/hlr": {"receivers": [PHONE]},
    HERE + "/phonebooks": {"name": "friends"},
    BOOK + "/import": {},
    BOOK + "/phonebookContact": {"group": "g", "name": "n", "surname": "s", "homeMobile": PHONE},
    HERE + "/templatesControl": {
        "activity": "transactional", "name": "t1", "message": "Hello #VALUE#", "description": "d", "reason": "r",
    },
    OURS + "/chatAccess": {},
    HERE + "/smpp/allowedIPs": {"action": "add", "ips": ["192.0.2.1"]},
}  # fmt: skip
"""A whole body that is accepted, for what is posted or put where."""

MADE_BY: dict[str, tuple[str, dict[str, Any]]] = {
    HERE + "/outgoing": (HERE + "/jobs", JOB),
    USER + "/outgoing": (USER + "/jobs", JOB),
    OURS + "/outgoing": (OURS + "/jobs", {"message": "Bonjour", "receivers": [PHONE]}),
    HERE + "/task": (HERE + "/receivers/{slotId}/clean", GOOD[HERE + "/receivers/{slotId}/clean"]),
}
"""What makes the rows of a list that is not posted to itself."""

CART = "/order/cart/{cartId}"
BEFORE = {
    CART + "/checkout": (CART + "/assign", CART + "/sms"),
    OURS + "/chatAccess": (OURS + "/chatAccess",),
    f"POST {HERE}/batches/{{id}}/cancel": (HERE + "/batches",),
    f"DELETE {HERE}/batches/{{id}}": (HERE + "/batches", HERE + "/batches/{id}/cancel"),
}
"""What is posted before an operation is examined, by the end of its name."""


class Signed(AuthBase):
    """Signs a request as it is sent."""

    def __init__(self, application: str, secret: str, consumer: str) -> None:
        self.application, self.secret, self.consumer = application, secret, consumer

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        sent = body if isinstance(body, bytes) else body.encode()
        now = str(int(time.time()))
        parts = (self.secret, self.consumer, str(request.method), str(request.url))
        text = "+".join(parts).encode() + b"+" + sent + b"+" + now.encode()
        request.headers.update(
            {
                "X-Ovh-Application": self.application,
                "X-Ovh-Consumer": self.consumer,
                "X-Ovh-Timestamp": now,
                "X-Ovh-Signature": "$1$" + sha1(text).hexdigest(),
            }
        )
        return request


class Examined:
    """The platform, and what it answered."""

    def __init__(self, app: App, portal: BlockingPortal) -> None:
        self.app = app
        self.portal = portal
        self.base = f"{app.url}/1.0"
        self.session = requests.Session()
        self.statuses: dict[str, set[int]] = defaultdict(set)
        """What each operation answered, by `METHOD path`."""
        self._lists: dict[str, list[Any]] = {}
        self._touched = True
        self.renew()

    def renew(self) -> None:
        """Take a new key, for the calls that end keys, and forget which ids there were."""
        app = self.app
        owner = app.store.facts.account_named[SERVICE].owner
        made, key = self.portal.call(
            lambda: app.store.run(keys.grant_all, app.vault, owner, "examined", "", ALL, 0, app.now())
        )
        self.auth = Signed(made.row.key, made.secret, key.consumer_key)
        self._lists.clear()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call below the version; gives the JSON of a success, else None."""
        answer = self.session.request(method, self.base + path, json=body, auth=self.auth, timeout=10)
        return answer.json() if answer.status_code == 200 else None

    def good(self, method: str, path: str, body: Any = None) -> Any:
        """Call, expect a success."""
        answer = self.session.request(method, self.base + path, json=body, auth=self.auth, timeout=10)
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"
        return answer.json()

    def values(self, path: str, name: str) -> list[Any]:
        """List sensible values of a path's parameter: mostly what the list above it says."""
        if name in FIXED:
            return FIXED[name]
        above = path.partition("/{" + name + "}")[0]
        if above not in self._lists:
            self._lists[above] = self._listed(above)
        return self._lists[above]

    def _listed(self, above: str) -> list[Any]:
        if above == "/order/cart":
            return [self.good("POST", above, GOOD[above])["cartId"]]
        path = self.fill(above)
        maker, body = MADE_BY.get(above, (above, GOOD.get(above)))
        if not self.call("GET", path):
            if above.endswith(("/incoming", "/blacklists")):
                self.hear()
            elif body is not None:
                self.call("POST", self.fill(maker), body)
        rows = self.call("GET", path) or []
        return [row.get("id", row) if isinstance(row, dict) else row for row in rows][:3]

    def fill(self, path: str) -> str:
        """Put a real value in the place of each parameter."""
        found = {name: self.values(path, name) for name in re.findall(r"{(\w+)}", path)}
        return path.format(**{name: quote(str(real[0]), safe="") if real else "none" for name, real in found.items()})

    def prepare(self, label: str) -> None:
        """Make what an operation needs, and again what those before it may have changed or deleted."""
        if self._touched:
            if not self.call("GET", self.fill(USER)):
                self.call("POST", self.fill(HERE + "/users"), GOOD[HERE + "/users"] | {"login": "api1"})
            self.portal.call(apply, self.app, restored())
            self.renew()
        self._touched = not label.startswith("GET")
        for path in chain.from_iterable(paths for end, paths in BEFORE.items() if label.endswith(end)):
            self.call("POST", self.fill(path), GOOD.get(path))
            self._lists.pop(path, None)
        if label == f"DELETE {HERE}/batches/{{id}}":
            self._wait_for_status(self.fill(label.partition(" ")[2]), "CANCELED")
        for path in (HERE, USER):
            if path + "/receivers/{slotId}" in label and not self.call("GET", self.fill(path + "/receivers/{slotId}")):
                self.good(
                    "POST", self.fill(path + "/receivers"), GOOD[path + "/receivers"] | {"documentId": self.file()}
                )

    def _wait_for_status(self, path: str, status: str) -> None:
        end = time.monotonic() + PATIENCE
        while (shown := self.good("GET", path))["status"] != status:
            assert time.monotonic() < end, shown
            time.sleep(0.02)

    def file(self) -> str:
        """Put a list of receivers into a document; gives its id."""
        document = self.good("POST", "/me/document", GOOD["/me/document"])
        put = self.session.put(document["putUrl"], data=f"number,name\n{PHONE},Anna\n", timeout=10)
        assert put.status_code < 300, put.text
        return str(document["id"])

    def hear(self) -> None:
        """Let the phone answer a message of the user, and write to the account's number."""
        asked = {"message": "?", "receivers": [PHONE, OTHER], "senderForResponse": True}
        id, _ = self.good("POST", self.fill(USER + "/jobs"), asked)["ids"]
        number = self.good("GET", self.fill(USER + f"/outgoing/{id}"))["sender"]
        connector, now = self.app.store.facts.connectors[0].id, self.app.now()
        said = [(PHONE, NUMBER, "Bonjour"), (PHONE, number, "Oui"), (OTHER, number, "STOP")]
        heard = [Inbound(connector, *words, now) for words in said]
        self.portal.call(lambda: self.app.store.run(inbox.take_inbound, heard, self.app.policy, now))

    def furnish(self, case: Case, chosen: Callable[[], bool]) -> None:
        """Put sensible values into a call in the place of invented ones, each if it is chosen."""
        for name in list(case.path_parameters):
            real = self.values(case.path, name)
            if real and chosen():
                case.path_parameters[name] = real[0]
        if isinstance(case.body, dict) and case.path in GOOD and chosen():
            case.body = GOOD[case.path] | self._ids(case.path)
            return
        for part in (case.query, case.body):
            if isinstance(part, dict):
                part.update({name: KNOWN[name] for name in part.keys() & KNOWN.keys() if chosen()})

    def _ids(self, path: str) -> dict[str, Any]:
        """Name what a good body must name."""
        if path.endswith(("/receivers", "/import")):
            return {"documentId": self.file()}
        return {"cartId": self.values("/order/cart/{cartId}", "cartId")[0]} if "Option/sms/" in path else {}


def furniture() -> dict[str, Any]:
    """What the operator makes once."""
    account = {"owner": OWNER, "credit": {"initial": 100_000}, "timezone": "Europe/Paris"}
    return {
        "owners": [{"name": OWNER, "password": PASSWORD, "email": "anna@example.org"}],
        "accounts": [{"name": SECOND, **account}, {"name": SERVICE, **account}],
        "connectors": [{"name": "carrier", "kind": "virtual", "settings": {"scale": 0.01}}],
        "routes": [{"connectors": ["carrier"]}],
    }


def restored() -> dict[str, Any]:
    """What the operator makes again and again."""
    free = {"ip_restrictions": [], "quota": False}
    return {
        "accounts": [{"name": SERVICE, "smpp": True}],
        "senders": [
            {"account": SERVICE, "name": "MyApp", "status": "enable"},
            {"account": SERVICE, "name": NUMBER, "kind": "time2chat", "status": "enable"},
        ],
        "users": [{"account": SERVICE, "login": "api1", **free}],
        "restrictions": [{"code": "CODING", "prefix": "33601020304", "messages": ["no Unicode"]}],
    }


@contextmanager
def examined(store: Path) -> Iterator[Examined]:
    """Run a platform in a thread of its own."""
    with start_blocking_portal() as portal:
        mail = MailSettings(host="127.0.0.1", port=9, sender="sms@example.org")  # nobody listens there
        app = App(msgspec.structs.replace(settings(str(store)), mail=mail))
        portal.call(app.start)
        try:
            portal.call(apply, app, furniture())
            made = Examined(app, portal)
            made.prepare("")
            yield made
        finally:
            portal.call(app.stop, 5.0)

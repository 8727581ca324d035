"""A platform for machine-made calls of SMSC's scripts, and calls of each script that succeed."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from anyio.from_thread import BlockingPortal, start_blocking_portal
from road import PATIENCE, apply, settings
from schemathesis import Case

from depesza.app import App
from depesza.core.model import Inbound
from depesza.services import alarms, inbox, rentals
from depesza.services.rentals import Offered

ACCOUNT, LOGIN, PASSWORD = "alex", "alex", "a password of the examined"
WHO = {"login": LOGIN, "psw": PASSWORD}
PHONE, OTHER, OURS = "79999999999", "79999999998", "79037676877"
LINK = "https://shop.example/parcels?number=17"
SENT = {"phones": PHONE, "mes": "Привет"}

GOOD: dict[str, tuple[dict[str, Any], ...]] = {
    "send": (
        SENT,
        SENT | {"cost": 1, "op": 1},
        SENT | {"cost": 3, "op": 1, "id": "order-17", "sender": "ivan", "translit": 1, "valid": "02:30"},
        {"phones": f"{PHONE},123", "mes": "x", "err": 1},
        {"list": f"{PHONE}:a\n{OTHER}:b", "period": 0.1, "freq": 1, "time": "+5"},
        {"phones": PHONE, "call": 1, "mes": "code"},
        {"phones": PHONE, "hlr": 1, "cost": 2},
        {"phones": PHONE, "bin": 2, "mes": "050A0307056048656C6C6F"},
    ),
    "imgcode": ({"userip": "192.0.2.1"},),
    "balance": ({}, {"cur": 1}),
    "status": (
        {"id": "seen", "phone": PHONE},
        {"id": "seen", "phone": PHONE, "all": 2},
        {"id": "asked", "phone": PHONE, "all": 2},
        {"id": "seen,", "phone": PHONE},
        {"id": "seen,later", "phone": f"{PHONE},{PHONE}", "all": 1},
        {"id": "nothing", "phone": PHONE},
        {"id": "later", "phone": PHONE, "del": 1},
    ),
    "jobs": (
        SENT | {"add": 1, "name": "j", "cost": 1},
        SENT | {"add": 1, "name": "j", "time": "+60", "cost": 3, "rpt": 2, "rptn": 3},
        {"get": 1, "id": "{id}"},
        {"get_all": 1},
        {"cancel": 1, "id": "{id}"},
        {"del": 1, "id": "{id}"},
    ),
    "info": ({"get_operator": 1, "phone": PHONE}, {"get_operator": 1, "phone": f"{PHONE},{OTHER}"}),
    "get_mnp": ({}, {"date": "01.01.2026"}),
    "receive_phones": (
        {"get": 1},
        {"buy": 1, "phone": "{offered}"},
        {"chg": 1, "phone": "{offered}", "noprolong": 1},
    ),
    "wait_call": ({"phone": PHONE},),
    "ping": ({"id": "{alarm}", "ok": 0, "name": "web"}, {"id": "{alarm}", "ok": 1}),
    "tinyurls": ({"get": 1, "link": LINK},),
    "get": (
        {"get_messages": 1, "cnt": 3},
        {"get_answers": 1},
        {"get_stat": 1, "balance2": 1},
        {"get_price": 1},
    ),
    "phones": (
        {"add_group": 1, "name": "friends", "num": 5},
        {"chg_group": 1, "grp": "{id}", "name": "others"},
        {"add": 1, "phone": PHONE, "name": "Анна", "bd": "01.02.1990", "grp": "{id}", "myid": "m1"},
        {"get": 1, "phone": PHONE},
        {"chg": 1, "phone": PHONE, "tags": "t", "myid": "0"},
        {"get": 1},
        {"move_group": 3, "phone": PHONE, "grp": "{id}"},
        {"get_group": 1},
        {"del_group": 1, "grp": "{id}"},
        {"add_black": 1, "phone": OTHER, "type": 1},
        {"del_black": 1, "phone": OTHER},
        {"del": 1, "phone": PHONE},
    ),
    "templates": (
        {"add": 1, "name": "t", "msg": "m", "format": "sms", "sender": "ivan", "fl[1]": 1},
        {"chg": 1, "id": "{id}", "msg": "m2"},
        {"get": 1},
        {"del": 1, "id": "{id}"},
    ),
    "op_templates": ({"add": 1, "sender": "ivan", "msg": "m", "mts_srv": 1}, {"get": 1}),
    "documents": ({"add_account": 1, "sum": "100.50"}, {"get_account": 1}),
    "users": (
        {"add": 1, "user": "{new}", "password": "p", "type": 1, "fio": "И. Иванов", "dlim": 5},
        {"chg": 1, "user": "{new}", "tz": 15, "tmlim": "9-18", "fl[6]": 1},
        {"pay": 1, "user": "{new}", "sum": "1.50"},
        {"get_stat": 1},
        {"get_stat_all": 1, "balance2": 1},
    ),
    "senders": (
        {"add": 1, "sender": "{new}", "cmt": "c", "fio": "И. Иванов"},
        {"chg": 1, "id": "{id}", "cmt": "d", "mts": "1"},
        {"get": 1, "all": 1, "operators": 1},
        {"del": 1, "id": "{id}"},
        {"add": 1, "sender": "{number}"},
        {"send_code": 1, "sender": "{number}"},
    ),
}  # fmt: skip
"""Calls of each script that succeed one after the other; `{id}` is what the first told one said, `{new}` is unused."""

BEFORE: dict[str, tuple[dict[str, Any], ...]] = {
    "status": (
        SENT | {"id": "seen"},
        SENT | {"id": "later", "time": "+60"},
        {"phones": PHONE, "hlr": 1, "id": "asked"},
    ),
    "tinyurls": ({"phones": PHONE, "mes": LINK, "tinyurl": 1},),
    "get": (SENT,),
}
"""What is sent before a script is examined."""

KNOWN: dict[str, list[Any]] = {
    "phones": [PHONE, f"{PHONE};{OTHER}"],
    "phone": [PHONE],
    "mes": ["Привет", "x" * 200],
    "list": [f"{PHONE}:a\n{OTHER}:b"],
    "sender": ["ivan"],
    "sum": ["1"],
    "user": ["sub"],
    "password": ["p"],
    "name": ["n"],
    "userip": ["192.0.2.1"],
    "id": ["1", "seen"],
    "fileurl": ["http://127.0.0.1:9/a.png"],
}
"""Sensible values of parameters, whose invented ones are refused nearly always."""


class Examined:
    """The platform, and who calls."""

    def __init__(self, app: App, portal: BlockingPortal) -> None:
        self.app = app
        self.portal = portal
        self.base = app.url
        self.session = requests.Session()
        self._news = 0

    def good(self, script: str) -> Generator[dict[str, Any], object, None]:
        """Give the parameters of calls that succeed; expects to be sent the id that each one told."""
        for sent in BEFORE.get(script, ()):
            answer = self.session.post(f"{self.base}/rest/send/", json=WHO | sent, timeout=PATIENCE)
            assert "error" not in answer.json(), answer.text
        self._news += 1
        id = None
        news = self._news
        words = {"{new}": f"new{news}", "{number}": f"790376768{news:02}", "{offered}": f"790376769{news:02}"}
        words["{alarm}"] = self._prepare(words["{offered}"])
        for each in GOOD[script]:
            words["{id}"] = id
            told = yield {name: words.get(value, value) for name, value in each.items()}
            id = told if id is None else id

    def _prepare(self, number: str) -> int:
        """Do what only the operator can: offer a number, prepare an alarm; gives the alarm's id."""
        store = self.app.store
        account = store.facts.account_named[ACCOUNT].id
        self.portal.call(store.run, rentals.offer, Offered(f"+{number}", "RUR", 1_000_000))
        return self.portal.call(store.run, alarms.create, account, number, (f"+{PHONE}",), "", "{name} fails", "well")

    def hear(self) -> None:
        """Let a phone write to the account's number."""
        now = self.app.now()
        said = [Inbound(self.app.store.facts.connectors[0].id, f"+{PHONE}", f"+{OURS}", "Ответ", now)]
        self.portal.call(lambda: self.app.store.run(inbox.take_inbound, said, self.app.policy, now))

    def furnish(self, case: Case, draw: Callable[[list[Any]], Any]) -> None:
        """Put who calls into a call, and sensible values in the place of some invented ones."""
        case.query = {name: value for name, value in (case.query or {}).items() if name != "apikey"} | WHO
        for part in (case.query, case.body):
            if isinstance(part, dict):
                part.update({name: draw(KNOWN[name]) for name in part.keys() & KNOWN.keys() if draw([True, False])})
                if draw([True, True, False]):
                    part["fmt"] = 3


def furniture() -> dict[str, Any]:
    """What the operator makes."""
    channels = ("sms", "mms", "mail", "call", "viber", "whatsapp", "telegram", "social", "hlr")
    limits = (
        "repeats", "price_asks", "parallel", "parallel_status", "status_asks", "status_lists", "balance_asks",
        "same_asks", "info_asks", "user_changes", "flood", "wrong_logins", "wrong_sends",
    )  # fmt: skip
    return {
        "owners": [{"name": "alex"}],
        "accounts": [
            {"name": ACCOUNT, "owner": "alex", "currency": "RUR", "credit": {"initial": 1_000_000}, "home": "smsc"}
        ],
        "logins": [{"account": ACCOUNT, "name": LOGIN, "password": PASSWORD}],
        "limits": [{"account": ACCOUNT, **dict.fromkeys(limits, 0)}],
        "senders": [
            {"account": ACCOUNT, "name": "ivan"},
            {"account": ACCOUNT, "name": f"+{OURS}", "kind": "numeric"},
        ],
        "connectors": [{"name": "carrier", "kind": "virtual", "settings": {"scale": 0.01}}],
        "routes": [{"connectors": ["carrier"], "channel": channel} for channel in channels],
        "prices": [{"channel": channel, "currency": "RUR", "credits": 1.5} for channel in (*channels, "ping")],
        "ranges": [{"prefix": "7999", "operator": "МТС", "mcc": "250", "mnc": "01"}],
    }


@contextmanager
def examined(store: Path) -> Iterator[Examined]:
    """Run a platform in a thread of its own."""
    with start_blocking_portal() as portal:
        app = App(settings(str(store)))
        portal.call(app.start)
        try:
            portal.call(apply, app, furniture())
            made = Examined(app, portal)
            made.hear()
            portal.call(app.store.run, rentals.offer, Offered("+78001234567", shared=True))
            yield made
        finally:
            portal.call(app.stop, 5.0)

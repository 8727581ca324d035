"""Three accounts that know nothing of each other: one's own, a second one of the same owner, one of another owner.

Each holds one of everything that has a number or a name. Values are kept by kind, so that a path can be written with
those of any of them.
"""

from collections.abc import Awaitable
from itertools import pairwise
from typing import Any

from tests.dialects.ovh_auth_world import Answer, World
from tests.dialects.ovh_cases_world import Desk

from depesza.core import ledger
from depesza.core.facts import Account, Owner, Sender
from depesza.core.ids import uuid_of
from depesza.core.model import MICRO
from depesza.dialects.ovh.route import Route
from depesza.services import keys, senders
from depesza.store.tx import Tx

OWN, SECOND, OTHER = "sms-xx11111-1", "sms-xx11111-2", "sms-yy22222-1"
NOBODYS = "sms-zz99999-9"
ALL = tuple((method, "/*") for method in ("GET", "POST", "PUT", "DELETE"))

Values = dict[str, str]
"""A path parameter's value, by its kind."""

MISSING: Values = {
    "serviceName": NOBODYS,
    "login": "loginX",
    "sender": "SenderX",
    "slot": "9",
    "template": "templateX",
    "stopped": "+33601029999",
    "virtual": "+33700009999",
    **dict.fromkeys(("message", "job", "incoming", "hlr", "contact", "task", "application", "credential"), "87654321"),
    **dict.fromkeys(("batch", "paper", "file", "cart", "book"), uuid_of(87654321)),
}
"""What was never there."""

_KINDS = {
    "slotId": "slot", "bookKey": "book", "name": "template", "taskId": "task", "documentID": "paper",
    "cartId": "cart", "applicationId": "application", "credentialId": "credential",
}  # fmt: skip
_IDS = {
    "jobs": "job", "outgoing": "message", "incoming": "incoming", "batches": "batch", "hlr": "hlr",
    "phonebookContact": "contact", "document": "file",
}  # fmt: skip


def kinds(route: Route) -> list[tuple[str, str]]:
    """List the path parameters of a row with their kinds."""
    parts = route.path.split("/")
    found = []
    for before, part in pairwise(parts):
        if part.startswith("{"):
            name = part[1:-1]
            kind = _IDS[before] if name == "id" else _KINDS.get(name, name)
            if name == "number":
                kind = "stopped" if before == "blacklists" else "virtual"
            found.append((name, kind))
    return found


class Key:
    """One of several keys with which a world can be called."""

    def __init__(self, world: World, made: keys.NewApplication, key: keys.NewKey) -> None:
        self._world = world
        self._keys = made.row.key, made.secret, key.consumer_key
        self.values = {"application": str(made.row.id), "credential": str(key.row.id)}

    async def ask(self, method: str, path: str, value: object = None, **options: object) -> Answer:
        """Call with this key, below the version."""
        world = self._world
        world.key, world.secret, world.consumer_key = self._keys
        return await world.call(method, f"/1.0{path}", value, **options)

    async def good(self, method: str, path: str, value: object = None) -> Any:
        """Call, expect 200 and give the JSON."""
        answer = await self.ask(method, path, value)
        assert answer.status == 200, f"{method} {path}: {answer.text}"
        return answer.json


async def make_key(world: World, owner: int, rules: tuple[tuple[str, str], ...]) -> Key:
    """Make an application with a key."""
    made, key = await world.store.run(keys.grant_all, world.vault, owner, "k", "", rules, 0, world.clock.now)
    return Key(world, made, key)


async def other_owner(tx: Tx) -> None:
    """Make the other owner and its account."""
    tx.put("owners", Owner(id=500, name="cd2-ovh", country="FR"))
    tx.put("accounts", Account(id=501, owner=500, name=OTHER))
    await tx.book(ledger.topup(501, 100 * MICRO, 0, 1, tx.new_id()))


class Street:
    """All of it, with a key that may do everything for each owner."""

    def __init__(self, desk: Desk, mine: Key, theirs: Key) -> None:
        self.desk = desk
        self.mine = mine
        self.theirs = theirs
        self.own: Values = {}
        self.second: Values = {}
        self.other: Values = {}


async def furnished(desk: Desk) -> Street:
    """Let everybody move in."""
    world = desk.world
    await world.store.run(other_owner)
    street = Street(desk, await make_key(world, 100, ALL), await make_key(world, 500, ALL))
    street.own = await move_in(street, street.mine, OWN, "1")
    street.second = await move_in(street, street.mine, SECOND, "2")
    street.other = await move_in(street, street.theirs, OTHER, "3")
    return street


async def move_in(street: Street, key: Key, account: str, n: str) -> Values:
    """Make one of everything; gives what it is called."""
    desk, below = street.desk, f"/sms/{account}"
    found = {
        "serviceName": account,
        "login": f"login{n}",
        "sender": f"Sender{n}",
        "slot": n,
        "template": f"template{n}",
    }
    found |= {"stopped": f"+3360102040{n}", "virtual": f"+3370000000{n}"} | key.values
    row = world_account(desk, account)
    await desk.store.run(senders.create, Sender(account=row, name=found["virtual"], kind="virtual"))

    def post(path: str, **fields: object) -> Awaitable[Any]:
        return key.good("POST", below + path, fields)

    async def send(path: str = "/jobs", **fields: object) -> str:
        job = {"message": "Hello", "receivers": [found["stopped"]], "senderForResponse": True} | fields
        return str((await post(path, **job))["ids"][0])

    await post("/users", login=found["login"], password="Secret12")
    await post("/senders", sender=found["sender"], reason="ours")
    found["paper"] = (await post(f"/senders/{found['sender']}/documents", name="paper"))["documentID"]
    found["job"] = await send(differedPeriod=120)
    found["message"] = await send()
    found["incoming"] = str(await desk.answer(f"Oui {n}", "38184", found["stopped"]))
    await desk.answer("STOP", "38184", found["stopped"])
    batch = {"name": "b", "to": [f"+3360102050{n}"], "message": "x", "senderForResponse": True}
    found["batch"] = (await post("/batches", **batch))["id"]
    await desk.run_campaigns()
    desk.files[f"https://client.example/{n}.csv"] = f"number\n+3360102060{n}\n".encode()
    csv = {"csvUrl": f"https://client.example/{n}.csv", "slotId": int(n), "description": f"list{n}"}
    await post("/receivers", **csv)
    found["task"] = str((await post(f"/receivers/{n}/clean", freemium=True, priceOnly=False))["taskId"])
    found["hlr"] = str((await post("/hlr", receivers=[f"+3360102070{n}"]))["ids"][0])
    found["book"] = await post("/phonebooks", name=f"book{n}")
    contact = {"group": "g", "name": "n", "surname": "s", "homeMobile": "+33601020304"}
    found["contact"] = str(await post(f"/phonebooks/{found['book']}/phonebookContact", **contact))
    await post(
        "/templatesControl", name=found["template"], activity="transactional", message="Hello #VALUE#", description="d"
    )
    found["file"] = (await key.good("POST", "/me/document", {"name": f"file{n}"}))["id"]
    found["cart"] = (await key.good("POST", "/order/cart", {"ovhSubsidiary": "FR"}))["cartId"]
    item = {"cartId": found["cart"], "planCode": "sms-credits-100", "duration": "P0D", "pricingMode": "default"}
    await key.good("POST", f"/order/cartServiceOption/sms/{account}", item | {"quantity": 1})
    return found


def world_account(desk: Desk, name: str) -> int:
    """Give the id of an account."""
    return desk.store.facts.account_named[name].id


BODY: dict[str, object] = {
    "message": "Hello #VALUE#", "receivers": ["+33601020304"], "to": ["+33601020304"], "senderForResponse": True,
    "name": "n", "description": "d", "slotId": 5, "csvUrl": "https://client.example/1.csv", "freemium": True,
    "priceOnly": True, "sender": "Another", "reason": "r", "code": "123456", "login": "another", "password": "Secret12",
    "group": "g", "surname": "s", "activity": "transactional", "credits": 1, "quantity": 100, "action": "add",
    "ips": ["192.0.2.1"], "planCode": "sms-credits-100", "duration": "P0D", "pricingMode": "default",
    "autoUpdate": False,
}  # fmt: skip
"""Values for fields of a body."""
QUERY = {
    "wayType": "outgoing", "format": "csv", "receiver": "+33601020304", "quantity": "100",
    "countryCurrencyPrice": "fr", "countryDestination": "fr", "ptt": "4", "country": "fr",
}  # fmt: skip


def body_of(route: Route, mine: Values) -> dict[str, object] | None:
    """Write a body that would do, were the path one's own."""
    if route.method not in ("POST", "PUT"):
        return None
    given = BODY | {"smsAccountTarget": SECOND, "documentId": mine["file"], "cartId": mine["cart"]}
    if "=" in route.params:
        return {"description": "d", "name": "n", "autoUpdate": False, "status": "enable", "renew": {"period": 1}}
    fields = {param.name: given[param.name] for param in route.parameters() if param.place == "body" and param.required}
    if route.path.endswith(("/jobs", "/batches")):
        fields |= {name: BODY[name] for name in ("senderForResponse", "receivers", "to")}
    if route.path == "/order/cart/{cartId}/sms":
        fields |= {"planCode": "sms-100", "quantity": 1}
    if route.path.endswith("/hlr"):
        fields["receivers"] = BODY["receivers"]
    if route.path.endswith("/receivers"):
        fields["csvUrl"] = BODY["csvUrl"]
    return fields


def query_of(route: Route) -> str:
    """Write the query that a row demands."""
    wanted = [param.name for param in route.parameters() if param.place == "query" and param.required]
    return "?" + "&".join(f"{name}={QUERY[name].replace('+', '%2B')}" for name in wanted) if wanted else ""

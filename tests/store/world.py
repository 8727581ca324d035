"""A small world for tests of store, services and engine: an owner, accounts, a sender, a way out."""

from depesza.core import ledger
from depesza.core.facts import Account, ConnectorFact, Owner, Sender
from depesza.core.fairness import Lanes
from depesza.core.model import MICRO, Submission
from depesza.core.planning import Policy
from depesza.core.routing import Route
from depesza.store.contract import Store
from depesza.store.tx import Tx

POLICY = Policy()
ONE, TWO = 101, 102
OUT, SPARE = 201, 202


async def furnish(tx: Tx, credits: int = 100, **account: object) -> None:
    """Write the world."""
    tx.put("owners", Owner(id=100, name="ab1-ovh"))
    tx.put("accounts", Account(id=ONE, owner=100, name="sms-xx11111-1", **account))  # type: ignore[arg-type]
    tx.put("accounts", Account(id=TWO, owner=100, name="sms-xx11111-2"))
    tx.put("senders", Sender(account=ONE, name="MyApp"))
    tx.put("connectors", ConnectorFact(id=OUT, name="out", kind="virtual", settings="{}"))
    tx.put("connectors", ConnectorFact(id=SPARE, name="spare", kind="virtual", settings="{}", enabled=False))
    tx.put("routes", Route(id=300, connectors=(OUT, SPARE)))
    for account_id in (ONE, TWO):
        if credits:
            await tx.book(ledger.topup(account_id, credits * MICRO, 0, 1, tx.new_id()))


def submission(*receivers: str, **options: object) -> Submission:
    """A request to send."""
    usual = {"dialect": "ovh", "sender": "MyApp", "text": "Hello", "receivers": receivers or ("+33601020304",)}
    return Submission(**{**usual, **options})  # type: ignore[arg-type]


async def balance(tx: Tx, wallet: int = ONE) -> int:
    """Read a balance, in micro-credits."""
    return (await tx.wallet(wallet)).balance


async def furnished(store: Store, **account: object) -> Lanes:
    """Write the world into a store; gives the turns."""
    await store.run(furnish, **account)  # type: ignore[arg-type]
    return Lanes()

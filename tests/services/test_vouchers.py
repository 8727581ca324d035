"""Vouchers: kept as hashes, worth their credits once, ended by time or by hand."""

import asyncio

import pytest
from tests.store.world import ONE, TWO, balance, furnished
from tests.support import NOW

from depesza.core.ids import first_at
from depesza.core.model import MICRO
from depesza.services import audit, credits, retention, vouchers
from depesza.services.vault import Vault
from depesza.store.contract import Store
from depesza.store.tx import Tx

pytestmark = pytest.mark.anyio


def chance(length: int) -> bytes:
    """Every code differs from the one before."""
    chance.count += 1  # type: ignore[attr-defined]
    return chance.count.to_bytes(2, "big") * (length // 2)  # type: ignore[attr-defined, no-any-return]


chance.count = 0  # type: ignore[attr-defined]
VAULT = Vault(b"a key of sixteen octets", chance)


async def made(store: Store, count: int = 1, expires: int = 0) -> list[str]:
    await furnished(store)
    found = await store.run(vouchers.create, VAULT, 7 * MICRO, count, expires, "spring", "ops", NOW)
    return [code for _, code in found]


async def redeem(store: Store, code: str, account: int = ONE, now: int = NOW) -> int:
    return await store.run(vouchers.redeem, VAULT.digest(vouchers.read(code)), account, now)


async def test_a_code_is_worth_its_credits_once_however_many_try_at_once(store: Store) -> None:
    (code,) = await made(store)
    assert [len(group) for group in code.split("-")] == [5, 5, 5, 5]
    tries = [redeem(store, f" {code.lower()} ", account) for account in (ONE, TWO, ONE)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(str(each) for each in found) == ["7000000"] + ["this code is not valid"] * 2
    assert await store.look(balance) + await store.look(balance, TWO) == 207 * MICRO
    (row,) = await store.look(vouchers.listed)
    assert (row.hint, row.state(NOW), row.note) == (code[:5], "used", "spring")
    (entry, _) = await store.look(credits.entries, row.account, 5)
    assert (entry.kind, entry.ref, entry.note) == ("topup", row.id, "voucher")
    assert (await store.look(audit.audit, 0)).clean


async def test_a_code_that_is_over_gives_nothing(store: Store) -> None:
    first, second, third = await made(store, 3, NOW + 10)
    ids = [row.id for row in reversed(await store.look(vouchers.listed))]
    assert await redeem(store, first) == 7 * MICRO
    assert await store.run(vouchers.revoke, ids[:2], "ops", NOW) == ids[1:2]
    for code, now in ((first, NOW), (second, NOW), (third, NOW + 10), ("AAAAA-BBBBB", NOW), ("", NOW)):
        with pytest.raises(vouchers.BadCode):
            await redeem(store, code, now=now)
    assert [row.state(NOW + 10) for row in await store.look(vouchers.listed)] == ["expired", "revoked", "used"]
    assert await store.look(balance) == 107 * MICRO


async def test_the_table_tells_no_code_and_forgets_those_that_are_over(store: Store) -> None:
    codes = await made(store, 2)
    await redeem(store, codes[0])

    async def dump(tx: Tx) -> str:
        return repr(await tx.query("SELECT * FROM vouchers"))

    written = await store.look(dump)
    assert all(code.replace("-", "")[5:] not in written for code in codes)
    await store.run(retention.forget_rest, first_at(NOW + 1_000_000), NOW + 1_000_000)
    assert [row.state(NOW) for row in await store.look(vouchers.listed)] == ["open"]

"""What accounts want set in the app of their phones: kept by section and name, secrets apart and encrypted.

Which names there are, and what their values may be, is the dialect's to know.
"""

from collections.abc import Mapping

import msgspec

from depesza.core.devices import Event
from depesza.core.facts import Facts, PhoneSettings
from depesza.services import bells, devices
from depesza.services.vault import Vault
from depesza.store.tx import Tx

Sections = dict[str, dict[str, object]]
"""Section, name, value."""

_read = msgspec.json.Decoder(Sections).decode
_write = msgspec.json.Encoder().encode


def shown(facts: Facts, account: int) -> Sections:
    """Give what an account has set, without its secrets."""
    row = facts.phone_settings_of.get(account)
    return _read(row.shown) if row is not None else {}


def secrets(facts: Facts, account: int, vault: Vault) -> Sections:
    """Give the secrets among what an account has set; raises `VaultError`."""
    row = facts.phone_settings_of.get(account)
    return _read(vault.unseal(row.secrets)) if row is not None and row.secrets else {}


def merged(before: Sections, change: Mapping[str, Mapping[str, object]]) -> Sections:
    """Lay changes over settings; None takes one away."""
    found: Sections = {}
    for section in (*before, *(name for name in change if name not in before)):
        both = before.get(section, {}) | dict(change.get(section, {}))
        values = {name: value for name, value in both.items() if value is not None}
        if values:
            found[section] = values
    return found


def sealed(vault: Vault, values: Sections) -> bytes:
    """Encrypt secrets for `put`; nothing stays empty."""
    return vault.seal(_write(values).decode()) if values else b""


async def put(tx: Tx, account: int, values: Sections, secret: bytes, now: int) -> None:
    """Write down what an account wants set, and have its phones told."""
    tx.put("phone_settings", PhoneSettings(account=account, shown=_write(values).decode(), secrets=secret))
    for device in await devices.listing(tx, account):
        if device.account == account:
            bells.ring(tx, device.id, Event.SETTINGS, now)

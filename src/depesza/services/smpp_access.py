"""The password with which an account binds over SMPP: made here, kept as a hash, told once."""

import msgspec

from depesza.services import notices
from depesza.services.accounts import Unknown
from depesza.services.vault import Vault
from depesza.store.tx import Tx
from depesza.wire.mail import Mail

LENGTH = 8
"""SMPP 3.4 has room for no more."""


def new_password(vault: Vault) -> str:
    """Make a password."""
    return vault.token(LENGTH)


async def renew(tx: Tx, account: int, hashed: str, sealed: bytes, now: int) -> None:
    """Give an account a new password and mail it, sealed until it leaves, to the owner; raises `Unknown`."""
    row = tx.facts.account.get(account)
    if row is None:
        raise Unknown(f"account {account}")
    tx.put("accounts", msgspec.structs.replace(row, smpp_password=hashed))
    owner = tx.facts.owner[row.owner]
    mail = Mail(owner.email, f"SMPP password of {row.name}", f"System id: {row.name}\nPassword: ", sealed=sealed)
    notices.owe_mail(tx, row, mail, now)

"""Mail that becomes texts: an account's private address, and whether it wants answers by mail. spec: smsc/4.1

The secret in an address follows from the account and how many addresses it has had, so it can be shown again and is
written nowhere; only the number is, among the account's details.
"""

import hmac

from depesza.core.facts import Account
from depesza.core.model import MICRO
from depesza.services import details, notices, protection
from depesza.store.tx import Tx
from depesza.wire.mail import Mail

PURPOSE = "addresses whose mail becomes texts"
"""What the key is for: `Vault.secret_for`."""
LENGTH = 16
"""Characters of a secret."""
ANSWERS = "mail_answers"
"""Detail that is 1 where each mail is answered, not only one that is refused."""
STRANGERS, HOUR = 5, 3600 * MICRO
"""Answers an hour to one address from which nobody has shown a right password: it may be somebody else's."""
_SERIAL = "mail_address"


def secret(account: int, serial: int, key: bytes) -> str:
    """Give the secret of an account's address: hexadecimal digits, which may lose their case on the way."""
    return hmac.digest(key, b"%d %d" % (account, serial), "sha256").hex()[:LENGTH]


async def serial(tx: Tx, account: int) -> int:
    """Tell which of its addresses is the account's; 0 while it has none."""
    return max(0, await _last(tx, account))


async def renew(tx: Tx, account: int) -> int:
    """Give an account another address; nothing comes in by those before."""
    number = abs(await _last(tx, account)) + 1
    details.write(tx, account, {_SERIAL: str(number)})
    return number


async def close(tx: Tx, account: int) -> None:
    """Take an account's address away; none that it had is ever its own again."""
    number = abs(await _last(tx, account))
    if number:
        details.write(tx, account, {_SERIAL: str(-number)})


async def _last(tx: Tx, account: int) -> int:
    return int((await details.read(tx, account)).get(_SERIAL, "0"))


async def answer(tx: Tx, account: Account, mail: Mail, now: int, *, asked: bool, strange: bool) -> bool:
    """Owe an answer to a mail; tells whether it is owed.

    What was not `asked` for is told only to accounts that want to hear of everything; `strange` is an address from
    which nobody has shown a right password.
    """
    if not asked and (await details.read(tx, account.id)).get(ANSWERS) != "1":
        return False
    if strange and not await protection.admit(tx, 0, f"answer {mail.to}", STRANGERS, HOUR, now):
        return False
    notices.owe_mail(tx, account, mail, now)
    return True

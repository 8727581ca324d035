"""What a mail of ours carries so that news of it is known as news of it: its message's id, sealed.

It stands in the Message-ID, in the address that bounces come back to and in the envelope's id. Anybody may write to
that address, so a ticket whose seal is not ours is none.
"""

import hmac
import re

PURPOSE, OPENED = "tickets of mails", "pictures in mails"
"""What keys are for (`Vault.secret_for`): news of mails, and the picture that tells of opened ones."""
PICTURES = "o"
"""First segment of that picture's address."""
LENGTH = 27
"""Characters of a ticket at most."""

_SEAL = 12
_TICKET = re.compile(rf"(?<![0-9a-f])([0-9a-f]{{1,14}})\.([0-9a-f]{{{_SEAL}}})(?![0-9a-f])")


def write(message: int, key: bytes) -> str:
    """Write the ticket of a message: hexadecimal digits and a dot, so that letters may lose their case on the way."""
    return f"{message:x}.{_seal(message, key)}"


def find(text: str, key: bytes) -> int:
    """Find the message of the first ticket of ours in a text; 0 when there is none."""
    for id, seal in _TICKET.findall(text.lower()):
        message = int(id, 16)
        if hmac.compare_digest(seal, _seal(message, key)):
            return message
    return 0


def _seal(message: int, key: bytes) -> str:
    return hmac.digest(key, b"%x" % message, "sha256").hex()[:_SEAL]

"""How messages and their senders are called: the client's own id, the name or number a message comes from.

spec: smsc/1.8 smsc/2.1
"""

import re
from functools import lru_cache

from depesza.dialects.smsc.answers import Id, Refused
from depesza.dialects.smsc.codes import PARAMETERS

LARGEST_ID = 2_147_483_647
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,40}")
_SENDER = re.compile(r"[ -~]{1,11}|\+?[0-9]{1,15}")
MAIL = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+")
_MAIL_SENDER = re.compile(rf"{MAIL.pattern}|[^<>]{{0,100}}<{MAIL.pattern}>")


def read_id(text: str) -> Id:
    """Read the client's id of a message: a number, a word, or empty where the server shall choose one."""
    text = text.strip()
    if text in ("", "0"):
        return ""
    if _NUMBER.fullmatch(text) and int(text) <= LARGEST_ID:
        return int(text)
    if not _WORD.fullmatch(text):
        raise Refused(*PARAMETERS)
    return text


@lru_cache(maxsize=1024)
def read_sender(text: str | None, *, mail: bool = False) -> str | None:
    """Read a sender: None for the account's default one, empty for none at all (`sender=` or `sender=.`)."""
    if text is None:
        return None
    text = text.strip()
    if text in ("", "."):
        return ""
    if not (_MAIL_SENDER if mail else _SENDER).fullmatch(text):
        raise Refused(*PARAMETERS)
    return text

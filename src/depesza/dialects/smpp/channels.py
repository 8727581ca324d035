"""Prefixes of a text that choose its channel, for accounts of a vendor that has them. spec: smsc/5.4"""

from collections.abc import Mapping

from depesza.core.model import Channel
from depesza.dialects.smpp.refusing import Refused
from depesza.dialects.smpp.texts import Read

HOME = "smsc"
"""Whose accounts have them."""
CHANNELS: Mapping[str, Channel] = {
    "CALL": Channel.CALL,
    "VIBER": Channel.VIBER,
    "SOC": Channel.SOCIAL,
    "PING": Channel.PING,
    "MAIL": Channel.MAIL,
    "MMS": Channel.MMS,
    "TG": Channel.TELEGRAM,
    "WA": Channel.WHATSAPP,
}
FLASH, LOOKUP = "FLASH", "HLR"


def read(home: str, text: Read) -> tuple[Channel, str, int]:
    """Give channel, text without its prefix, and message class; raises `Refused`."""
    if home != HOME or not text.text.startswith("__") or text.alphabet == "binary":
        return Channel.SMS, text.text, text.flash
    name, end, rest = text.text[2:].partition("__")
    if name == LOOKUP and end:
        raise Refused("not_over_smpp", "a number is looked up over HTTP")
    if name == FLASH and end:
        return Channel.SMS, rest, 0
    if name in CHANNELS and end:
        return CHANNELS[name], rest, text.flash
    return Channel.SMS, text.text, text.flash

"""E-mail to SMS: how an account wants mail to its private address to become texts, and what they say. spec: smsc/4.1

The settings are details of the account, by the names that users.php has for them.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.charsets import UTF8
from depesza.dialects.smsc.codes import PARAMETERS
from depesza.dialects.smsc.numbers import read_phones
from depesza.dialects.smsc.parameters import Given
from depesza.dialects.smsc.reading import LONGEST_TEXT
from depesza.wire.mailbody import Letter

SETTINGS = {
    "mph": "numbers that it goes to, with commas",
    "mh1": "hour of the account's zone from which it is sent, 0 to 24; before it waits",
    "mh2": "hour until which it is sent",
    "mlen": "characters of a text at most",
    "mfl[0]": "1: nothing is taken",
    "mfl[1]": "1: without the subject",
    "mfl[2]": "1: without the mail's text",
    "mfl[3]": "1: without the sender's address",
    "mfl[4]": "1: in Latin letters",
    "mfl[5]": "1: the first line of the mail may name the numbers",
    "mfl[6]": "1: the address may name the numbers, each behind a plus",
}
"""What may be set, and what it does."""

_NUMBERS = re.compile(r"[0-9+() ,;.\-]{7,}")


class Rules(Struct, frozen=True):
    """What an account wants."""

    numbers: str = ""
    hours: str = ""
    """`h1-h2`, empty for always."""
    longest: int = LONGEST_TEXT
    off: bool = False
    subject: bool = True
    text: bool = True
    sender: bool = True
    translit: bool = False
    numbers_in_text: bool = False
    numbers_in_address: bool = False


def read_rules(told: Mapping[str, str]) -> Rules:
    """Read an account's details; raises `Refused` for what can't be."""
    numbers, first, last = told.get("mph", ""), _hour(told, "mh1", 0), _hour(told, "mh2", 24)
    if any(named.bad for named in read_phones(numbers)):
        raise Refused(*PARAMETERS)
    off, subject, text, sender, translit, in_text, in_address = (_flag(told, n) for n in range(7))
    always = first == last or (first, last) == (0, 24)
    return Rules(
        numbers=numbers,
        hours="" if always else f"{first % 24}-{last or 24}",
        longest=_number(told, "mlen", LONGEST_TEXT) or LONGEST_TEXT,
        off=off,
        subject=not subject,
        text=not text,
        sender=not sender,
        translit=translit,
        numbers_in_text=in_text,
        numbers_in_address=in_address,
    )


def _hour(told: Mapping[str, str], name: str, otherwise: int) -> int:
    return _number(told, name, 24) if told.get(name) else otherwise


def _number(told: Mapping[str, str], name: str, most: int) -> int:
    text = told.get(name) or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= most):
        raise Refused(*PARAMETERS)
    return int(text)


def _flag(told: Mapping[str, str], n: int) -> bool:
    return _number(told, f"mfl[{n}]", 1) == 1


def write_text(letter: Letter, sender: str, addressed: str, rules: Rules) -> Given:
    """Write the request to send that a mail asks for; raises `Refused` where it says nothing, or goes to nobody.

    `sender` is the envelope's, for mails that name none; `addressed` are the numbers in the address.
    """
    numbers, text = rules.numbers, letter.text.strip()
    if rules.numbers_in_text:
        first, _, rest = text.partition("\n")
        if _NUMBERS.fullmatch(first.strip()):
            numbers, text = first.strip(), rest.strip()
    if addressed and rules.numbers_in_address:
        numbers = addressed
    said = [
        (letter.sender or sender) if rules.sender else "",
        letter.subject if rules.subject else "",
        text if rules.text else "",
    ]
    mes = "\n".join(filter(None, said))[: rules.longest]
    if not numbers or not mes:
        raise Refused(*PARAMETERS)
    texts = {"phones": numbers, "mes": mes, "time": rules.hours, "translit": "1" if rules.translit else "0"}
    return Given(texts, {}, (), UTF8, 0)

"""Opt-outs: which replies mean STOP or START, and the STOP clause of advertising.

A reply counts only when it says nothing else: one of the words below in any case, with or without accents and
punctuation, or STOP with the short code. "Please don't stop" is no opt-out. spec: carriers/C.5, ovh/4.6,
ovh/4.3
"""

import re
import unicodedata

MASS, SINGLE, ASKED = 1, 2, 4
"""Why a number is on a stop list, added up: the account bars mailings, or what is for one receiver; or who has the
number asked for silence."""

STOP: dict[str, tuple[str, ...]] = {
    # CTIA, and the list of AWS: spec: carriers/C.5
    "en": (
        "stop",
        "stopall",
        "stop all",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "remove",
        "optout",
        "opt-out",
        "td",
    ),
    "fr": (
        "stop",
        "stop sms",
        "arret",
        "arrêt",
        "arrêter",
        "arrêtez",
        "désabonner",
        "désabonnement",
        "désinscrire",
        "désinscription",
    ),
    "pl": ("stop", "wypisz", "wypisz mnie", "rezygnuję", "rezygnacja", "usuń", "koniec"),
    "ru": ("стоп", "отписаться", "отписка", "отпишите", "отпишите меня", "отказ", "отказаться"),
    "uk": ("стоп", "відписатися", "відписатись", "відписка", "відпишіть", "відпишіть мене", "відмова"),
    "ro": (
        "stop",
        "dezabonare",
        "dezabonează",
        "dezabonați",
        "dezabonează-mă",
        "oprește",
        "opriți",
        "renunț",
    ),
}
"""Words that end all messages, by language."""

START: dict[str, tuple[str, ...]] = {
    # "yes" is CTIA's; the other languages' yes is left out: in a conversation it means something else
    "en": ("start", "yes", "unstop", "subscribe", "resume", "opt-in", "optin"),
    "fr": ("start", "reprendre", "réabonner", "réabonnement", "réinscrire", "réinscription"),
    "pl": ("start", "wznów", "zapisz", "zapisz mnie"),
    "ru": ("старт", "подписаться", "подписка", "возобновить"),
    "uk": ("старт", "підписатися", "підписатись", "підписка", "відновити"),
    "ro": ("start", "abonare", "abonează", "abonează-mă", "reia"),
}
"""Words that allow messages again, by language."""

_CODED = re.compile(r"(?:stop|arret|стоп)(?: sms)?(?: (?:au|to|at|на|na|la))? [0-9]{4,6}")
"""STOP with the short code it was read from; longer numbers and other words may mean an order or a date."""
_LONGEST = 64
"""Characters beyond which nobody only says STOP."""


def _fold(text: str) -> str:
    """Reduce to small letters and digits without accents, one space between words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = (letter for letter in plain if not unicodedata.combining(letter))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in letters).split())


_STOP = frozenset(_fold(word) for words in STOP.values() for word in words)
_START = frozenset(_fold(word) for words in START.values() for word in words)


def is_stop(text: str) -> bool:
    """Tell whether a reply asks for no more messages."""
    if len(text) > _LONGEST:
        return False
    said = _fold(text)
    return said in _STOP or _CODED.fullmatch(said) is not None


def is_start(text: str) -> bool:
    """Tell whether a reply asks for messages again."""
    return len(text) <= _LONGEST and _fold(text) in _START


def clause(code: str) -> str:
    """Write the clause that advertising ends with; 11 characters for a code of five digits. spec: ovh/4.3"""
    return f"\nSTOP {code}"


def with_clause(text: str, code: str) -> str:
    """Add the clause to a text, unless it already ends with it."""
    ending = clause(code)
    return text if text.endswith(ending) else text + ending

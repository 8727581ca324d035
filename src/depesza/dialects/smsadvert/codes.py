"""The tables of SMSAdvert: its calls, parameters, error texts and the schedule of its callbacks. spec: smsadvert

Coverage page and OpenAPI document are printed from here.
"""

from enum import StrEnum

from msgspec import Struct

from depesza.core.model import MICRO, State

LONGEST_TEXT = 480
"""UTF-16 code units: the vendor counts as JavaScript does, and so an emoji is two. spec: smsadvert/2"""
SHORTEST_TEXT = 3
MOST_NUMBERS = 1_000
"""Different ones."""
MOST_ITEMS = 5_000
MOST_OCTETS = 128 * 1024
LONGEST_URL = 2_000
LONGEST_WAIT = 366 * 86_400 * MICRO
"""How far ahead a message may start, and how long after that it may go on."""
PARTS = 15
"""What 480 units come to at the worst: two parts that follow each other hold more than 67 of them."""

ACCEPTED = "Your message has been successfully submitted!"
"""In English whatever the language. spec: smsadvert/5"""
BROKEN = "There was a database error!"

SCHEDULE = (30.0, 90.0, 480.0, 3_000.0, 18_000.0)
"""Seconds from one try of a callback to the next: at 30 s, 2 min, 10 min, 1 h and 6 h. spec: smsadvert/6"""

STATUS = {
    State.DELIVERED: "delivered",
    State.FAILED: "failed",
    State.EXPIRED: "failed",
    State.REJECTED: "failed",
    State.CANCELLED: "failed",
    State.READ: "delivered",
    State.CLICKED: "delivered",
}
"""What a callback says: final states only. spec: smsadvert/6"""


class Wrong(StrEnum):
    """What can be wrong with a field."""

    NUMBER = "number"
    SHORT = "short"
    LONG = "long"
    MANY = "many"
    DATE = "date"
    URL = "url"
    VALUE = "value"


LANGUAGES = ("fr", "en", "ro")

TEXTS: dict[Wrong, tuple[str, str, str]] = {
    Wrong.NUMBER: ("Numéro de téléphone invalide!", "Invalid phone number!", "Numar de telefon invalid!"),
    Wrong.SHORT: (
        f"Saisissez un minimum de caractères {SHORTEST_TEXT}!",
        f"Enter at least {SHORTEST_TEXT} characters!",
        f"Introduceti minim {SHORTEST_TEXT} caractere!",
    ),
    Wrong.LONG: (
        f"Saisissez un maximum de caractères {LONGEST_TEXT}!",
        f"Enter at most {LONGEST_TEXT} characters!",
        f"Introduceti maxim {LONGEST_TEXT} de caractere!",
    ),
    Wrong.MANY: (
        f"Maximum {MOST_NUMBERS} numéros de téléphone!",
        f"At most {MOST_NUMBERS} phone numbers!",
        f"Maxim {MOST_NUMBERS} de numere de telefon!",
    ),
    Wrong.DATE: ("Date invalide!", "Invalid date!", "Data invalida!"),
    Wrong.URL: ("Adresse URL invalide!", "Invalid URL!", "Adresa URL invalida!"),
    Wrong.VALUE: ("Valeur invalide!", "Invalid value!", "Valoare invalida!"),
}
"""What is said of a field, in the order of `LANGUAGES`. The first two in French are the vendor's. spec: smsadvert/5"""


class Parameter(Struct, frozen=True):
    """One field of a message."""

    name: str
    type: str
    """Of JSON Schema; we read more than that."""
    needed: bool
    about: str


PARAMETERS = (
    Parameter("phone", "string", True, f"receivers in E.164 (`+40740123456`), with commas between them; at most"
              f" {MOST_NUMBERS} different ones"),
    Parameter("shortTextMessage", "string", True, f"the text: {SHORTEST_TEXT} to {LONGEST_TEXT} UTF-16 units (an emoji"
              " is two)"),
    Parameter("sendAsShort", "boolean", False, "`true`: by the network; else by own phones. Also as `\"true\"`,"
              " `\"false\"`, 1 and 0"),
    Parameter("startDate", "integer", False, "milliseconds since 1970 from which on it is sent; one that has passed"
              " means now; up to a year ahead"),
    Parameter("endDate", "integer", False, "milliseconds since 1970 from which on it is sent no more; 48 hours after"
              " the start unless given, and a year after it at most"),
    Parameter("failover", "string", False, "`short`: by the network where own phones cannot"),
    Parameter("callback", "string", False, "address that is told how each receiver's message ended; the account's"
              " callback unless given"),
    Parameter("statusWebhook", "string", False, "the same, as the n8n node writes it; `callback` wins"),
)  # fmt: skip
"""Others are ignored."""


class Endpoint(Struct, frozen=True):
    """One call; its path counts in any case, with or without slashes at the end or doubled."""

    method: str
    path: str
    about: str
    answer: str
    """What comes back."""


SEND = Endpoint("POST", "/api/sms", "send a text", '`{"successMessage", "msgId", "unitsCost"}`')
DEVICES = Endpoint(
    "GET", "/api/Devices/list/all", "the account's phones and modems",
    '`{"devices": [{"_id", "name", "status", "lastSeen", "battery", "charging", "signal", "sims"}]}`',
)  # fmt: skip
ACCOUNT = Endpoint("GET", "/api/user/account", "the account and its units", '`{"_id", "email", "units"}`')
QUEUE = Endpoint("GET", "/api/messagequeue/count/api", "how many messages of this API wait", '`{"count"}`')
ENDPOINTS = (SEND, DEVICES, ACCOUNT, QUEUE)

STATUSES = {
    200: "it was taken; also every error for a token with `legacy_errors`",
    400: "a field is wrong (`errors`), or the body is no JSON object (`errorMessage`)",
    401: "the token is missing or unknown",
    402: "the credits do not reach, and the network is needed or may be",
    403: "the account is disabled",
    404: "there is no such call",
    405: "another method is needed",
    429: "too much waits for the disk: try again",
    500: "our fault",
}
"""HTTP statuses; the vendor tells none but 200. spec: smsadvert/5"""

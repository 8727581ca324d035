"""What an operator wants the store to hold, as values: the file that `depesza apply` reads, and one command's wish.

A field that is not given leaves a row as it is, and a new row gets its default. Names stand for ids throughout.
"""

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType


class WishError(ValueError):
    """A wish cannot be fulfilled; the text names its place."""


def _help(text: str, **limits: Any) -> Meta:
    return Meta(description=text, **limits)


Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Amount = int | float | str
"""Credits: a number, or text where a float would not be exact."""


class OwnerWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A person or company that holds accounts and keys."""

    name: Annotated[Name, _help("Login; signed clients see it as their nichandle.")]
    password: Annotated[str, _help("To approve keys on our pages.", min_length=1)] | UnsetType = UNSET
    email: Annotated[str, _help("Address for mail.")] | UnsetType = UNSET
    firstname: Annotated[str, _help("First name.")] | UnsetType = UNSET
    lastname: Annotated[str, _help("Last name.")] | UnsetType = UNSET
    organisation: Annotated[str, _help("Company.")] | UnsetType = UNSET
    country: Annotated[str, _help("ISO code.", pattern="^[A-Z]{2}$")] | UnsetType = UNSET
    language: Annotated[str, _help("Like `fr_FR`.", pattern="^[a-z]{2}_[A-Z]{2}$")] | UnsetType = UNSET
    currency: Annotated[str, _help("ISO code.", pattern="^[A-Z]{3}$")] | UnsetType = UNSET


class CreditWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """Credits an account shall have."""

    initial: Annotated[Amount, _help("Given once, under the reference.")] | UnsetType = UNSET
    reference: Annotated[str, _help("Name of that gift; a new name gives again.", min_length=1)] = "initial"
    at_least: Annotated[Amount, _help("Topped up to this whenever there is less.")] | UnsetType = UNSET


class AccountWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A balance with its senders and users."""

    name: Annotated[Name, _help("What clients call it (OVH: serviceName).")]
    owner: Annotated[str, _help("Name of its owner; needed for a new one.")] | UnsetType = UNSET
    description: Annotated[str, _help("For people.")] | UnsetType = UNSET
    enabled: Annotated[bool, _help("It may send.")] | UnsetType = UNSET
    timezone: Annotated[str, _help("Zone of its dates, like `Europe/Paris`.")] | UnsetType = UNSET
    weight: (
        Annotated[int, _help("Share of a busy connector, in percent of a plain one.", ge=1, le=10_000)] | UnsetType
    ) = UNSET
    credit_limit: Annotated[Amount, _help("Credits it may go below zero.")] | UnsetType = UNSET
    on_unknown: (
        Annotated[Literal["resend", "hold"], _help("A message that may have been sent is sent again, or held.")]
        | UnsetType
    ) = UNSET
    refund_failed: Annotated[bool, _help("Give back what was not delivered.")] | UnsetType = UNSET
    notices: Annotated[Literal["all", "final"], _help("Which changes are called back.")] | UnsetType = UNSET
    callback: Annotated[str, _help("Address for receipts.")] | UnsetType = UNSET
    stop_callback: Annotated[str, _help("Address for opt-outs.")] | UnsetType = UNSET
    response_type: Annotated[Literal["none", "text", "cgi"], _help("What answers a reply.")] | UnsetType = UNSET
    response_text: Annotated[str, _help("That answer.")] | UnsetType = UNSET
    response_url: Annotated[str, _help("Address that replies are sent to.")] | UnsetType = UNSET
    recredit_amount: Annotated[int, _help("Credits of an automatic order; 0: none.", ge=0)] | UnsetType = UNSET
    recredit_threshold: Annotated[Amount, _help("Credits at or below which it is made.")] | UnsetType = UNSET
    max_parts: Annotated[int, _help("Longest text, in parts.", ge=1, le=255)] | UnsetType = UNSET
    home: (
        Annotated[
            Literal["ovh", "smsadvert", "smsgate", "smsc"],
            _help("Dialect that tells of texts which answer no message of ours."),
        ]
        | UnsetType
    ) = UNSET
    forward_sender: (
        Annotated[str, _help("Sender of replies sent on by text, and of alerts; its first one when empty.")] | UnsetType
    ) = UNSET
    smpp: Annotated[bool, _help("It may bind over SMPP, with its name as system id.")] | UnsetType = UNSET
    smpp_texts: Annotated[bool, _help("All that people send to it is collected over SMPP.")] | UnsetType = UNSET
    smpp_ips: Annotated[tuple[str, ...], _help("Networks it may bind from; none: nowhere.")] | UnsetType = UNSET
    smpp_rate: Annotated[int, _help("Messages a second over SMPP.", ge=1)] | UnsetType = UNSET
    smpp_window: Annotated[int, _help("Messages under way over SMPP.", ge=1, le=10_000)] | UnsetType = UNSET
    smpp_binds: Annotated[int, _help("Binds at once over SMPP.", ge=1, le=1_000)] | UnsetType = UNSET
    credit: Annotated[CreditWish, _help("Credits it shall have; see below.")] | UnsetType = UNSET
    currency: (
        Annotated[
            Literal["", "RUR", "UAH", "KZT", "USD", "EUR"],
            _help("What it is kept in, empty for credits; changed only while nothing was booked."),
        ]
        | UnsetType
    ) = UNSET
    parent: Annotated[str, _help("Name of the account above it; empty for none.")] | UnsetType = UNSET
    payer: Annotated[str, _help("Name of the account that pays for it; empty: itself.")] | UnsetType = UNSET
    priced_as: Annotated[str, _help("Name of the account whose prices hold; empty: its own.")] | UnsetType = UNSET
    virtual: Annotated[bool, _help("Nothing is sent and nothing paid.")] | UnsetType = UNSET
    sender: Annotated[str, _help("Its usual sender; the first one when empty.")] | UnsetType = UNSET
    detect_utf8: Annotated[bool, _help("UTF-8 is recognised where a request names no character set.")] | UnsetType = (
        UNSET
    )
    shares: (
        Annotated[tuple[Literal["senders", "contacts"], ...], _help("What of the account above it uses as its own.")]
        | UnsetType
    ) = UNSET


class UserWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A login below an account."""

    account: Annotated[str, _help("Name of the account.")]
    login: Annotated[Name, _help("Its login.")]
    password: Annotated[str, _help("Needed for a new one.", min_length=1)] | UnsetType = UNSET
    callback: Annotated[str, _help("Address for its receipts.")] | UnsetType = UNSET
    stop_callback: Annotated[str, _help("Address for its opt-outs.")] | UnsetType = UNSET
    ip_restrictions: Annotated[tuple[str, ...], _help("Networks it may call from.")] | UnsetType = UNSET
    quota: Annotated[bool, _help("It spends credits of its own.")] | UnsetType = UNSET
    alert_email: Annotated[str, _help("Told of low credits.")] | UnsetType = UNSET
    alert_number: Annotated[str, _help("The same by text.")] | UnsetType = UNSET
    alert_threshold: Annotated[int, _help("At how many credits.", ge=0)] | UnsetType = UNSET
    alert_support: Annotated[Literal["mail", "sms", "both"], _help("Which of the two is used.")] | UnsetType = UNSET


class LoginWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A name and password that programs of an account send with each request, as to SMSC's API."""

    account: Annotated[str, _help("Name of the account.")]
    name: Annotated[str, _help("The login; one for all accounts.", pattern=r"^[A-Za-z0-9][A-Za-z0-9@._+-]{0,63}$")]
    password: Annotated[str, _help("Needed for a new one.", min_length=1)] | UnsetType = UNSET
    ips: Annotated[tuple[str, ...], _help("Networks it may call from; none: anywhere.")] | UnsetType = UNSET
    enabled: Annotated[bool, _help("It may call.")] | UnsetType = UNSET


Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class LimitsWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """What protects an account from its own programs, and others from them; 0 is no limit."""

    account: Annotated[str, _help("Name of the account.")]
    repeats: Annotated[Count, _help("Identical submissions within `span`.")] | UnsetType = UNSET
    span: Annotated[int, _help("Seconds.", ge=1, le=86_400)] | UnsetType = UNSET
    price_asks: Annotated[Count, _help("Identical questions for a price within `span`.")] | UnsetType = UNSET
    parallel: Annotated[Count, _help("Requests at once; this one is refused already.")] | UnsetType = UNSET
    parallel_status: Annotated[Count, _help("The same for questions for a status.")] | UnsetType = UNSET
    status_asks: Annotated[Count, _help("Questions for one message's status within `span`.")] | UnsetType = UNSET
    status_lists: Annotated[Count, _help("Those for several messages.")] | UnsetType = UNSET
    balance_asks: Annotated[Count, _help("Questions for the balance within `span`.")] | UnsetType = UNSET
    same_asks: Annotated[Count, _help("Other identical requests within `span`.")] | UnsetType = UNSET
    info_asks: Annotated[Count, _help("Questions about numbers within `span`.")] | UnsetType = UNSET
    user_changes: Annotated[Count, _help("Changes of one sub-client within `span`.")] | UnsetType = UNSET
    flood: Annotated[Count, _help("Messages to one number with gaps below `flood_gap`.")] | UnsetType = UNSET
    flood_gap: Annotated[Count, _help("Seconds.")] | UnsetType = UNSET
    wrong_logins: Annotated[Count, _help("Wrong passwords that lock an address.")] | UnsetType = UNSET
    lock_minutes: Annotated[int, _help("Minutes: within them, and for them.", ge=1)] | UnsetType = UNSET
    wrong_sends: Annotated[Count, _help("Refused submissions in a row that lock an address.")] | UnsetType = UNSET
    wrong_minutes: Annotated[int, _help("Minutes: within them, and for them.", ge=1)] | UnsetType = UNSET
    new_addresses: (
        Annotated[bool, _help("A login submits from its first address, and others that you confirm.")] | UnsetType
    ) = UNSET
    day: Annotated[Count, _help("Messages a day.")] | UnsetType = UNSET
    day_number: Annotated[Count, _help("Messages a day to one number.")] | UnsetType = UNSET
    day_text: Annotated[Count, _help("The same with one text.")] | UnsetType = UNSET
    day_address: Annotated[Count, _help("Messages a day for one address of the client's users.")] | UnsetType = UNSET
    hours: (
        Annotated[str, _help("When it may send, like `9-18`.", pattern="^((1?[0-9]|2[0-3])-(1?[0-9]|2[0-4]))?$")]
        | UnsetType
    ) = UNSET
    hours_wait: Annotated[bool, _help("Messages of other hours wait for these; else they are refused.")] | UnsetType = (
        UNSET
    )
    codes: (
        Annotated[
            tuple[Annotated[str, Meta(pattern="^-?[0-9]{1,15}$")], ...],
            _help("Digits its receivers may begin with, like `7`, and may not, like `-77`."),
        ]
        | UnsetType
    ) = UNSET
    mailings: Annotated[bool, _help("One request may write to several receivers.")] | UnsetType = UNSET
    lifetime: (
        Annotated[int, _help("Minutes for which a message is tried; 0: as the dialect says.", ge=0, le=1440)]
        | UnsetType
    ) = UNSET
    keep_days: Annotated[Count, _help("Days for which it sees its messages; 0: as long as there are.")] | UnsetType = (
        UNSET
    )


class SenderWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A name or number an account may send from."""

    account: Annotated[str, _help("Name of the account.")]
    name: Annotated[str, _help("The sender.", min_length=1, max_length=254)]
    kind: (
        Annotated[
            Literal["alpha", "numeric", "shortcode", "virtual", "time2chat", "mail"],
            _help(
                "`alpha` for a name; `virtual` and `time2chat` for a number that only this account has;"
                " `mail` for an address of mail, or `@example.org` for all of a domain."
            ),
        ]
        | UnsetType
    ) = UNSET
    status: (
        Annotated[Literal["enable", "disable", "refused", "waitingValidation"], _help("Only `enable` may be used.")]
        | UnsetType
    ) = UNSET
    description: Annotated[str, _help("For people.")] | UnsetType = UNSET
    reason: Annotated[str, _help("Why it is wanted.")] | UnsetType = UNSET
    comment: Annotated[str, _help("Yours, shown to the account.")] | UnsetType = UNSET


class KeyWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A consumer key of an application, valid at once."""

    rules: Annotated[tuple[str, ...], _help("Calls it may make, like `GET /sms/*`.", min_length=1)]
    consumer_key: Annotated[str, _help("The key; made and printed once when not given.", min_length=16)] | UnsetType = (
        UNSET
    )
    allowed_ips: Annotated[tuple[str, ...], _help("Networks it may be used from.")] | UnsetType = UNSET


class ApplicationWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A program that signs its requests."""

    owner: Annotated[str, _help("Name of its owner.")]
    name: Annotated[str, _help("Known by it, where no key is given.", min_length=1, max_length=255)]
    description: Annotated[str, _help("For people.")] | UnsetType = UNSET
    kind: Annotated[Literal["signed", "oauth2"], _help("How it proves itself.")] | UnsetType = UNSET
    key: Annotated[str, _help("Its public key; made when not given.", min_length=8, max_length=64)] | UnsetType = UNSET
    secret: Annotated[str, _help("Its secret; made and printed once when not given.", min_length=16)] | UnsetType = (
        UNSET
    )
    enabled: Annotated[bool, _help("It may call.")] | UnsetType = UNSET
    rules: Annotated[tuple[str, ...], _help("Calls an `oauth2` one may make.")] | UnsetType = UNSET
    keys: Annotated[tuple[KeyWish, ...], _help("Its consumer keys; see below.")] = ()


class TokenWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a client program of an account shows as it is: the `Authorization` of SMSAdvert's API."""

    account: Annotated[str, _help("Name of the account.")]
    name: Annotated[Name, _help("Known by it among the account's.")]
    token: Annotated[str, _help("The token; made and printed once when not given.", min_length=16, max_length=4096)] | (
        UnsetType
    ) = UNSET
    jwt: Annotated[bool, _help("One that is made looks like a JSON Web Token.")] = False
    language: (
        Annotated[
            Literal["", "fr", "en", "ro"], _help("Of its errors; empty: what the request asks for, then the owner's.")
        ]
        | UnsetType
    ) = UNSET
    country: (
        Annotated[str, _help("ISO code of numbers in national form; empty refuses them.", pattern="^([A-Z]{2})?$")]
        | UnsetType
    ) = UNSET
    legacy_errors: (
        Annotated[bool, _help("Errors have HTTP status 200, for an old program that reads nothing else.")] | UnsetType
    ) = UNSET


class ConnectorWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A link to a carrier."""

    name: Annotated[Name, _help("Its name.")]
    kind: Annotated[str, _help("`smpp` or `virtual`; needed for a new one.")] | UnsetType = UNSET
    enabled: Annotated[bool, _help("It is connected.")] | UnsetType = UNSET
    settings: Annotated[dict[str, Any], _help("What its kind wants; replaced as a whole.")] | UnsetType = UNSET


Class = Literal["any", "urgent", "high", "normal", "bulk"]


Carried = Literal["sms", "mms", "mail", "call", "viber", "whatsapp", "telegram", "social", "hlr"]
"""What a route may carry: `core.model.Channel` by name, and a silent SMS goes the way of other SMS."""
Priced = Literal["sms", "ping", "mms", "mail", "call", "viber", "whatsapp", "telegram", "social", "hlr"]


class RouteWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which connectors may carry what fits; known by its conditions (all but the last four fields)."""

    channel: Annotated[Carried, _help("What it carries; `hlr`: questions about numbers.")] = "sms"

    prefix: Annotated[str, _help("Digits the receiver begins with.", pattern="^[0-9]{0,15}$")] = ""
    country: Annotated[str, _help("ISO code of the receiver.", pattern="^([A-Z]{2})?$")] = ""
    sender: Annotated[str, _help("The sender.")] = ""
    account: Annotated[str, _help("Name of the account.")] = ""
    priority: Annotated[Class, _help("Class of traffic.")] = "any"
    position: Annotated[int, _help("Smaller is tried first; 100 unless given.")] | UnsetType = UNSET
    connectors: Annotated[tuple[str, ...], _help("Names, first choice first; none refuses.")] | UnsetType = UNSET
    weights: Annotated[tuple[int, ...], _help("Percent of each, with `weighted`.")] | UnsetType = UNSET
    spread: (
        Annotated[Literal["order", "round_robin", "weighted"], _help("How the first choice is made.")] | UnsetType
    ) = UNSET


class PriceWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a part costs; known by its conditions (all but the last field)."""

    channel: Annotated[Priced, _help("What is sent; `hlr`: a question about a number.")] = "sms"

    account: Annotated[str, _help("Name of the account; empty for all.")] = ""
    prefix: Annotated[str, _help("Digits the receiver begins with.", pattern="^[0-9]{0,15}$")] = ""
    country: Annotated[str, _help("ISO code of the receiver.", pattern="^([A-Z]{2})?$")] = ""
    operator: Annotated[
        str, _help("Country and network code of the receiver's operator, like `25001`.", pattern="^([0-9]{5,6})?$")
    ] = ""
    currency: Annotated[
        str, _help("For accounts that are kept in it, ISO code; empty: in credits.", pattern="^([A-Z]{3})?$")
    ] = ""
    credits: Annotated[Amount, _help("For one part: credits, or units of the currency.")]


class PackWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """What credits cost in money; known by quantity and country. The first pack replaces the examples."""

    quantity: Annotated[int, _help("Credits of the pack.", ge=1, le=1_000_000_000)]
    country: Annotated[str, _help("ISO code of the buyer; empty for all others.", pattern="^([A-Z]{2})?$")] = ""
    price: Annotated[Amount, _help("Of one credit, without tax.")]
    currency: Annotated[str, _help("ISO code; `EUR` unless given.", pattern="^[A-Z]{3}$")] | UnsetType = UNSET
    vat: Annotated[Amount, _help("Percent of tax; 20 unless given.")] | UnsetType = UNSET


class RangeWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whose the numbers are that begin with some digits, known better than by the packaged data."""

    prefix: Annotated[str, _help("Digits without plus; a whole number is one by itself.", pattern="^[0-9]{1,15}$")]
    operator: Annotated[str, _help("Name.", min_length=1, max_length=100)]
    mcc: Annotated[str, _help("Country code of the network.", pattern="^([0-9]{3})?$")] | UnsetType = UNSET
    mnc: Annotated[str, _help("Its network code.", pattern="^([0-9]{2,3})?$")] | UnsetType = UNSET
    region: Annotated[str, _help("For people.")] | UnsetType = UNSET


class RestrictionWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """What an operator is known not to take; known by its code and conditions (all but the last two fields)."""

    code: Annotated[
        Literal["ALPHA", "BAD_DLR", "BLOCKED", "CODING", "DLR", "FLASHONLY", "MSISDN"],
        _help("`BLOCKED` refuses messages, `ALPHA` replaces names; the others are told to clients."),
    ]
    country: Annotated[str, _help("ISO code of the receiver.", pattern="^([A-Z]{2})?$")] = ""
    prefix: Annotated[str, _help("Digits the receiver begins with.", pattern="^[0-9]{0,15}$")] = ""
    operators: Annotated[tuple[str, ...], _help("How the operators' names begin; none: all.")] = ()
    messages: Annotated[tuple[str, ...], _help("Said to clients.")] = ()
    substitution: Annotated[
        str, _help("With `ALPHA`: the number that names are replaced by; without, they are refused.")
    ] = ""


class Wish(Struct, kw_only=True, forbid_unknown_fields=True):
    """A whole file; a list that is not given says nothing about its rows."""

    owners: tuple[OwnerWish, ...] | UnsetType = UNSET
    accounts: tuple[AccountWish, ...] | UnsetType = UNSET
    users: tuple[UserWish, ...] | UnsetType = UNSET
    senders: tuple[SenderWish, ...] | UnsetType = UNSET
    applications: tuple[ApplicationWish, ...] | UnsetType = UNSET
    tokens: tuple[TokenWish, ...] | UnsetType = UNSET
    connectors: tuple[ConnectorWish, ...] | UnsetType = UNSET
    routes: tuple[RouteWish, ...] | UnsetType = UNSET
    prices: tuple[PriceWish, ...] | UnsetType = UNSET
    packs: tuple[PackWish, ...] | UnsetType = UNSET
    restrictions: tuple[RestrictionWish, ...] | UnsetType = UNSET
    logins: tuple[LoginWish, ...] | UnsetType = UNSET
    limits: tuple[LimitsWish, ...] | UnsetType = UNSET
    ranges: tuple[RangeWish, ...] | UnsetType = UNSET


LISTS: tuple[tuple[type[Struct], str], ...] = (
    (OwnerWish, "[[owners]]"),
    (AccountWish, "[[accounts]]"),
    (CreditWish, "credit of an account"),
    (UserWish, "[[users]]"),
    (SenderWish, "[[senders]]"),
    (ApplicationWish, "[[applications]]"),
    (KeyWish, "keys of an application"),
    (TokenWish, "[[tokens]]"),
    (ConnectorWish, "[[connectors]]"),
    (RouteWish, "[[routes]]"),
    (PriceWish, "[[prices]]"),
    (PackWish, "[[packs]]"),
    (RestrictionWish, "[[restrictions]]"),
    (LoginWish, "[[logins]]"),
    (LimitsWish, "[[limits]]"),
    (RangeWish, "[[ranges]]"),
)
"""Struct and heading of everything a file may hold, for printing."""


def fields(struct: type[Struct]) -> list[tuple[str, str]]:
    """List a struct's fields with their meaning, for printing."""
    found = []
    for name, hint in get_type_hints(struct, include_extras=True).items():
        metas = [each for part in (hint, *get_args(hint)) for each in getattr(part, "__metadata__", ())]
        text = " ".join(meta.description for meta in metas if isinstance(meta, Meta) and meta.description)
        values = next((get_args(each) for each in _inner(hint) if get_origin(each) is Literal), ())
        told = f" One of {', '.join(f'`{value}`' for value in values)}." if values else ""
        found.append((f"`{name}`", text + told))
    return found


def _inner(hint: Any) -> list[Any]:
    return [hint, *(each for part in get_args(hint) for each in _inner(part) if not isinstance(part, str))]


def read(text: str, environment: Mapping[str, str]) -> Wish:
    """Read a file; a text `env:NAME` stands for a variable. Raises `WishError` that names the place."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WishError(f"not TOML: {error}") from error
    return wish(_filled(tree, "", environment))


def wish(tree: object) -> Wish:
    """Turn plain values into a wish; raises `WishError` that names the place."""
    try:
        return msgspec.convert(tree, Wish)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        place = place.strip("`.")
        raise WishError(f"{place}: {said}" if place else said) from error


def _filled(value: Any, place: str, environment: Mapping[str, str]) -> Any:
    """Put the environment's values in."""
    if isinstance(value, dict):
        return {key: _filled(each, f"{place}.{key}".strip("."), environment) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, f"{place}[{n}]", environment) for n, each in enumerate(value)]
    if isinstance(value, str) and value.startswith("env:"):
        name = value[4:]
        if not environment.get(name):
            raise WishError(f"{place}: the environment has no {name}")
        return environment[name]
    return value

"""What changes rarely: accounts, users, keys, senders, connectors, routes, prices.

Rows of the store as values. The store holds them as one immutable `Facts` with a version and replaces it as a whole
after a change, so a request reads one consistent picture without asking the database.
"""

from collections import Counter
from functools import cached_property
from typing import Final

from msgspec import Struct

from depesza.core.model import OnUnknown
from depesza.core.pricing import Price, Prices
from depesza.core.ranges import Range, Ranges
from depesza.core.restrictions import Restriction, Restrictions
from depesza.core.routing import Route, Routes
from depesza.core.tariffs import Pack, Tariffs
from depesza.core.wording import Patterns


class Owner(Struct, frozen=True, kw_only=True):
    """The person or company that holds accounts and keys."""

    id: int
    name: str
    """Login of the owner (OVH: nichandle)."""
    password: str = ""
    """Argon2 hash; empty: cannot sign in on the approval page."""
    email: str = ""
    firstname: str = ""
    lastname: str = ""
    organisation: str = ""
    country: str = "FR"
    language: str = "fr_FR"
    currency: str = "EUR"
    """Told where no pack of credits is sold in the country; else the packs' own is."""


class Forward(Struct, frozen=True):
    """Where an account wants its replies sent on to."""

    media: str
    """`email` or `sms`."""
    target: str
    """An address or a number."""
    sender: str = ""
    """Who it comes from; empty: the account's usual one."""


class Account(Struct, frozen=True, kw_only=True):
    """A balance with its senders and users; a tenant."""

    id: int
    owner: int
    name: str
    description: str = ""
    enabled: bool = True
    timezone: str = "Europe/Paris"
    weight: int = 100
    """Share of a busy connector, in percent of a plain account's."""
    credit_limit: int = 0
    """How far below zero the balance may go, in micro-credits."""
    on_unknown: OnUnknown = OnUnknown.RESEND
    refund_failed: bool = False
    """Give the price back when a message was not delivered (a rejected one is never billed)."""
    notices: str = "all"
    """`all` changes of state are called back, or `final` ones only."""
    callback: str = ""
    stop_callback: str = ""
    response_type: str = "none"
    """`none`, `text` or `cgi`: what answers a reply."""
    response_text: str = ""
    response_url: str = ""
    recredit_amount: int = 0
    """Credits of an automatic order; 0 turns it off."""
    recredit_threshold: int = 0
    """Micro-credits at or below which it is made."""
    max_parts: int = 6
    channel: str = "both"
    """`both`, `marketing` or `transactional`: what it was ordered for."""
    home: str = "ovh"
    """Dialect that tells of what answers no message of ours."""
    forwards: tuple[Forward, ...] = ()
    """Where replies are sent on to, besides the response."""
    forward_sender: str = ""
    """Sender of what is sent on by text, and of alerts."""
    smpp: bool = False
    """It may bind over SMPP, with its name as system id."""
    smpp_password: str = ""
    """Argon2 hash."""
    smpp_ips: tuple[str, ...] = ()
    """Addresses it may bind from; none: nowhere."""
    smpp_rate: int = 20
    """Messages a second."""
    smpp_window: int = 10
    """Submits of a bind that may be unanswered."""
    smpp_binds: int = 4
    """Binds at once."""
    smpp_texts: bool = False
    """What people send to it is collected over SMPP, also where it answers a message that came by another way."""
    currency: str = ""
    """What its wallet holds, of `ledger.CURRENCIES`; empty: credits."""
    parent: int = 0
    """Account above this one; 0 for none."""
    payer: int = 0
    """Account whose wallet pays; 0: its own."""
    priced_as: int = 0
    """Account whose prices hold; 0: its own."""
    virtual: bool = False
    """Nothing is sent and nothing paid: messages count as delivered at once."""
    sender: str = ""
    """What its messages are from when a request names nobody; empty: the first of its senders that is enabled."""
    detect_utf8: bool = False
    """Texts of programs that name no character set are read as UTF-8 where that is what they are."""
    shares: tuple[str, ...] = ()
    """What of the account above is its own too: `senders`, `contacts`."""

    @property
    def wallet(self) -> int:
        """Account whose wallet pays."""
        return self.payer or self.id


class User(Struct, frozen=True, kw_only=True):
    """A login below an account, perhaps with a quota of its own."""

    id: int
    account: int
    login: str
    password: str
    """Argon2 hash."""
    callback: str = ""
    stop_callback: str = ""
    ip_restrictions: tuple[str, ...] = ()
    quota: bool = False
    """True: spends its own wallet (id of the user), not the account's."""
    alert_email: str = ""
    alert_number: str = ""
    alert_threshold: int = 0
    alert_support: str = "both"


class Application(Struct, frozen=True, kw_only=True):
    """A program that signs requests."""

    id: int
    owner: int
    key: str
    secret: bytes
    """Encrypted with the settings' key."""
    name: str
    description: str = ""
    kind: str = "signed"
    """`signed` (application and consumer keys) or `oauth2` (client credentials)."""
    enabled: bool = True
    rules: tuple[tuple[str, str], ...] = ()
    """(method, path) rules of an oauth2 client; signed ones carry theirs in the credential."""


class Credential(Struct, frozen=True, kw_only=True):
    """A consumer key: ties an application, its owner's consent and rules."""

    id: int
    application: int
    owner: int
    """0 until somebody validated it."""
    digest: bytes
    """Keyed hash of the key; the key itself is not kept."""
    status: str
    """`pendingValidation`, `validated`, `refused`, `expired`."""
    rules: tuple[tuple[str, str], ...]
    created: int
    token: str = ""
    """Names it in its validation address."""
    redirection: str = ""
    allowed_ips: tuple[str, ...] = ()
    expires: int = 0


class Token(Struct, frozen=True, kw_only=True):
    """What a client program of an account shows as it is, signing nothing, and how that program is answered."""

    id: int
    account: int
    name: str
    digest: bytes
    """Keyed hash; the token itself is not kept."""
    created: int = 0
    language: str = ""
    """`fr`, `en` or `ro`; empty: what the request asks for, then the owner's."""
    country: str = ""
    """Country of numbers written in national form; empty refuses them."""
    legacy_errors: bool = False
    """Errors have HTTP status 200, for a program that reads nothing else."""


class Login(Struct, frozen=True, kw_only=True):
    """A name and password that client programs of an account send with each request."""

    id: int
    account: int
    name: str
    """The same for one account only."""
    md5: str
    """Argon2 hash of the password's MD5 in hex: clients send the password, or its digest."""
    sha1: str
    """The same of its SHA-1."""
    ips: tuple[str, ...] = ()
    """Addresses and networks it may call from; none: anywhere."""
    enabled: bool = True
    created: int = 0


class Limits(Struct, frozen=True, kw_only=True):
    """What protects an account from its own programs, and others from them. spec: smsc/1.7 smsc/3.9

    A span begins with the first request that counts.
    """

    account: int
    repeats: int = 1
    """Identical submissions within `span`; 0: no limit, here and below."""
    span: int = 60
    """Seconds."""
    price_asks: int = 5
    """Identical questions for a price within `span`."""
    parallel: int = 15
    """Requests at once."""
    parallel_status: int = 5
    """Questions for a status at once."""
    status_asks: int = 5
    """Questions for the status of the same message within `span`."""
    status_lists: int = 1
    """Questions for the status of several messages within `span`."""
    balance_asks: int = 10
    """Questions for the balance within `span`."""
    same_asks: int = 3
    """Other identical requests within `span`."""
    info_asks: int = 100
    """Questions about numbers within `span`, identical or not."""
    user_changes: int = 3
    """Changes of the same account below within `span`."""
    flood: int = 50
    """Messages to one number with less than `flood_gap` seconds between them."""
    flood_gap: int = 60
    wrong_logins: int = 5
    """Wrong passwords from an address within `lock_minutes`, which then locks it as long."""
    lock_minutes: int = 30
    wrong_sends: int = 100
    """Refused submissions in a row from an address within `wrong_minutes`, which then lock it as long."""
    wrong_minutes: int = 10
    new_addresses: bool = False
    """Submissions from an address that the login was never used from are refused until it is confirmed."""
    day: int = 0
    """Messages a day."""
    day_number: int = 0
    """Messages a day to one number."""
    day_text: int = 0
    """Messages a day with the same text to one number."""
    day_address: int = 0
    """Messages a day for one address of the client's users."""
    hours: str = ""
    """`h1-h2`, when it may send; empty: always."""
    hours_wait: bool = True
    """Messages of other hours wait for these; else they are refused."""
    codes: tuple[str, ...] = ()
    """How the digits of its receivers may begin (`7`), and how they may not (`-77`); none: any."""
    mailings: bool = True
    """One request may write to several receivers."""
    lifetime: int = 0
    """Minutes for which its messages are tried where a request does not say; 0: the dialect's usual time."""
    keep_days: int = 0
    """Days for which it sees its messages; 0: as long as they are kept."""


MAIL: Final = "mail"
"""Kind of a sender of mail, which sends nothing else."""


class Sender(Struct, frozen=True, kw_only=True):
    """A name or number an account may send from."""

    account: int
    name: str
    kind: str = "alpha"
    """`alpha`, `numeric`, `shortcode`, `virtual`, `time2chat`; `MAIL` for an address of mail, or `@domain`."""
    status: str = "enable"
    """`enable`, `disable`, `refused`, `waitingValidation`."""
    description: str = ""
    reason: str = ""
    comment: str = ""
    referer: str = "custom"
    created: int = 0

    @property
    def virtual(self) -> bool:
        """Tell whether it is a number that the account holds, and nobody else."""
        return self.kind in ("virtual", "time2chat")

    @property
    def factor(self) -> int:
        """How many times the usual price a part costs. spec: ovh/4.12"""
        return 2 if self.kind == "time2chat" else 1


class Wording(Struct, frozen=True, kw_only=True):
    """A text with free zones that is approved beforehand: a template for moderation."""

    account: int
    name: str
    text: str
    activity: str
    """`alerting`, `authentification` or `transactional`."""
    status: str = "waitingValidation"
    """As a sender's."""
    description: str = ""
    reason: str = ""
    comment: str = ""
    """The operator's."""
    created: int = 0


class ConnectorFact(Struct, frozen=True, kw_only=True):
    """A configured way out."""

    id: int
    name: str
    kind: str
    """Name of the module in `connectors`: `smpp`, `virtual`."""
    settings: str
    """JSON, read by the connector's kind."""
    enabled: bool = True


class Webhook(Struct, frozen=True, kw_only=True):
    """An address that a user wants called when something happens; beside the callbacks of `User` and `Account`."""

    user_id: int
    name: str
    account: int
    dialect: str
    """In whose words it is told, and of whose messages."""
    url: str
    event: str
    """`sent`, `delivered`, `failed`, `cancelled`, or `received`."""
    device: int = 0
    """Only what this phone does or receives; 0: all."""
    created: int = 0


class PhoneSettings(Struct, frozen=True, kw_only=True):
    """What an account wants set in its phones' app, and in its webhooks."""

    account: int
    shown: str = "{}"
    """JSON: section, name, value."""
    secrets: bytes = b""
    """The same of what is never shown, encrypted with the settings' key; empty for none."""


OWN_KINDS = frozenset({"phones", "modem", "gammu"})
"""Kinds of connectors that lead to phones and modems of the operator's own, not to a carrier."""


class Facts(Struct, frozen=True, kw_only=True, dict=True):
    """One consistent picture of everything above."""

    version: int
    owners: tuple[Owner, ...] = ()
    accounts: tuple[Account, ...] = ()
    users: tuple[User, ...] = ()
    applications: tuple[Application, ...] = ()
    credentials: tuple[Credential, ...] = ()
    tokens: tuple[Token, ...] = ()
    logins: tuple[Login, ...] = ()
    limits: tuple[Limits, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    phone_settings: tuple[PhoneSettings, ...] = ()
    senders: tuple[Sender, ...] = ()
    connectors: tuple[ConnectorFact, ...] = ()
    routes: tuple[Route, ...] = ()
    prices: tuple[Price, ...] = ()
    packs: tuple[Pack, ...] = ()
    wordings: tuple[Wording, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    ranges: tuple[Range, ...] = ()

    @cached_property
    def owner(self) -> dict[int, Owner]:
        """Owners by id."""
        return {row.id: row for row in self.owners}

    @cached_property
    def account(self) -> dict[int, Account]:
        """Accounts by id."""
        return {row.id: row for row in self.accounts}

    def owner_of(self, account: int, what: str) -> int:
        """Tell whose `senders` or `contacts` an account uses: its own, or those of one above that it shares."""
        row = self.account.get(account)
        while row is not None and what in row.shares and row.parent in self.account:
            row = self.account[row.parent]
        return row.id if row is not None else account

    @cached_property
    def account_named(self) -> dict[str, Account]:
        """Accounts by name."""
        return {row.name: row for row in self.accounts}

    @cached_property
    def user(self) -> dict[int, User]:
        """Users by id."""
        return {row.id: row for row in self.users}

    @cached_property
    def user_named(self) -> dict[tuple[int, str], User]:
        """Users by account and login."""
        return {(row.account, row.login): row for row in self.users}

    @cached_property
    def user_alone(self) -> dict[str, User]:
        """Users by a login that no other account has too."""
        logins = Counter(row.login for row in self.users)
        return {row.login: row for row in self.users if logins[row.login] == 1}

    @cached_property
    def application(self) -> dict[int, Application]:
        """Applications by id."""
        return {row.id: row for row in self.applications}

    @cached_property
    def application_keyed(self) -> dict[str, Application]:
        """Applications by their public key."""
        return {row.key: row for row in self.applications}

    @cached_property
    def credential_digested(self) -> dict[bytes, Credential]:
        """Credentials by the hash of their consumer key."""
        return {row.digest: row for row in self.credentials}

    @cached_property
    def token_digested(self) -> dict[bytes, Token]:
        """Tokens by the hash of what is shown."""
        return {row.digest: row for row in self.tokens}

    @cached_property
    def login_named(self) -> dict[str, Login]:
        """Logins by name."""
        return {row.name: row for row in self.logins}

    @cached_property
    def _limits_of(self) -> dict[int, Limits]:
        return {row.account: row for row in self.limits}

    def limits_of(self, account: int) -> Limits:
        """Give the limits of an account, the usual ones where none are set."""
        found = self._limits_of.get(account)
        if found is None:
            found = self._limits_of[account] = Limits(account=account)
        return found

    @cached_property
    def hooks_of(self) -> dict[int, tuple[Webhook, ...]]:
        """Webhooks by user, in the order of their names."""
        found: dict[int, list[Webhook]] = {}
        for row in self.webhooks:
            found.setdefault(row.user_id, []).append(row)
        return {user: tuple(rows) for user, rows in found.items()}

    @cached_property
    def phone_settings_of(self) -> dict[int, PhoneSettings]:
        """Settings of phones by account."""
        return {row.account: row for row in self.phone_settings}

    @cached_property
    def sender(self) -> dict[tuple[int, str], Sender]:
        """Senders by account and name."""
        return {(row.account, row.name): row for row in self.senders}

    @cached_property
    def _first_senders(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for row in sorted(self.senders, key=lambda row: (row.created, row.name)):
            if row.status == "enable" and row.kind != MAIL:
                names.setdefault(row.account, row.name)
        return names

    def usual_sender(self, account: Account) -> str:
        """Choose who a message is from when its request names nobody; empty where the account has no sender."""
        first = self._first_senders
        return account.sender or first.get(account.id) or first.get(self.owner_of(account.id, "senders"), "")

    @cached_property
    def wording(self) -> dict[tuple[int, str], Wording]:
        """Templates for moderation by account and name."""
        return {(row.account, row.name): row for row in self.wordings}

    @cached_property
    def approved(self) -> dict[int, Patterns]:
        """What each account's texts may say where templates are asked for."""
        texts: dict[int, list[str]] = {}
        for row in self.wordings:
            if row.status == "enable":
                texts.setdefault(row.account, []).append(row.text)
        return {account: Patterns(mine) for account, mine in texts.items()}

    @cached_property
    def restricted(self) -> Restrictions:
        """The restrictions of operators, sorted."""
        return Restrictions(self.restrictions)

    @cached_property
    def connector(self) -> dict[int, ConnectorFact]:
        """Connectors by id."""
        return {row.id: row for row in self.connectors}

    @cached_property
    def phones(self) -> tuple[int, ...]:
        """Connectors that lead to own phones and modems, those that are enabled first."""
        own = [row for row in self.connectors if row.kind in OWN_KINDS]
        return tuple(row.id for row in sorted(own, key=lambda row: (not row.enabled, row.id)))

    @cached_property
    def number_owner(self) -> dict[str, int]:
        """Accounts by the numbers that they send from, and so are written to."""
        return {
            row.name: row.account
            for row in self.senders
            if row.kind not in ("alpha", MAIL) and row.status in ("enable", "disable")
        }

    @cached_property
    def routing(self) -> Routes:
        """The routes, compiled."""
        return Routes(self.routes)

    @cached_property
    def pricing(self) -> Prices:
        """The prices, compiled."""
        return Prices(self.prices, self.numbering.operator_code)

    @cached_property
    def numbering(self) -> Ranges:
        """What is known of numbers without asking a network."""
        return Ranges(self.ranges)

    @cached_property
    def tariffs(self) -> Tariffs:
        """The packs of credits, sorted."""
        return Tariffs(self.packs)

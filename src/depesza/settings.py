"""Settings, declared once: name, type, default and help; the sample file, the environment names and the docs page are
printed from here (`depesza settings`).

They come from a TOML file and from the environment: `[http] port` is `DEPESZA_HTTP_PORT`, which wins.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct, field

from depesza.core import ledger, schedule
from depesza.core.planning import Policy


class SettingsError(Exception):
    """A settings file or variable is wrong; the text names it and says why."""


Text = Annotated[str, Meta()]


def _help(text: str, **limits: Any) -> Meta:
    return Meta(description=text, **limits)


class StoreSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where everything is kept."""

    url: Annotated[str, _help("A file (`depesza.db`) for SQLite, or `postgresql://user:password@host/name`.")] = (
        "depesza.db"
    )
    pending: Annotated[int, _help("Requests that may wait for a commit before clients are told “busy”.", ge=1)] = 20_000


class HttpSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The listener for clients."""

    host: Annotated[str, _help("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _help("Port to listen on; 0 takes any free one.", ge=0, le=65535)] = 8080
    tls_cert: Annotated[str, _help("Certificate chain (PEM); with `tls_key` the listener speaks TLS.")] = ""
    tls_key: Annotated[
        str, _help("Private key (PEM); empty when it stands in `tls_cert`. Both are read anew when they change.")
    ] = ""
    trusted_proxies: Annotated[tuple[str, ...], _help("Networks whose X-Forwarded-* headers are believed.")] = ()
    public: Annotated[
        tuple[str, ...], _help("Addresses under which clients call us, e.g. `https://sms.example.org`.")
    ] = ()
    body_limit: Annotated[int, _help("Largest request body, in octets.", ge=1024)] = 16 * 1024 * 1024


class OpsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The listener for operators: /metrics, /healthz, /readyz."""

    host: Annotated[str, _help("Address to listen on; keep it private.")] = "127.0.0.1"
    port: Annotated[int, _help("Port; 0 takes any free one, -1 switches it off.", ge=-1, le=65535)] = 8081


class SecuritySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Secrets and guards."""

    key: Annotated[
        str, _help("Encrypts secrets at rest: at least 16 characters, kept outside the database. Required to serve.")
    ] = ""
    allow_private: Annotated[
        tuple[str, ...],
        _help("Private networks or hosts that callbacks and fetched files may go to, e.g. `10.1.0.0/16`."),
    ] = ()
    signature_window: Annotated[int, _help("Seconds a signed request's clock may be off.", ge=1)] = 300


class MessageSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Rules for all accounts."""

    stop_number: Annotated[str, _help("Number that takes STOP for named senders.")] = "36184"
    short_numbers: Annotated[tuple[str, ...], _help("Numbers that answerable messages leave from.")] = ("38184",)
    quiet: Annotated[
        str, _help("When advertising may be sent: `none`, `fr`, or like `mon-sat 08:00-20:00 Europe/Paris`.")
    ] = "fr"
    quiet_country: Annotated[str, _help("Country of receivers for whom `quiet` holds.")] = "FR"
    default_country: Annotated[str, _help("Country of numbers in national form; empty refuses them.")] = ""
    keep_graphemes: Annotated[bool, _help("Never cut an emoji or an accented letter between two parts.")] = True
    lookup_price: Annotated[float, _help("Credits for asking a network about one number.", ge=0, le=1000)] = 0.1
    template_prefixes: Annotated[
        tuple[str, ...],
        _help("Digits of receivers to whom only texts of an enabled template go, e.g. `1` for North America."),
    ] = ()
    command_numbers: Annotated[
        tuple[str, ...], _help("Numbers that take commands by text of all accounts, besides each account's own.")
    ] = ()


class CallbackSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How news is called back to clients."""

    timeout: Annotated[float, _help("Seconds a client may take to answer.", gt=0)] = 15.0
    per_host: Annotated[int, _help("Calls under way to one host at most.", ge=1)] = 32
    schedule: Annotated[
        tuple[float, ...], _help("Seconds from one try to the next; after the last one a notice is given up.")
    ] = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)


class MailSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The server that sends our mail: replies sent on, alerts, new passwords."""

    host: Annotated[str, _help("SMTP server; empty: mail is kept and tried again, and given up in the end.")] = ""
    port: Annotated[int, _help("Its port.", ge=1, le=65535)] = 587
    security: Annotated[
        str, _help("`starttls`, `tls` from the first octet, or `none`.", pattern="^(starttls|tls|none)$")
    ] = "starttls"
    username: Annotated[str, _help("Login there; empty: none.")] = ""
    password: Annotated[str, _help("Its password.")] = ""
    sender: Annotated[str, _help("Address that our mail comes from; required with a host.")] = ""
    timeout: Annotated[float, _help("Seconds the server may take.", gt=0)] = 30.0


class ClusterSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Several processes: a helper of our own, or several nodes on one PostgreSQL."""

    lease: Annotated[
        float, _help("Seconds after which the others take over the work of a process that is gone.", ge=1)
    ] = 12.0
    helper: Annotated[
        str,
        _help(
            "Whether a second process speaks SMPP to carriers and calls clients back: `always`, `never`, or `auto`:"
            " where the machine has a second core.",
            pattern="^(auto|always|never)$",
        ),
    ] = "auto"
    pin: Annotated[bool, _help("Keep this process to one core, and its helper to the others.")] = True


class Http2smsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """http2sms."""

    help: Annotated[
        str, _help("Address that each refusal names for more information; empty for our own page, `/http2sms/help`.")
    ] = ""


class SmppSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The listeners for customers over SMPP."""

    host: Annotated[str, _help("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _help("Port, usually 2775; 0 takes any free one, -1 switches it off.", ge=-1, le=65535)] = -1
    tls_port: Annotated[
        int, _help("Port with TLS, which needs `tls_cert`; 0 takes any free one, -1 switches it off.", ge=-1, le=65535)
    ] = -1
    tls_cert: Annotated[str, _help("Certificate chain (PEM) of the TLS port.")] = ""
    tls_key: Annotated[
        str, _help("Private key (PEM); empty when it stands in `tls_cert`. Both are read anew when they change.")
    ] = ""
    client_ca: Annotated[
        str, _help("Authority (PEM) of which customers must show a certificate on the TLS port; empty: none.")
    ] = ""
    public: Annotated[
        str, _help("Host and port that customers are told, e.g. `smpp.example.org:2775`; empty: none.")
    ] = ""
    public_tls: Annotated[str, _help("The same of the TLS port.")] = ""
    system_id: Annotated[str, _help("How we name ourselves in bind responses.", max_length=15)] = "depesza"
    connections: Annotated[int, _help("Connections at once; more are cut.", ge=1)] = 1000
    bind_seconds: Annotated[float, _help("Seconds in which a connection must bind.", gt=0)] = 10.0
    inactivity: Annotated[
        float, _help("Seconds without a word after which a connection ends; before that we ask (enquire_link).", gt=0)
    ] = 120.0
    window: Annotated[int, _help("Receipts and replies that a bind may leave unanswered.", ge=1)] = 50
    keep_days: Annotated[float, _help("Days for which receipts and replies wait for a customer.", gt=0)] = 7.0


class SmtpSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The listener for mail: lines that are messages, mail that becomes texts, bounces of our own mail."""

    host: Annotated[str, _help("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _help("Port, usually 25; 0 takes any free one, -1 switches it off.", ge=-1, le=65535)] = -1
    domain: Annotated[
        str,
        _help(
            "Domain of our addresses, such as `sms.example.org`: lines come to `send@send.` and it, bounces to it, mail"
            " that becomes texts to `mail2sms.` and it. Required with a port.",
            pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+)?$",
            max_length=200,
        ),
    ] = ""
    tls_cert: Annotated[str, _help("Certificate chain (PEM); with it STARTTLS and logins are offered.")] = ""
    tls_key: Annotated[
        str, _help("Private key (PEM); empty when it stands in `tls_cert`. Both are read anew when they change.")
    ] = ""
    connections: Annotated[int, _help("Connections at once; more are turned away.", ge=1)] = 200
    per_address: Annotated[int, _help("The same from one address.", ge=1)] = 20
    rate: Annotated[int, _help("Mails a minute from one address; for more, it is told to come again.", ge=1)] = 60


class DocumentSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Files that clients upload, and exports that are written for them."""

    largest: Annotated[
        int, _help("Largest file that a client may upload, in octets; `http.body_limit` bounds it too.", ge=1)
    ] = 16 * 1024 * 1024
    export_days: Annotated[int, _help("Days for which an export can be fetched.", ge=1)] = 30


class LogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged."""

    level: Annotated[str, _help("debug, info, warning or error.")] = "info"
    format: Annotated[str, _help("`json` for machines, `text` for people.")] = "json"
    mask: Annotated[bool, _help("Hide most of each phone number and all texts.")] = True


class OrderSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How credits and accounts are sold."""

    wait: Annotated[bool, _help("An order waits for `depesza order approve`; else it is carried out at once.")] = True
    terms: Annotated[tuple[str, ...], _help("Addresses of the terms that are shown with an order.")] = ()


class KeepSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How long things are kept."""

    days: Annotated[int, _help("Days for messages and their timelines.", ge=1)] = 400
    callback_days: Annotated[int, _help("Days for callbacks that are over, with all their tries.", ge=1)] = 90


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All settings."""

    store: StoreSettings = field(default_factory=StoreSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    ops: OpsSettings = field(default_factory=OpsSettings)
    security: SecuritySettings = field(default_factory=SecuritySettings)
    messages: MessageSettings = field(default_factory=MessageSettings)
    callbacks: CallbackSettings = field(default_factory=CallbackSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    http2sms: Http2smsSettings = field(default_factory=Http2smsSettings)
    smpp: SmppSettings = field(default_factory=SmppSettings)
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    log: LogSettings = field(default_factory=LogSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    keep: KeepSettings = field(default_factory=KeepSettings)
    documents: DocumentSettings = field(default_factory=DocumentSettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)

    def policy(self) -> Policy:
        """The rules for all accounts, ready for use; raises `SettingsError`."""
        messages = self.messages
        try:
            quiet = None if messages.quiet == "none" else schedule.read_window(messages.quiet)
        except schedule.BadWindow as error:
            raise SettingsError(f"messages.quiet: {error}") from error
        return Policy(
            messages.stop_number,
            messages.short_numbers,
            quiet,
            messages.quiet_country,
            messages.default_country,
            messages.keep_graphemes,
            ledger.micro(messages.lookup_price),
            messages.template_prefixes,
            messages.command_numbers,
        )


class Setting(Struct, frozen=True):
    """One setting, for printing."""

    section: str
    name: str
    kind: str
    default: Any
    help: str

    @property
    def env(self) -> str:
        """Its name in the environment."""
        return f"DEPESZA_{self.section}_{self.name}".upper()


def declared() -> list[Setting]:
    """List all settings."""
    found = []
    for section, struct in get_type_hints(Settings).items():
        hints = get_type_hints(struct, include_extras=True)
        defaults = struct()
        for name, hint in hints.items():
            kind, meta = get_args(hint)
            found.append(Setting(section, name, _kind(kind), getattr(defaults, name), meta.description or ""))
    return found


def _kind(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return f"list of {_kind(get_args(hint)[0])}"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names[hint]


def load(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Read settings from a file and the environment; raises `SettingsError`."""
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: {error}") from error
    for setting in declared():
        written = environment.get(setting.env)
        if written is not None:
            section = tree.setdefault(setting.section, {})
            if not isinstance(section, dict):
                raise SettingsError(f"{setting.section}: a table is expected")
            section[setting.name] = written.split(",") if setting.kind.startswith("list") else written
    try:
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_sentence(str(error))) from error


def _sentence(error: str) -> str:
    text, _, place = error.partition(" - at `$")
    return f"{place.strip('`.') or 'settings'}: {text}"

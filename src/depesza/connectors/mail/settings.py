"""What can be set on a mail server: each field with its default and a sentence; docs are printed from it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from depesza.connectors.setup import SettingsError, read_settings
from depesza.wire.mail import is_address
from depesza.wire.tickets import LENGTH

Seconds = Annotated[float, Meta(gt=0)]
LONGEST_LOCAL = 64 - LENGTH - 1
"""Characters before the @ of the address for bounces; a plus and a ticket follow them (RFC 5321 4.5.3.1)."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One mail server."""

    # where and who
    host: Annotated[str, Meta(min_length=1, description="Name or address of the mail server.")]
    port: Annotated[int, Meta(ge=1, le=65535, description="Its port: 587, 465 with TLS at once, 25 for a relay.")] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(description="TLS begun with STARTTLS, or at once, or none. What is asked for must be there."),
    ] = "starttls"
    tls_ca: Annotated[str, Meta(description="File of authorities to trust beside the system's.")] = ""
    username: Annotated[str, Meta(description="Our name there; empty: no login.")] = ""
    password: Annotated[str, Meta(description="Our password there.")] = ""
    hello: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9.:\[\]-]*$", description="What we call ourselves (EHLO); the machine's name if empty."
        ),
    ] = ""

    # whose mails they are
    sender: Annotated[str, Meta(description="Address that mails come from whose sender is a name and no address.")] = ""
    bounces: Annotated[
        str,
        Meta(
            description="Address whose mails reach `depesza mail bounce`; `+` and the message's mark are put before its"
            " @. Empty: bounces go to the sender, and nothing is heard of them."
        ),
    ] = ""
    notifications: Annotated[
        bool,
        Meta(
            description="Ask for notifications of delivery (DSN) where there is `bounces` and the server offers them."
        ),
    ] = True
    unsubscribe: Annotated[
        str,
        Meta(
            pattern=r"^((https?://|mailto:)[!-;=?-~]+)?$",
            description="Address (https: or mailto:) where receivers of mass mails may leave; their List-Unsubscribe.",
        ),
    ] = ""
    track_opens: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[!-;=?-~]+[^/])?$",
            description="Public address of this server, as https://sms.example.org: a picture in mails in HTML is"
            " fetched from there, and tells that they were opened. Empty: nothing is watched.",
        ),
    ] = ""

    # signature
    dkim_domain: Annotated[str, Meta(description="Domain that signs (DKIM).")] = ""
    dkim_selector: Annotated[str, Meta(description="Its selector: the key is at SELECTOR._domainkey.DOMAIN.")] = ""
    dkim_key: Annotated[str, Meta(description="File of its private key: RSA or Ed25519, PEM.")] = ""

    # how much at once
    capacity: Annotated[int, Meta(ge=1, le=10_000, description="Mails that may be unanswered at once.")] = 50
    connections: Annotated[int, Meta(ge=1, le=100, description="Connections at most.")] = 4
    per_connection: Annotated[int, Meta(ge=1, description="Mails after which a connection is made anew.")] = 100
    rate: Annotated[float, Meta(ge=0, description="Mails a second that the server allows; 0: any.")] = 0.0

    # time
    connect_timer: Annotated[Seconds, Meta(description="Seconds until a connection must stand.")] = 30.0
    response_timer: Annotated[Seconds, Meta(description="Seconds for an answer to a command.")] = 60.0
    data_timer: Annotated[
        Seconds, Meta(description="Seconds for the answer to a whole mail; after that it is uncertain.")
    ] = 300.0
    idle: Annotated[Seconds, Meta(description="Seconds without work after which a connection is closed.")] = 30.0
    retry_first: Annotated[
        Seconds, Meta(description="Seconds before a mail that is refused for now is tried again.")
    ] = 60.0
    retry_most: Annotated[Seconds, Meta(description="The same at most: it doubles with every try.")] = 3600.0
    reconnect_first: Annotated[Seconds, Meta(description="Seconds before the first new try to connect.")] = 1.0
    reconnect_most: Annotated[
        Seconds, Meta(description="Seconds between tries at most, and after a refused password.")
    ] = 60.0


def read(data: bytes) -> Settings:
    """Read settings from JSON; SettingsError names the field."""
    settings = read_settings(data, Settings)
    for name in ("sender", "bounces"):
        address = getattr(settings, name)
        if address and not is_address(address):
            raise SettingsError(f"{name}: {address!r} is no address")
    if len(settings.bounces.rpartition("@")[0]) > LONGEST_LOCAL:
        raise SettingsError(f"bounces: at most {LONGEST_LOCAL} characters before the @")
    signing = (settings.dkim_domain, settings.dkim_selector, settings.dkim_key)
    if any(signing) and not all(signing):
        raise SettingsError("dkim_key: domain, selector and key belong together")
    if not all(part.isascii() and part.isprintable() and " " not in part and ";" not in part for part in signing[:2]):
        raise SettingsError("dkim_domain, dkim_selector: names as they stand in DNS")
    return settings

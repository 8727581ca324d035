"""What can be set on an SMPP carrier: each field with its default and a sentence; docs are printed from it.

spec: carriers/C.1#8 #17 #19 #23 #25 #28, ovh/8
"""

from datetime import UTC, timedelta, timezone
from typing import Annotated, Literal

from msgspec import Meta, Struct

from depesza.connectors.setup import SettingsError, read_settings
from depesza.connectors.smpp.words import unknown_refusals

Octet = Annotated[int, Meta(ge=0, le=255)]
Seconds = Annotated[float, Meta(ge=0)]


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One carrier."""

    # where and who
    host: Annotated[str, Meta(min_length=1, description="Name or address of the carrier's server.")]
    port: Annotated[int, Meta(ge=1, le=65535, description="Its port; 2775 is usual, 3550 with TLS.")] = 2775
    system_id: Annotated[str, Meta(max_length=15, description="Our name there.")] = ""
    password: Annotated[
        str,
        Meta(description="Our password there; the protocol allows 8 characters, many carriers take more."),
    ] = ""
    system_type: Annotated[str, Meta(max_length=12, description="What some carriers want beside it.")] = ""
    interface_version: Annotated[
        Literal[0x33, 0x34, 0x50], Meta(description="Version we say we speak: 51, 52 (3.4) or 80 (5.0).")
    ] = 0x34
    bind: Annotated[
        Literal["transceiver", "pair"],
        Meta(description="One session both ways, or a transmitter and a receiver beside each other."),
    ] = "transceiver"
    sessions: Annotated[int, Meta(ge=1, le=64, description="How many sessions, or pairs of them.")] = 1

    # TLS
    tls: Annotated[bool, Meta(description="Speak TLS.")] = False
    tls_ca: Annotated[str, Meta(description="File of authorities to trust beside the system's.")] = ""
    tls_cert: Annotated[str, Meta(description="File of our own certificate.")] = ""
    tls_key: Annotated[str, Meta(description="File of its key.")] = ""
    tls_name: Annotated[str, Meta(description="Name in the carrier's certificate, if not the host.")] = ""
    tls_verify: Annotated[bool, Meta(description="Check the carrier's certificate. Off only with a pin.")] = True
    tls_pin: Annotated[str, Meta(description="SHA-256 fingerprint of the only certificate to accept.")] = ""

    # how much at once
    window: Annotated[int, Meta(ge=1, le=10_000, description="Unanswered parts a session may have.")] = 10
    rate: Annotated[
        float,
        Meta(ge=0, description="Parts a second that the carrier allows, all sessions together; 0: any."),
    ] = 0.0
    undone: Annotated[int, Meta(ge=1, description="Receipts not yet on disk at which reading pauses.")] = 2000
    patience: Annotated[
        Seconds, Meta(description="Seconds that a throttled part is tried again; then the message is given back.")
    ] = 10.0

    # time
    response_timer: Annotated[Seconds, Meta(description="No answer for so long: the message is uncertain.")] = 30.0
    enquire_link: Annotated[Seconds, Meta(description="Nothing heard for so long: ask; 0 never.")] = 30.0
    inactivity: Annotated[Seconds, Meta(description="No work for so long: unbind; 0 never.")] = 0.0
    connect_timer: Annotated[float, Meta(gt=0, description="Seconds until a connection must stand.")] = 10.0
    reconnect_first: Annotated[float, Meta(gt=0, description="Seconds before the first new try.")] = 1.0
    reconnect_most: Annotated[
        float, Meta(gt=0, description="Seconds between tries at most, and after a refused password.")
    ] = 60.0

    # addresses
    source_ton: Annotated[Octet | None, Meta(description="Type of our senders; null: by the sender.")] = None
    source_npi: Annotated[Octet | None, Meta(description="Plan of our senders; null: by the sender.")] = None
    short_ton: Annotated[Octet, Meta(description="Type of a short code as sender: 3 here, 0 or 6 elsewhere.")] = 3
    short_npi: Annotated[Octet, Meta(description="Plan of a short code as sender.")] = 1
    dest_ton: Annotated[Octet, Meta(description="Type of receivers: 1 international; some want 0.")] = 1
    dest_npi: Annotated[Octet, Meta(description="Plan of receivers.")] = 1
    plus: Annotated[bool, Meta(description="Write international numbers with their plus.")] = False

    # texts
    alphabet: Annotated[
        Literal["gsm7", "gsm7-packed", "latin1"],
        Meta(description="What data_coding 0 means here: septets one an octet, septets packed, Latin-1."),
    ] = "gsm7"
    gsm7_coding: Annotated[Octet, Meta(description="data_coding of texts in that alphabet.")] = 0
    ucs2_coding: Annotated[Octet, Meta(description="data_coding of UCS-2.")] = 8
    latin1: Annotated[bool, Meta(description="Send texts that GSM-7 lacks and Latin-1 has (ç) with data_coding 3.")] = (
        False
    )
    long_messages: Annotated[
        Literal["udh", "udh16", "sar", "payload"],
        Meta(description="Long texts: header with 8 or 16 bit reference, sar_* fields, or message_payload."),
    ] = "udh"
    flash: Annotated[
        Literal["f0", "10", "subunit"],
        Meta(description="How a message class is said: data_coding 0xF0, 0x10, or dest_addr_subunit."),
    ] = "f0"
    service_type: Annotated[str, Meta(max_length=5, description="service_type of messages.")] = ""
    protocol_id: Annotated[Octet, Meta(description="protocol_id of messages.")] = 0
    priority_flag: Annotated[int, Meta(ge=0, le=4, description="priority_flag of messages.")] = 0
    validity: Annotated[
        Literal["none", "absolute", "relative"], Meta(description="How a message's last time is sent.")
    ] = "none"

    # receipts
    registered_delivery: Annotated[
        int, Meta(ge=0, le=31, description="Which receipts to ask for: 0 none, 1 all, 17 also of steps.")
    ] = 1
    receipt_ids: Annotated[
        Literal["auto", "same", "hex", "decimal"],
        Meta(
            description="Ids in receipts: learnt, the same as in answers, or in hexadecimal where the answer"
            " was decimal (hex), or the other way (decimal)."
        ),
    ] = "auto"
    receipt_zone: Annotated[
        str,
        Meta(
            pattern=r"^(auto|Z|[+-](0\d|1[0-4]):[0-5]\d)$",
            description="Zone of the times in receipts: auto learns it, or Z, or like +02:00.",
        ),
    ] = "auto"
    statuses: Annotated[
        dict[str, str],
        Meta(description='The carrier\'s own command_status numbers, as {"0x401": "bad_content"}.'),
    ] = {}
    errors: Annotated[dict[str, str], Meta(description='What err in receipts means here, as {"008": "blocked"}.')] = {}

    # replies
    reassembly: Annotated[
        float, Meta(gt=0, description="Seconds that the parts of a reply are waited for; then it is torn.")
    ] = 600.0
    part_hold: Annotated[
        float,
        Meta(gt=0, description="Seconds that a part of a reply stays unanswered before it is asked for again."),
    ] = 5.0

    @property
    def zone(self) -> timezone | None:
        """The zone of receipts; None when it is learnt."""
        if self.receipt_zone == "auto":
            return None
        if self.receipt_zone == "Z":
            return UTC
        sign = -1 if self.receipt_zone[0] == "-" else 1
        hours, minutes = self.receipt_zone[1:].split(":")
        return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))

    @property
    def own_statuses(self) -> dict[int, str]:
        """The carrier's statuses by number."""
        return {int(code, 0): name for code, name in self.statuses.items()}


def read(data: bytes) -> Settings:
    """Read a carrier's settings from JSON; SettingsError names the field."""
    settings = read_settings(data, Settings)
    for field, table in (("statuses", settings.statuses), ("errors", settings.errors)):
        unknown = unknown_refusals(table)
        if unknown:
            raise SettingsError(f"{field}: no such refusal: {', '.join(unknown)}")
    try:
        _ = settings.own_statuses
    except ValueError:
        raise SettingsError("statuses: the keys are numbers like 1025 or 0x401") from None
    _check_tls(settings)
    return settings


def _check_tls(settings: Settings) -> None:
    if settings.tls_key and not settings.tls_cert:
        raise SettingsError("tls_key: needs tls_cert beside it")
    if settings.tls and not settings.tls_verify and not settings.tls_pin:
        raise SettingsError("tls_verify: can be off only where tls_pin names the carrier's certificate")

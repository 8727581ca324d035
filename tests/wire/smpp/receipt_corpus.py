"""Receipts as carriers send them: one named case a habit, for every test that has to read receipts.

Here belong forms that were seen at carriers or in other projects' threads, in strings of our own.
spec: carriers/C.3
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from depesza.wire.smpp.constants import MessageState

UUID = "0b6c1f52-8d1e-4a7f-9a55-3f2f6f2b90c1"
HEX32 = "9f3a5c7e1b2d4f60817293a4b5c6d7e8"
LONG = "A1" * 32 + "Z"
MINUTE_SUBMIT = datetime(2026, 7, 11, 7, 0)
MINUTE_DONE = datetime(2026, 7, 11, 7, 3)


@dataclass(frozen=True)
class Case:
    """One receipt and what has to be read from it; only the fields in `reads` are compared."""

    name: str
    text: bytes
    reads: dict[str, Any]
    tlvs: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of read_receipt: receipted_message_id, message_state, network_error_code."""
    unmarked: bool = True
    """Recognisable without esm_class 0x04."""


def usual(remote_id: str, tail: str = " text:Your parcel", **changed: str) -> bytes:
    """Write Appendix B with some fields changed."""
    fields = {
        "sub": "001",
        "dlvrd": "001",
        "submit date": "2607110700",
        "done date": "2607110703",
        "stat": "DELIVRD",
        "err": "000",
    } | {key.replace("_", " "): value for key, value in changed.items()}
    body = "".join(f" {key}:{value}" for key, value in fields.items())
    return f"id:{remote_id}{body}{tail}".encode()


def state_case(word: str, state: MessageState) -> Case:
    return Case(f"stat {word}", usual("77120031", stat=word), {"state": state, "stat": word})


WORDS: dict[str, MessageState] = {
    "DELIVRD": MessageState.DELIVERED,
    "EXPIRED": MessageState.EXPIRED,
    "DELETED": MessageState.DELETED,
    "UNDELIV": MessageState.UNDELIVERABLE,
    "ACCEPTD": MessageState.ACCEPTED,
    "UNKNOWN": MessageState.UNKNOWN,
    "REJECTD": MessageState.REJECTED,
    "ENROUTE": MessageState.ENROUTE,
    "SKIPPED": MessageState.SKIPPED,
    "delivrd": MessageState.DELIVERED,
    "Undeliv": MessageState.UNDELIVERABLE,
    "DELIVERED": MessageState.DELIVERED,
    "UNDELIVERABLE": MessageState.UNDELIVERABLE,
    "ACCEPTED": MessageState.ACCEPTED,
    "REJECTED": MessageState.REJECTED,
    "SCHEDULED": MessageState.SCHEDULED,
    "BUFFRED": MessageState.ENROUTE,
    "ACKED": MessageState.ACCEPTED,
    "FAILED": MessageState.UNDELIVERABLE,
    "2": MessageState.DELIVERED,
    "8": MessageState.REJECTED,
}

CORPUS: tuple[Case, ...] = (
    Case(
        "appendix B as printed",
        usual("0305419896"),
        {
            "form": "plain",
            "text_id": "0305419896",
            "state": MessageState.DELIVERED,
            "err": "000",
            "err_number": 0,
            "sub": 1,
            "dlvrd": 1,
            "submit_date": MINUTE_SUBMIT,
            "done_date": MINUTE_DONE,
            "submit_raw": "2607110700",
            "excerpt": b"Your parcel",
        },
    ),
    Case("Text with a capital", usual("1", " Text:Your parcel"), {"excerpt": b"Your parcel", "form": "plain"}),
    Case("TEXT in capitals", usual("1", " TEXT:Your parcel"), {"excerpt": b"Your parcel"}),
    Case("no text at all", usual("1", ""), {"excerpt": b"", "form": "plain"}),
    Case("text empty", usual("1", " text:"), {"excerpt": b"", "form": "plain"}),
    Case(
        "excerpt in the carrier's alphabet",
        usual("1", " text:") + b"\x00\x41\xe9\n",
        {"excerpt": b"\x00\x41\xe9\n"},
    ),
    Case(
        "excerpt that quotes a receipt",
        usual("1", " text:id:999 stat:REJECTD err:8"),
        {"text_id": "1", "state": MessageState.DELIVERED, "excerpt": b"id:999 stat:REJECTD err:8"},
    ),
    Case(
        "dates with seconds",
        usual("1", submit_date="260711070012", done_date="260711070359"),
        {"submit_date": datetime(2026, 7, 11, 7, 0, 12), "done_date": datetime(2026, 7, 11, 7, 3, 59)},
    ),
    Case(
        "dates with the full year",
        usual("1", submit_date="20260711070012", done_date="20260711070359"),
        {"submit_date": datetime(2026, 7, 11, 7, 0, 12), "done_date": datetime(2026, 7, 11, 7, 3, 59)},
    ),
    Case(
        "dates with the full year and no seconds",
        usual("1", submit_date="202607310700", done_date="202607310703"),
        {"submit_date": datetime(2026, 7, 31, 7, 0), "done_date": datetime(2026, 7, 31, 7, 3)},
    ),
    Case(
        "dates with a zone",
        usual("1", submit_date="180711070003912+", done_date="180711070104012-"),
        {
            "submit_date": datetime(2018, 7, 11, 7, 0, 3, 900_000, timezone(timedelta(hours=3))),
            "done_date": datetime(2018, 7, 11, 7, 1, 4, 0, timezone(timedelta(hours=-3))),
            "submit_raw": "180711070003912+",
        },
    ),
    Case(
        "dates with marks",
        usual("1", submit_date="2026-07-11 07:00:12", done_date="2026-07-11 07:03:59"),
        {"done_date": datetime(2026, 7, 11, 7, 3, 59), "done_raw": "2026-07-11 07:03:59"},
    ),
    Case(
        "pivot: year 37 is to come",
        usual("1", done_date="3707110703"),
        {"done_date": datetime(2037, 7, 11, 7, 3)},
    ),
    Case(
        "pivot: year 38 is past",
        usual("1", done_date="3807110703"),
        {"done_date": datetime(1938, 7, 11, 7, 3)},
    ),
    Case("date of zeros", usual("1", done_date="0000000000"), {"done_date": None, "done_raw": "0000000000"}),
    Case("date empty", usual("1", done_date=""), {"done_date": None, "state": MessageState.DELIVERED}),
    Case(
        "date of eleven digits",
        usual("1", done_date="26071107031"),
        {"done_date": None, "done_raw": "26071107031"},
    ),
    Case(
        "without sub and dlvrd",
        b"id:55a1 submit date:2607110700 done date:2607110703 stat:UNDELIV err:012 text:",
        {
            "text_id": "55a1",
            "sub": None,
            "dlvrd": None,
            "state": MessageState.UNDELIVERABLE,
            "err_number": 12,
        },
    ),
    Case(
        "state and id only",
        b"id:55a1 stat:DELIVRD",
        {"text_id": "55a1", "state": MessageState.DELIVERED, "done_date": None},
        unmarked=False,
    ),
    Case(
        "another order",
        b"stat:EXPIRED err:5 id:4410 done date:2607110703 submit date:2607110700 dlvrd:000 sub:001 text:Hi",
        {
            "text_id": "4410",
            "state": MessageState.EXPIRED,
            "err_number": 5,
            "dlvrd": 0,
            "sub": 1,
            "done_date": MINUTE_DONE,
            "submit_date": MINUTE_SUBMIT,
            "excerpt": b"Hi",
        },
    ),
    Case(
        "text in front, quoting a receipt",
        b"text:see id:999 stat:REJECTD id:4410 sub:001 dlvrd:001 done date:2607110703 stat:DELIVRD err:000",
        {"text_id": "4410", "state": MessageState.DELIVERED, "excerpt": b"see id:999 stat:REJECTD "},
    ),
    Case("id UUID", usual(UUID), {"text_id": UUID, "form": "plain"}),
    Case("id of 32 hex digits", usual(HEX32), {"text_id": HEX32}),
    Case("id of 10 digits", usual("4294967295"), {"text_id": "4294967295"}),
    Case("id of 18 digits", usual("100000000000000007"), {"text_id": "100000000000000007"}),
    Case("id of 65 characters", usual(LONG), {"text_id": LONG}),
    Case("id with leading zeros", usual("00ff"), {"text_id": "00ff"}),
    Case("id with marks", usual("SAR-8f/12.7:3"), {"text_id": "SAR-8f/12.7:3"}),
    Case(
        "hexadecimal id in the TLV, decimal in the text",
        usual("0305419896"),
        {"ids": ("12345678", "0305419896"), "ids_disagree": True, "states_disagree": False},
        {"receipted_message_id": b"12345678\0"},
    ),
    Case("err of one character", usual("1", err="0"), {"err": "0", "err_number": 0}),
    Case("err of four characters", usual("1", err="0034"), {"err": "0034", "err_number": 34}),
    Case("err hexadecimal", usual("1", err="21b"), {"err": "21b", "err_number": 0x21B}),
    Case("err with 0x", usual("1", err="0x0C"), {"err": "0x0C", "err_number": 12}),
    Case("err of letters", usual("1", err="NOTRX"), {"err": "NOTRX", "err_number": None}),
    Case("err empty", usual("1", err=""), {"err": None, "err_number": None, "excerpt": b"Your parcel"}),
    Case(
        "blanks after the colons",
        b"id: 4410 sub: 001 dlvrd: 001 submit date: 2607110700 done date: 2607110703 stat: DELIVRD err: 000 text: Hi",
        {
            "text_id": "4410",
            "err": "000",
            "state": MessageState.DELIVERED,
            "done_date": MINUTE_DONE,
            "excerpt": b" Hi",
        },
    ),
    Case(
        "keys in capitals",
        b"ID:4410 SUB:001 DLVRD:001 SUBMIT DATE:2607110700 DONE DATE:2607110703 STAT:DELIVRD ERR:000 TEXT:Hi",
        {"text_id": "4410", "state": MessageState.DELIVERED, "submit_date": MINUTE_SUBMIT, "excerpt": b"Hi"},
    ),
    Case(
        "keys with underscores, commas between",
        b"id:4410, sub:001, dlvrd:001, submit_date:2607110700, done_date:2607110703, stat:DELIVRD, err:000",
        {"text_id": "4410", "state": MessageState.DELIVERED, "done_date": MINUTE_DONE, "err": "000"},
    ),
    Case(
        "unknown keys between",
        b"id:4410 smsc:7 sub:001 dlvrd:001 submit date:2607110700 done date:2607110703 mcc:208 stat:DELIVRD err:000",
        {"text_id": "4410", "state": MessageState.DELIVERED, "dlvrd": 1},
    ),
    Case("unknown state", usual("1", stat="PARKED"), {"state": None, "stat": "PARKED", "text_id": "1"}),
    Case("extra NUL at the end", usual("4410") + b"\0", {"excerpt": b"Your parcel", "text_id": "4410"}),
    Case("extra NULs and no text", usual("4410", "") + b"\0\0", {"err": "000", "text_id": "4410"}),
    Case("NUL in front", b"\0" + usual("4410"), {"text_id": "4410", "state": MessageState.DELIVERED}),
    Case("line ends", usual("4410", "\r\n"), {"text_id": "4410", "err": "000"}),
    Case("UCS-2", usual("4410").decode().encode("utf-16-be"), {"text_id": "4410", "excerpt": b"Your parcel"}),
    Case(
        "TLVs only, text empty",
        b"",
        {
            "form": "tlv",
            "ids": ("7F",),
            "text_id": None,
            "state": MessageState.DELIVERED,
            "disagrees": False,
            "stat": None,
        },
        {"receipted_message_id": b"7F\0", "message_state": 2},
    ),
    Case(
        "TLV of state only",
        b"\0",
        {"form": "tlv", "ids": (), "state": MessageState.EXPIRED},
        {"message_state": 3},
    ),
    Case(
        "TLV of id only",
        b"Hi",
        {"ids": ("7F",), "state": None, "excerpt": b"Hi"},
        {"receipted_message_id": b"7F"},
    ),
    Case(
        "text and TLVs agree",
        usual("4410"),
        {"ids": ("4410",), "state": MessageState.DELIVERED, "disagrees": False, "form": "plain"},
        {"receipted_message_id": b"4410\0", "message_state": 2},
    ),
    Case(
        "text and TLVs disagree",
        usual("4410"),
        {
            "ids": ("4411", "4410"),
            "state": MessageState.UNDELIVERABLE,
            "text_state": MessageState.DELIVERED,
            "tlv_state": MessageState.UNDELIVERABLE,
            "disagrees": True,
            "states_disagree": True,
        },
        {"receipted_message_id": b"4411\0", "message_state": 5},
    ),
    Case(
        "TLV of state that SMPP does not define",
        usual("4410"),
        {"state": MessageState.DELIVERED, "tlv_state": None, "disagrees": False},
        {"message_state": 200},
    ),
    Case(
        "TLV of state unknown beside a text that knows",
        usual("4410"),
        {"state": MessageState.DELIVERED, "tlv_state": MessageState.UNKNOWN, "disagrees": True},
        {"message_state": 7},
    ),
    Case(
        "state in the TLV, text without it",
        b"id:4410 sub:001 dlvrd:001 submit date:2607110700 done date:2607110703 err:000",
        {"state": MessageState.REJECTED, "text_id": "4410"},
        {"message_state": 8},
    ),
    Case(
        "network error code",
        usual("4410", stat="UNDELIV"),
        {"network_error.network": 3, "network_error.code": 0x011B},
        {"network_error_code": b"\x03\x01\x1b"},
    ),
    Case(
        "network error code cut short",
        usual("4410"),
        {"network_error": None},
        {"network_error_code": b"\x03"},
    ),
    *(state_case(word, state) for word, state in WORDS.items()),
)

"""SMPP's numbers that are not statuses and not TLVs: commands, address types, message states.

spec: smpp34 5.1.2.1, 5.2.5, 5.2.6, 5.2.28
"""

from enum import IntEnum

HEADER_SIZE = 16
"""Length, command, status, sequence: four octets each."""
RESPONSE_BIT = 0x80000000
SEQUENCE_LAST = 0x7FFFFFFF
"""smpp34 5.1.4: the next one after it is 1."""


class Command(IntEnum):
    """Command ids. smpp34 table 5-1."""

    BIND_RECEIVER = 0x00000001
    BIND_TRANSMITTER = 0x00000002
    QUERY_SM = 0x00000003
    SUBMIT_SM = 0x00000004
    DELIVER_SM = 0x00000005
    UNBIND = 0x00000006
    REPLACE_SM = 0x00000007
    CANCEL_SM = 0x00000008
    BIND_TRANSCEIVER = 0x00000009
    OUTBIND = 0x0000000B
    ENQUIRE_LINK = 0x00000015
    SUBMIT_MULTI = 0x00000021
    ALERT_NOTIFICATION = 0x00000102
    DATA_SM = 0x00000103
    GENERIC_NACK = 0x80000000
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER_RESP = 0x80000002
    QUERY_SM_RESP = 0x80000003
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM_RESP = 0x80000005
    UNBIND_RESP = 0x80000006
    REPLACE_SM_RESP = 0x80000007
    CANCEL_SM_RESP = 0x80000008
    BIND_TRANSCEIVER_RESP = 0x80000009
    ENQUIRE_LINK_RESP = 0x80000015
    SUBMIT_MULTI_RESP = 0x80000021
    DATA_SM_RESP = 0x80000103


class Ton(IntEnum):
    """Type of number. smpp34 5.2.5"""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    """Numbering plan. smpp34 5.2.6"""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP_CLIENT = 18


class MessageState(IntEnum):
    """What became of a message; 0 and 9 are of version 5.0. smpp34 5.2.28, smpp50 4.7.15"""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9

    @property
    def final(self) -> bool:
        """Tell whether nothing more is to come. ACCEPTED is a step on the way by common use."""
        return self not in _ON_THE_WAY

    @property
    def word(self) -> str:
        """Give the seven-letter word used in receipt texts. smpp34 Appendix B"""
        return STATE_WORDS[self]


_ON_THE_WAY = frozenset({MessageState.SCHEDULED, MessageState.ENROUTE, MessageState.ACCEPTED, MessageState.UNKNOWN})

STATE_WORDS: dict[MessageState, str] = {
    # Never the long names: receivers compare seven letters.
    MessageState.SCHEDULED: "SCHEDLD",
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
    MessageState.SKIPPED: "SKIPPED",
}
STATE_OF_WORD: dict[str, MessageState] = {word: state for state, word in STATE_WORDS.items()}

"""The two bit fields of a message, read and written by masks: esm_class and registered_delivery.

Testing them by equality is the usual mistake: peers set several bits at once (0x44, 67).
spec: smpp34 5.2.12, 5.2.17, smpp50 4.7.12, 4.7.21, carriers/C.1#10 #12
"""

from enum import IntEnum

UDHI = 0x40
"""The message octets begin with a user data header."""
REPLY_PATH = 0x80
_MODE_MASK = 0x03
_TYPE_MASK = 0x3C
_RECEIPT_MASK = 0x03
_ACK_MASK = 0x0C
_INTERMEDIATE_BITS = 0x30
# smpp34 5.2.17 says bit 5 but draws bit 4, smpp50 4.7.21 says bit 4: either one asks for it.


class Mode(IntEnum):
    """Messaging mode, bits 1-0 of esm_class; without meaning in deliver_sm."""

    DEFAULT = 0
    DATAGRAM = 1
    FORWARD = 2
    STORE_AND_FORWARD = 3


class MessageType(IntEnum):
    """Message type, bits 5-2 of esm_class."""

    NORMAL = 0x00
    RECEIPT = 0x04
    DELIVERY_ACK = 0x08
    USER_ACK = 0x10
    CONVERSATION_ABORT = 0x18
    INTERMEDIATE = 0x20


class ReceiptWish(IntEnum):
    """Which final receipts are asked for, bits 1-0 of registered_delivery."""

    NONE = 0
    ALWAYS = 1
    ON_FAILURE = 2
    ON_SUCCESS = 3
    """Reserved in 3.4; smpp50 4.7.21."""


def mode(esm_class: int) -> Mode:
    """Read the messaging mode."""
    return Mode(esm_class & _MODE_MASK)


def message_type(esm_class: int) -> MessageType | None:
    """Read the message type; None for a reserved pattern."""
    return _TYPES.get(esm_class & _TYPE_MASK)


def is_receipt(esm_class: int) -> bool:
    """Tell whether it is a final delivery receipt, whatever the other bits say."""
    return esm_class & _TYPE_MASK == MessageType.RECEIPT


def is_intermediate(esm_class: int) -> bool:
    """Tell whether it is an intermediate notification."""
    return esm_class & _TYPE_MASK == MessageType.INTERMEDIATE


def has_udh(esm_class: int) -> bool:
    """Tell whether the message octets begin with a user data header."""
    return esm_class & UDHI != 0


def has_reply_path(esm_class: int) -> bool:
    """Tell whether a reply path is set."""
    return esm_class & REPLY_PATH != 0


def esm_class(
    mode: Mode = Mode.DEFAULT,
    message_type: MessageType = MessageType.NORMAL,
    udh: bool = False,
    reply_path: bool = False,
) -> int:
    """Build an esm_class."""
    return mode | message_type | (UDHI if udh else 0) | (REPLY_PATH if reply_path else 0)


def receipt_wish(registered_delivery: int) -> ReceiptWish:
    """Read which final receipts are asked for."""
    return ReceiptWish(registered_delivery & _RECEIPT_MASK)


def wants_receipt(registered_delivery: int, delivered: bool) -> bool:
    """Tell whether a message that ended so is to be reported."""
    wish = registered_delivery & _RECEIPT_MASK
    if wish == ReceiptWish.ALWAYS:
        return True
    return wish == (ReceiptWish.ON_SUCCESS if delivered else ReceiptWish.ON_FAILURE)


def wants_intermediate(registered_delivery: int) -> bool:
    """Tell whether intermediate notifications are asked for (bit 4, or bit 5 as the 3.4 text says)."""
    return registered_delivery & _INTERMEDIATE_BITS != 0


def wants_delivery_ack(registered_delivery: int) -> bool:
    """Tell whether the receiver's delivery acknowledgement is asked for."""
    return registered_delivery & _ACK_MASK & 0x04 != 0


def wants_user_ack(registered_delivery: int) -> bool:
    """Tell whether the user's own acknowledgement is asked for."""
    return registered_delivery & _ACK_MASK & 0x08 != 0


def registered_delivery(wish: ReceiptWish, intermediate: bool = False) -> int:
    """Build a registered_delivery; the intermediate bit is bit 4, which both versions draw."""
    return wish | (0x10 if intermediate else 0)


_TYPES: dict[int, MessageType] = {int(kind): kind for kind in MessageType}

"""Why a message went no further: one table for all vendors and carriers.

A row belongs here when a dialect, a route or a retry depends on it; what is only a carrier's wording stays in
the outcome's `detail`. Dialects and connectors translate to and from these names and invent none.
"""

from enum import Enum

from msgspec import Struct


class Retry(Enum):
    """Where another attempt makes sense."""

    HERE = "here"
    OTHER = "other connector"
    NO = "no"


class Fault(Enum):
    """Who has to mend it."""

    CLIENT = "client"
    CARRIER = "carrier"
    US = "us"
    RECEIVER = "receiver"


class Refusal(Struct, frozen=True):
    """One reason."""

    name: str
    retry: Retry
    fault: Fault
    sentence: str


_ROWS = (
    # before sending
    Refusal("bad_number", Retry.NO, Fault.CLIENT, "The receiver is not a phone number."),
    Refusal("no_route", Retry.NO, Fault.US, "No route leads to this receiver."),
    Refusal("opted_out", Retry.NO, Fault.RECEIVER, "The receiver asked for no more messages."),
    Refusal("no_price", Retry.NO, Fault.US, "No price is set for this destination."),
    Refusal("unencodable", Retry.NO, Fault.CLIENT, "The text cannot be written in the alphabet asked for."),
    Refusal("too_long", Retry.NO, Fault.CLIENT, "The text needs more parts than are allowed."),
    Refusal("abroad", Retry.NO, Fault.CLIENT, "This number writes to its own country only."),
    Refusal("barred", Retry.NO, Fault.RECEIVER, "The receiver's operator takes no messages from us."),
    Refusal("no_credits", Retry.NO, Fault.CLIENT, "The account could not pay for it."),
    Refusal("flood", Retry.NO, Fault.CLIENT, "Too many messages to this receiver in a short time."),
    Refusal("limit", Retry.NO, Fault.CLIENT, "The account's limit of messages is reached."),
    Refusal("forbidden_sender", Retry.NO, Fault.CLIENT, "The sender is not registered."),
    Refusal("forbidden_text", Retry.NO, Fault.CLIENT, "The text is not allowed."),
    Refusal("forbidden_number", Retry.NO, Fault.CLIENT, "The account's settings bar this receiver."),
    Refusal("closed", Retry.NO, Fault.CLIENT, "The account may not send at this hour."),
    Refusal("mailing", Retry.NO, Fault.CLIENT, "The account may not write to several receivers at once."),
    Refusal("new_address", Retry.NO, Fault.CLIENT, "It was sent from an address that is not confirmed."),
    Refusal("template_missing", Retry.NO, Fault.CLIENT, "The destination takes approved templates only."),
    # temporary, at the carrier
    Refusal("throttled", Retry.HERE, Fault.CARRIER, "The carrier asks us to slow down."),
    Refusal("queue_full", Retry.HERE, Fault.CARRIER, "The carrier's queue is full."),
    Refusal("busy", Retry.HERE, Fault.CARRIER, "The carrier has a temporary fault."),
    Refusal("link_down", Retry.OTHER, Fault.CARRIER, "The carrier cannot be reached."),
    Refusal("uncertain", Retry.HERE, Fault.CARRIER, "The carrier did not answer: it may have been sent."),
    # final, at the carrier
    Refusal("bad_sender", Retry.OTHER, Fault.CLIENT, "The carrier refuses this sender."),
    Refusal("bad_destination", Retry.OTHER, Fault.CLIENT, "The carrier does not know this receiver."),
    Refusal("bad_content", Retry.NO, Fault.CLIENT, "The carrier refuses this content."),
    Refusal("bad_parameter", Retry.OTHER, Fault.US, "The carrier found our request wrong."),
    Refusal("no_credit", Retry.OTHER, Fault.US, "Our account at the carrier is empty."),
    Refusal("rejected", Retry.OTHER, Fault.CARRIER, "The carrier refused the message."),
    Refusal("unknown", Retry.OTHER, Fault.CARRIER, "The carrier refused for a reason of its own."),
    # in a receipt
    Refusal("undeliverable", Retry.NO, Fault.RECEIVER, "The message could not be delivered."),
    Refusal("absent", Retry.NO, Fault.RECEIVER, "The handset was off or out of reach."),
    Refusal("blocked", Retry.NO, Fault.RECEIVER, "The number is wrong, barred or blocked."),
    Refusal("handset", Retry.NO, Fault.RECEIVER, "The handset could not take the message."),
    Refusal("network", Retry.NO, Fault.CARRIER, "The receiver's network failed."),
    Refusal("spam", Retry.NO, Fault.CLIENT, "The message was taken for spam."),
    Refusal("subscriber_credit", Retry.NO, Fault.RECEIVER, "The subscriber had no credit."),
    Refusal("deleted", Retry.NO, Fault.CARRIER, "The message was deleted at the carrier."),
    Refusal("carrier_expired", Retry.NO, Fault.RECEIVER, "It expired in the operator's centre."),
    Refusal("busy_line", Retry.NO, Fault.RECEIVER, "The receiver of the call was on the phone."),
    Refusal("no_answer", Retry.NO, Fault.RECEIVER, "Nobody answered the call."),
    Refusal("machine", Retry.NO, Fault.RECEIVER, "An answering machine took the call."),
    # ours, later
    Refusal("expired", Retry.NO, Fault.US, "Its validity ended before it could be sent."),
    Refusal("no_report", Retry.NO, Fault.CARRIER, "The carrier never told what became of it."),
    Refusal("cancelled", Retry.NO, Fault.CLIENT, "The client took it back."),
    Refusal("virtual", Retry.NO, Fault.CLIENT, "The account's sending is virtual: nothing was sent."),
)

TABLE: dict[str, Refusal] = {row.name: row for row in _ROWS}


def refusal(name: str) -> Refusal:
    """Look a reason up; a name nobody knows is `unknown`, never an error."""
    return TABLE.get(name, TABLE["unknown"])

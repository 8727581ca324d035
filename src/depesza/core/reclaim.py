"""What follows when an attempt on a phone ends badly, or the phone does not say how it ended. spec: devices/7"""

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from depesza.core import model
from depesza.core.devices import AttemptState, OnUnknown, Reason
from depesza.core.model import Priority


class Then(Enum):
    """What becomes of the message."""

    AGAIN = "again"
    """Back into the queue for phones: another SIM, or the network when none is left."""
    NETWORK = "network"
    WAIT = "wait"
    """The attempt stays open until the phone speaks."""
    HOLD = "hold"
    FAIL = "fail"
    EXPIRE = "expire"
    CANCEL = "cancel"


class Past(Struct, frozen=True, gc=False):
    """An attempt of the same message that is over."""

    sim: int
    device: int
    reason: Reason
    state: AttemptState
    done: int


GENERIC_TRIES = 2
"""SIMs on which a message fails without a reason before phones are given up."""


def policy(wished: OnUnknown, account: model.OnUnknown, priority: int, failover: bool) -> OnUnknown:
    """Choose what happens to a message that may have been sent: as wished, as the account says, or as it fits."""
    if wished is not OnUnknown.DEFAULT:
        return wished
    if account is model.OnUnknown.HOLD:
        return OnUnknown.HOLD
    if priority == Priority.BULK:
        return OnUnknown.WAIT
    if failover or priority == Priority.URGENT:
        return OnUnknown.RESEND
    return OnUnknown.FAIL


def spent(past: Sequence[Past], failover: bool, tries: int) -> bool:
    """Tell whether phones have had their chances with a message.

    An attempt that no phone ever saw counts only where the network can take over: else a phone that sleeps for an
    hour would cost the message its life.
    """
    counted = [each for each in past if failover or each.reason is not Reason.FENCE]
    generic = sum(each.reason is Reason.GENERIC for each in past)
    return len(counted) >= tries or generic >= GENERIC_TRIES


def after_failure(past: Sequence[Past], *, expires: int, failover: bool, tries: int, now: int) -> Then:
    """Decide once an attempt (the last of `past`) failed or was taken back."""
    if past[-1].reason is Reason.CANCELLED:
        return Then.CANCEL
    if past[-1].reason is Reason.FINAL:
        return Then.FAIL
    if 0 < expires <= now:
        return Then.EXPIRE
    if not spent(past, failover, tries):
        return Then.AGAIN
    return Then.NETWORK if failover else Then.FAIL


def after_silence(policy: OnUnknown, *, expires: int, now: int) -> Then:
    """Decide once a phone that may have sent a message is given up."""
    if policy is OnUnknown.HOLD:
        return Then.HOLD
    if 0 < expires <= now:
        return Then.EXPIRE
    if policy is OnUnknown.FAIL:
        return Then.FAIL
    return Then.AGAIN if policy is OnUnknown.RESEND else Then.WAIT

"""A carrier without a socket: it takes messages of every channel and delivers them as the receiver's last digits say.

For channels that have no carrier yet, for demonstrations and for tests; the shortest connector, so read this
one first. The rows are in `wire/fates.py`, which the SMPP simulator acts out over a real link. The files, subject
and voice of a message are not looked at: they stay with the message, for people to see.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from depesza.connectors.channels import Told, answers, told
from depesza.connectors.contract import Health, Link, Reports
from depesza.connectors.setup import Handle, Setup, World, read_settings
from depesza.connectors.smpp.words import refusal_of, status_name
from depesza.core.lookup import Finding, by_plan
from depesza.core.model import MICRO, Channel, Inbound, Message, Outcome, Receipt
from depesza.wire.fates import Answer, Fate, How, Subscriber, Tries, fate_of

CHANNELS = frozenset(Channel) - {Channel.PING}
"""What a route to it may carry: everything; a silent SMS goes the way of other SMS."""
_RETRY_AFTER = MICRO
_UNANSWERED = frozenset({How.SILENT, How.DROP, How.HANG})
_FOUND: dict[Subscriber, dict[str, object]] = {
    Subscriber.PRESENT: {"reachable": True},
    Subscriber.ABSENT: {"reachable": False, "error": "absent"},
    Subscriber.UNKNOWN: {"valid": False, "reachable": False, "error": "bad_destination"},
    Subscriber.BARRED: {"reachable": False, "error": "blocked"},
    Subscriber.ROAMING: {
        "reachable": True,
        "roaming": True,
        "roaming_country": "CH",
        "roaming_operator": "Virtual Abroad",
        "msc": "41790000000",
    },
    Subscriber.PORTED: {"reachable": True, "ported": True, "operator": "Virtual Mobile", "mnc": "99"},
}
"""How the numbering plan's word on a subscriber is changed."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """What can be set on a virtual carrier."""

    capacity: Annotated[int, Meta(ge=1, description="Messages that may be unanswered at once.")] = 1000
    latency: Annotated[float, Meta(ge=0, description="Seconds until a message is answered.")] = 0.0
    response: Annotated[
        float, Meta(gt=0, description="Seconds without an answer after which a message is uncertain.")
    ] = 30.0
    scale: Annotated[
        float, Meta(gt=0, description="Factor on the seconds of the table of fates; 0.1 is ten times faster.")
    ] = 1.0


class Virtual:
    """One virtual carrier."""

    def __init__(self, setup: Setup, reports: Reports, world: World) -> None:
        self.id = setup.id
        self.name = setup.name
        self._settings = read(setup.settings)
        self._reports = reports
        self._world = world
        self._link = Link.DOWN
        self._held: dict[int, Message] = {}
        self._timers: set[Handle] = set()
        self._tries = Tries()
        self._count = 0

    @property
    def room(self) -> int:
        """How many messages it would take now."""
        return self.capacity - len(self._held) if self._link is Link.UP else 0

    @property
    def capacity(self) -> int:
        """How many messages may be unanswered."""
        return self._settings.capacity

    @property
    def link(self) -> Link:
        """How the link stands."""
        return self._link

    @property
    def health(self) -> Health:
        """How it stands."""
        return Health(self._link, "", int(self._link is Link.UP), len(self._held))

    def start(self) -> None:
        """Be there from the next turn on."""
        self._later(0.0, self._open)

    def send(self, message: Message) -> None:
        """Take one message and let its fate begin."""
        self._held[message.id] = message
        fate = fate_of(message.receiver)
        answer = self._tries.answer(fate, (message.content.sender, message.receiver, message.body))
        settings = self._settings
        after = settings.latency + answer.after * settings.scale
        remote = self._next_remote() if answer.taken else ""
        if answer.how not in _UNANSWERED:
            self._later(after, partial(self._answer, message.id, answer, remote))
        else:
            silent = settings.response if answer.how is not How.DROP else settings.latency
            self._later(silent, partial(self._give_up, message.id, answer.how.value))
        if answer.taken:
            self._schedule_receipts(message, fate, remote, after)

    def lookup(self, number: str, answer: Callable[[Finding | None], None]) -> None:
        """Tell of a number what its last digits say; nothing of one whose network is silent."""
        subscriber = fate_of(number).subscriber
        if subscriber is not Subscriber.SILENT:
            self._later(self._settings.latency, partial(answer, finding_of(number, subscriber)))

    def matched(self, receipt: Receipt, remote: str) -> None:
        """Learn nothing: the ids of this carrier come back as they went out."""

    async def stop(self, grace: float) -> None:
        """Answer what is unanswered as uncertain; receipts that have not come will never come."""
        self._link = Link.STOPPED
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for message in list(self._held):
            self._give_up(message, "stopped")

    def _open(self) -> None:
        if self._link is Link.DOWN:
            self._link = Link.UP
            self._reports.ready(self.id)

    def _next_remote(self) -> str:
        """Make an id that no earlier run has given."""
        self._count += 1
        return f"v{self._world.now():x}.{self._count:x}"

    def _schedule_receipts(self, message: Message, fate: Fate, remote: str, answered: float) -> None:
        """Set a timer for each receipt and for the phone's answer."""
        scale, last = self._settings.scale, answered
        for each in told(message, fate):
            last = each.after * scale if each.before_response else answered + each.after * scale
            self._later(last, partial(self._report, remote, each))
        reply = answers(message, fate)
        if reply:
            self._later(last, partial(self._reply, message, reply))

    def _answer(self, message: int, answer: Answer, remote: str) -> None:
        at = self._world.now()
        if answer.status:
            reason = refusal_of(answer.status, {})
            self._settle(Outcome(message, at, (), reason, _RETRY_AFTER, status_name(answer.status)))
        else:
            self._settle(Outcome(message, at, (remote,)))

    def _give_up(self, message: int, why: str) -> None:
        self._settle(Outcome(message, self._world.now(), (), "uncertain", _RETRY_AFTER, why))

    def _settle(self, outcome: Outcome) -> None:
        if self._held.pop(outcome.message, None) is not None:
            self._reports.outcome(self.id, outcome)
            if self._link is Link.UP:
                self._reports.ready(self.id)

    def _report(self, remote: str, told: Told) -> None:
        """Tell a receipt, again after a second whenever it could not be taken."""
        at = self._world.now()
        receipt = Receipt(self.id, (remote,), told.state, told.refusal, at, at, f"id:{remote} {told.text}")
        self._reports.receipt(receipt, partial(self._done, partial(self._report, remote, told)))

    def _reply(self, message: Message, text: str) -> None:
        inbound = Inbound(self.id, message.receiver, message.content.sender, text, self._world.now())
        again = partial(self._reply, message, text)
        self._reports.inbound(inbound, partial(self._done, again))

    def _done(self, again: Callable[[], None], taken: bool) -> None:
        if not taken and self._link is Link.UP:
            self._later(1.0, again)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        timer: list[Handle] = []

        def ring() -> None:
            self._timers.discard(timer[0])
            call()

        timer.append(self._world.call_later(seconds, ring))
        self._timers.add(timer[0])


def finding_of(number: str, subscriber: Subscriber) -> Finding:
    """Tell what the network of a number says of its subscriber; nobody has a number outside the plan."""
    plan = by_plan(number)
    if not plan.valid:
        return msgspec.structs.replace(plan, reachable=False, source="network")
    found = msgspec.structs.replace(plan, source="network", **_FOUND[subscriber])
    if not found.valid:
        return found
    imsi = found.mcc + (found.mnc or "01") + number[-9:]
    home = number.lstrip("+")[:-7] + "0000000"
    return msgspec.structs.replace(found, imsi=imsi, msc=found.msc or (home if found.reachable else ""))


def read(data: bytes) -> Settings:
    """Read settings from JSON; SettingsError names the field."""
    return read_settings(data, Settings)


def build(setup: Setup, reports: Reports, world: World) -> Virtual:
    """Make a virtual carrier; SettingsError names what is wrong."""
    return Virtual(setup, reports, world)

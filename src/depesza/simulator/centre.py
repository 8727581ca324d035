"""The message centre: what becomes of each submit, and of the news that follows it.

A number's fate (`wire.fates`), or a fault drawn for an ordinary one, says how a submit is answered and which
receipts follow; the centre acts it out. Phones get their texts when the fate says delivered.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Final, NamedTuple

from depesza.simulator.account import Account, Later
from depesza.simulator.behaviour import Behaviour
from depesza.simulator.counts import Counts
from depesza.simulator.line import Line
from depesza.simulator.messages import Book, Ids, Log, Logged, Message, PartInfo
from depesza.simulator.phones import Phones, Text
from depesza.simulator.receipts import ReceiptWriter
from depesza.simulator.settings import SimulatorSettings
from depesza.simulator.texts import carried, languages_of, read_octets, write_reply
from depesza.wire import Malformed
from depesza.wire.fates import DELIVERED, Answer, Fate, How, News, Tries, fate_of
from depesza.wire.smpp.codec import message_octets, pack
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.flags import wants_intermediate, wants_receipt
from depesza.wire.smpp.pdus import DataSm, DataSmResp, GenericNack, Response, SubmitSm, SubmitSmResp
from depesza.wire.smpp.segments import read_segment
from depesza.wire.smpp.status import ROK, RTHROTTLED, look
from depesza.wire.smpp.times import fault_in_times, read_time

SILENCE: Final = "(none)"
EARLY_LEAD: Final = 0.05
"""Seconds by which a receipt overtakes its response: the two may travel over two connections."""
_NOISE: Final = bytes.fromhex("0000001c 0badbeef 00000000 7ffffff0") + b"no such PDU\0"
_OUT_OF_STEP: Final = b"\xff\xff\xff\xff this is no PDU "

Submit = SubmitSm | DataSm


class Verdict(NamedTuple):
    """What one submit to one receiver gets."""

    fate: Fate
    answer: Answer


_ORDINARY: Final = Verdict(DELIVERED, DELIVERED.answer)
(_DELIVERED,) = DELIVERED.receipts


class Centre:
    """Takes messages and acts out their fates."""

    def __init__(
        self,
        settings: SimulatorSettings,
        behaviour: Behaviour,
        counts: Counts,
        chance: Random,
        clock: Callable[[], float],
        now: Callable[[], float],
        later: Later,
    ) -> None:
        """`clock` goes on evenly, `now` is the epoch's time, `later` calls after some seconds."""
        self.behaviour = behaviour
        self.counts = counts
        self.phones = Phones(settings)
        self.book = Book(settings.remember)
        self.log = Log(settings.log)
        self.ids = Ids(settings.message_ids, chance)
        self._has_fates = settings.fates
        self._has_phones = settings.phones
        self._alphabet = settings.alphabet
        self._writer = ReceiptWriter(settings, self.ids)
        self._tries = Tries()
        self._clock = clock
        self._now = now
        self._later = later
        self._reference = 0

    # Submits

    def submit(self, account: Account, line: Line, sequence: int, pdu: Submit) -> None:
        """Take or refuse one message, and answer it as its fate wants."""
        refusal = self.refusal(account, pdu)
        if refusal:
            self.count(line, pdu, "", DELIVERED, look(refusal).name)
            line.answer(sequence, pdu.response(refusal))
            return
        verdict = self.judge(account, pdu)
        if verdict is _ORDINARY and self.behaviour.prompt and isinstance(pdu, SubmitSm) and not _is_timed(pdu):
            self._at_once(account, line, sequence, pdu)
        else:
            self._act(account, line, sequence, pdu, verdict)

    def _at_once(self, account: Account, line: Line, sequence: int, pdu: SubmitSm) -> None:
        """Deliver: the short way of `_act` for nearly all messages."""
        message = self.take(account, pdu, DELIVERED)
        self.count(line, pdu, message.id, DELIVERED, "ROK")
        line.answer(sequence, SubmitSmResp(ROK, message.id))
        self._tell(message, _DELIVERED)
        self.book.enter(message)

    def _act(self, account: Account, line: Line, sequence: int, pdu: Submit, verdict: Verdict) -> None:
        answer = verdict.answer
        message = self.take(account, pdu, verdict.fate) if answer.taken else None
        self.count(line, pdu, message.id if message else "", verdict.fate, _told(answer))
        if message is not None and self._overtaken(message):
            self._later(EARLY_LEAD + self._delay(answer), lambda: self._answer(line, sequence, pdu, answer, message))
            return
        delay = self._delay(answer)
        if delay:
            self._later(delay, lambda: self._answer(line, sequence, pdu, answer, message))
        else:
            self._answer(line, sequence, pdu, answer, message)

    def refusal(self, account: Account, pdu: Submit) -> int:
        """Tell the status that refuses a request before its fate is looked at; 0 for none."""
        per_second = self.behaviour.per_second
        if per_second and not account.allowance.spend(per_second, self._clock()):
            return RTHROTTLED
        if isinstance(pdu, SubmitSm) and _is_timed(pdu):
            return fault_in_times(pdu, self.date()) or ROK
        return ROK

    def judge(self, account: Account, pdu: Submit) -> Verdict:
        """Look up the fate of one try, or draw one."""
        fate = fate_of(pdu.destination_addr) if self._has_fates else DELIVERED
        if fate is DELIVERED:
            drawn = self.behaviour.draw() if self.behaviour.faulty else None
            return _ORDINARY if drawn is None else Verdict(drawn[1], drawn[2])
        if not fate.tries:
            return Verdict(fate, fate.answer)
        key = (account.system_id, pdu.source_addr, pdu.destination_addr, message_octets(pdu))
        return Verdict(fate, self._tries.answer(fate, key))

    def take(self, account: Account, pdu: Submit, fate: Fate, message_id: str = "") -> Message:
        """Make a message of a submit; its news is to be started by `start`."""
        self.counts.taken += 1
        return Message(message_id or self.ids.next(), account, pdu, fate, self._now())

    def start(self, message: Message) -> None:
        """Let the news of a message come, now or in its time."""
        begin, end = self._span(message)
        begin += self.behaviour.receipt_latency
        receipts = message.fate.receipts
        for news in receipts:
            if news.before_response:
                continue
            after = begin + news.after * self.behaviour.time_scale
            if after > end:
                self._tell_later(message, News(MessageState.EXPIRED, err="027"), end)
                break
            self._tell_later(message, news, after)
        if not receipts:
            message.state = MessageState.DELIVERED
            self._give(message)
        self.book.enter(message)

    def cancel(self, message: Message) -> None:
        """Take a pending message back; its sender is told, if it asked for receipts."""
        self._tell(message, News(MessageState.DELETED))
        self.forget(message)

    def forget(self, message: Message) -> None:
        """Let nothing more become of a pending message."""
        message.cancelled = True
        self.book.settle(message)

    def _answer(self, line: Line, sequence: int, pdu: Submit, answer: Answer, message: Message | None) -> None:
        if answer.how is How.RESPOND:
            line.answer(sequence, pdu.response(answer.status) if message is None else _taken(pdu, message))
        else:
            self._misbehave(line, sequence, pdu, answer, message)
        if message is not None:
            self.start(message)

    def _misbehave(self, line: Line, sequence: int, pdu: Submit, answer: Answer, message: Message | None) -> None:
        """Do what no good carrier does."""
        if answer.how is How.SILENT:
            line.swallow(sequence, pdu.response())
        elif answer.how is How.NACK:
            line.swallow(sequence, pdu.response())
            line.garble(pack(GenericNack(answer.status), sequence))
        elif answer.how is How.DROP:
            line.drop()
        elif answer.how is How.HANG:
            line.hang()
        elif answer.how in (How.GARBAGE, How.OUT_OF_STEP) and message is not None:
            line.answer(sequence, _taken(pdu, message))
            line.garble(_NOISE if answer.how is How.GARBAGE else _OUT_OF_STEP)

    def _overtaken(self, message: Message) -> bool:
        """Tell the news that comes before the response, if the fate has any."""
        early = [news for news in message.fate.receipts if news.before_response]
        for news in early:
            self._tell(message, news)
        return bool(early)

    def _delay(self, answer: Answer) -> float:
        return self.behaviour.response_latency + answer.after * self.behaviour.time_scale

    def _span(self, message: Message) -> tuple[float, float]:
        """Tell after how many seconds the delivery begins, and after how many it is given up."""
        pdu = message.pdu
        if isinstance(pdu, DataSm) or not _is_timed(pdu):
            return 0.0, float("inf")
        date = self.date()
        start = read_time(pdu.schedule_delivery_time, date)
        end = read_time(pdu.validity_period, date)
        begin = max((start - date).total_seconds(), 0.0) if start else 0.0
        return begin, (end - date).total_seconds() if end else float("inf")

    # News

    def _tell_later(self, message: Message, news: News, after: float) -> None:
        if after <= 0:
            self._tell(message, news)
            return
        message.open += 1
        self._later(after, lambda: self._tell_in_time(message, news))

    def _tell_in_time(self, message: Message, news: News) -> None:
        message.open -= 1
        if message.cancelled:
            return
        self._tell(message, news)
        if not message.open:
            self.book.settle(message)

    def _tell(self, message: Message, news: News) -> None:
        """Let one piece of news happen: to the message, its sender and its phone."""
        now = self._now()
        state = news.state
        message.state, message.err = state, news.err
        if state.final:
            message.done = now
        if _is_wanted(message.pdu.registered_delivery, state):
            message.account.post(self._writer.write(message, news, now))
        if state is MessageState.DELIVERED:
            self._give(message)

    def _give(self, message: Message) -> None:
        """Let the phone have a text, once, and answer it if that is its way."""
        if message.given or not self._has_phones:
            return
        message.given = True
        text = self.phones.take(message, self._now())
        if text is not None and message.fate.reply and not text.carried.silent:
            self.reply(text.phone, text.other, message.fate.reply_to(text.text), message.account)

    def reply(self, phone: str, to: str, text: str, account: Account) -> Text:
        """Let a phone send a text to a customer; Unencodable when it is too long."""
        self._reference = (self._reference + 1) & 0xFF
        parts = write_reply(phone, to, text, self._alphabet, self._reference)
        for part in parts:
            account.post(part)
        self.counts.replies += 1
        sent = Text("sent", phone, to, text, self._now(), len(parts), (), account.system_id)
        self.phones.keep(sent)
        return sent

    # Counting

    def count(self, line: Line, pdu: Submit, message_id: str, fate: Fate, status: str) -> None:
        """Count a submit to one receiver, and log it where that is wanted."""
        counts = self.counts
        counts.submits += 1
        counts.statuses[status] += 1
        if fate is not DELIVERED:
            counts.fates[fate.name] += 1
        if self.log:
            self._note(line, pdu, message_id, fate, status)

    def _note(self, line: Line, pdu: Submit, message_id: str, fate: Fate, status: str) -> None:
        try:
            segment, octets = read_segment(pdu)
        except Malformed:
            segment, octets = None, message_octets(pdu)
        text = read_octets(octets, pdu.data_coding, self._alphabet, languages_of(pdu))
        part = PartInfo.of(segment) if segment else None
        self.log.entries.append(
            Logged(
                message_id,
                line.system_id,
                line.number,
                pdu.source_addr,
                pdu.destination_addr,
                text,
                pdu.data_coding,
                part,
                self._now(),
                fate.name,
                status,
                carried(pdu, octets, self._alphabet),
            )
        )

    def date(self) -> datetime:
        """Tell what time it is."""
        return datetime.fromtimestamp(self._now(), UTC)


def _taken(pdu: Submit, message: Message) -> Response:
    if isinstance(pdu, SubmitSm):
        return SubmitSmResp(ROK, message.id)
    return DataSmResp(ROK, message.id)


def _is_timed(pdu: SubmitSm) -> bool:
    return bool(pdu.schedule_delivery_time or pdu.validity_period)


def _told(answer: Answer) -> str:
    """Name the status that a client reads, for the statistics."""
    if answer.how in (How.RESPOND, How.NACK):
        return look(answer.status).name
    return look(ROK).name if answer.how in (How.GARBAGE, How.OUT_OF_STEP) else SILENCE


def _is_wanted(registered_delivery: int, state: MessageState) -> bool:
    """Tell whether the sender asked to be told of a state. carriers/C.1#12"""
    if state.final:
        return wants_receipt(registered_delivery, state is MessageState.DELIVERED)
    always = wants_receipt(registered_delivery, True) and wants_receipt(registered_delivery, False)
    return always or wants_intermediate(registered_delivery)

"""Submits of a customer: read, taken by a service in the next commit, answered when it is on disk.

spec: smsc/4.2 carriers/C.1#9 - #12 #19 #26 #27
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import structlog

from depesza.core.facts import Account
from depesza.core.ledger import NotEnoughCredits
from depesza.core.model import Submission
from depesza.core.planning import Refused as PlanRefused
from depesza.dialects.contract import Context
from depesza.dialects.smpp import addresses, codes, reading
from depesza.dialects.smpp.customer import Customer
from depesza.dialects.smpp.line import Line
from depesza.dialects.smpp.reading import Submit
from depesza.dialects.smpp.refusing import Refused
from depesza.services import changes, segments
from depesza.services.changes import Taken
from depesza.services.segments import Piece, Placed
from depesza.services.submit import submit_each
from depesza.store.contract import Busy, Stopped, StoreError
from depesza.wire.smpp import status
from depesza.wire.smpp.pdus import (
    Address,
    DataSm,
    DataSmResp,
    DistributionList,
    Response,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Unsuccessful,
)

log = structlog.get_logger()

Answer = Callable[[Line, int, Submit, Response], None]
"""Writes the response to a request, by its line and sequence number, and counts it."""
_Result = int | Taken | Exception
"""What became of a submit to one receiver: its message's id (0: the receiver is no number), or more, or an error."""
MOST_DESTINATIONS = 255
TOGETHER = 128
"""Submits that one service takes at most."""


class _Simple(NamedTuple):
    """A submit that needs nothing but to be taken."""

    line: Line
    sequence: int
    pdu: Submit
    account: Account
    submission: Submission


class Submitting:
    """Takes submits."""

    def __init__(self, context: Context, answer: Answer) -> None:
        self._context = context
        self._answer = answer
        self._together: list[_Simple] = []
        """Came in one piece of a line's octets."""

    def take(self, customer: Customer, account: Account, line: Line, sequence: int, pdu: Submit) -> None:
        """Take or refuse a request; it is answered after the commit. `hand_over` follows."""
        try:
            self._check(customer, account, line, pdu)
        except Refused as error:
            self._answer(line, sequence, pdu, pdu.response(status_of(error, account.home)))
            return
        line.taking += 1
        try:
            running = self._begin(account, line, sequence, pdu)
        except (Refused, Busy, Stopped) as error:
            self._finish(line, sequence, pdu, pdu.response(status_of(error, account.home)))
            return
        if running is not None:
            asyncio.ensure_future(running).add_done_callback(
                lambda done: self._finish(line, sequence, pdu, self._response(account, pdu, done))
            )

    def _finish(self, line: Line, sequence: int, pdu: Submit, response: Response) -> None:
        line.taking -= 1
        self._answer(line, sequence, pdu, response)

    def hand_over(self) -> None:
        """Give what came together, all of one account, to the store."""
        together, self._together = self._together, []
        for start in range(0, len(together), TOGETHER):
            self._run(together[start : start + TOGETHER])

    def _run(self, group: Sequence[_Simple]) -> None:
        context, account = self._context, group[0].account
        submissions = [simple.submission for simple in group]
        common = context.lanes, context.policy, context.now()
        try:
            running: Awaitable[Sequence[_Result]]
            if codes.counts(account):
                running = context.store.run(changes.count_each, account, submissions, *common)
            else:
                running = context.store.run(submit_each, account, submissions, *common)
        except (Busy, Stopped) as error:
            self._refuse(group, error)
            return
        asyncio.ensure_future(running).add_done_callback(lambda done: self._answer_each(group, done))

    def _answer_each(self, group: Sequence[_Simple], done: "asyncio.Future[Sequence[_Result]]") -> None:
        error = _error_of(done)
        if error is None:
            for (line, sequence, pdu, account, _), taken in zip(group, done.result(), strict=True):
                self._finish(line, sequence, pdu, _answer_to(pdu, taken, account.home))
        elif len(group) == 1 or isinstance(error, StoreError):  # whose commit may have happened all the same
            self._refuse(group, error)
        else:  # what one of them has met, be it a defect of ours, need not hinder the others
            for simple in group:
                self._run([simple])

    def _refuse(self, group: Sequence[_Simple], error: BaseException) -> None:
        for line, sequence, pdu, account, _ in group:
            self._finish(line, sequence, pdu, pdu.response(status_of(error, account.home)))

    @staticmethod
    def _check(customer: Customer, account: Account, line: Line, pdu: Submit) -> None:
        count = len(pdu.destinations) if isinstance(pdu, SubmitMulti) else 1
        if not 0 < count <= MOST_DESTINATIONS:
            raise Refused("destinations")
        refusal = customer.refusal(account, line, count)
        if refusal:
            raise Refused(refusal)

    def _begin(self, account: Account, line: Line, sequence: int, pdu: Submit) -> Awaitable[object] | None:
        """Hand a request to its service, and give what to wait for: None for those that are handed over together.

        Raises `Refused`, `Busy`, `Stopped`.
        """
        context = self._context
        now = context.now()
        asked, segment = reading.read(pdu, now)
        counts, store = codes.counts(account), context.store
        common = context.lanes, context.policy, now
        replaces = not isinstance(pdu, DataSm) and bool(pdu.replace_if_present_flag)
        if segment is not None and segment.total > 1:
            if replaces or isinstance(pdu, SubmitMulti):
                raise Refused("parts")
            return self._placed(account, reading.piece(account, asked, segment), now)
        if not asked.destinations:
            raise Refused("distribution")
        submission = reading.submission(store.facts, account, asked)
        if not (replaces or isinstance(pdu, SubmitMulti)):
            self._together.append(_Simple(line, sequence, pdu, account, submission))
            return None
        self.hand_over()  # what came before goes before
        if replaces:
            return store.run(changes.supersede, account, submission, counts, *common)
        return store.run(changes.take, account, submission, "", counts, *common)

    async def _placed(self, account: Account, piece: Piece, now: int) -> Placed:
        """Place a piece; when the whole is refused the pieces before it are told so."""
        context = self._context
        try:
            return await context.store.run(
                segments.place, account, piece, reading.whole, codes.counts(account), context.lanes, context.policy, now
            )
        except (Refused, PlanRefused, NotEnoughCredits) as error:
            await context.store.insist(segments.refuse, account, piece, refusal_of(error), now)
            raise

    def _response(self, account: Account, pdu: Submit, done: "asyncio.Future[object]") -> Response:
        error = _error_of(done)
        if error is not None:
            return pdu.response(status_of(error, account.home))
        result = done.result()
        if isinstance(result, Placed):
            failed = _failed(result.taken, account.home) if result.taken is not None else 0
            return pdu.response(failed) if failed else _with_id(pdu, str(result.id))
        assert isinstance(result, Taken)
        if isinstance(pdu, SubmitMulti):
            return _multi_response(pdu, result, account.home)
        return _answer_to(pdu, result, account.home)


def _error_of(done: "asyncio.Future[Any]") -> BaseException | None:
    """Tell what a service raised; one that was cancelled met the end of the store."""
    return done.exception() if not done.cancelled() else Stopped()


def _answer_to(pdu: Submit, result: _Result, home: str) -> Response:
    """Answer a submit to one receiver."""
    if isinstance(result, int):
        return _with_id(pdu, str(result)) if result else pdu.response(status.RINVDSTADR)
    if isinstance(result, Exception):
        return pdu.response(status_of(result, home))
    failed = _failed(result, home)
    return pdu.response(failed) if failed else _with_id(pdu, result.name)


def _with_id(pdu: Submit, id: str) -> Response:
    return SubmitSmResp(status.ROK, id) if isinstance(pdu, SubmitSm) else DataSmResp(status.ROK, id)


def _failed(taken: Taken, home: str) -> int:
    """Give the status for a submission of which nothing was taken; ROK for any other."""
    if taken.messages:
        return status.ROK
    return codes.status_of(taken.refused[0][1], home) if taken.refused else status.RINVDSTADR


def _multi_response(pdu: SubmitMulti, taken: Taken, home: str) -> SubmitMultiResp:
    """Tell which receivers were not taken; with none that was, the request failed."""
    failed = _failed(taken, home)
    if failed:
        return SubmitMultiResp(failed)
    good, refused = {receiver for receiver, _ in taken.messages}, dict(taken.refused)
    errors = [_unsuccessful(one, good, refused, home) for one in pdu.destinations]
    return SubmitMultiResp(status.ROK, taken.name, tuple(error for error in errors if error is not None))


def _unsuccessful(
    destination: Address | DistributionList, good: set[str], refused: dict[str, str], home: str
) -> Unsuccessful | None:
    if isinstance(destination, DistributionList):
        return Unsuccessful(destination.name, error=status.RINVDLNAME)
    receiver = addresses.read_destination(destination.addr)
    if receiver in good:
        return None
    error = codes.status_of(refused[receiver], home) if receiver in refused else status.RINVDSTADR
    return Unsuccessful(destination.addr, destination.ton, destination.npi, error)


def refusal_of(error: BaseException) -> str:
    """Name what a service raised; empty for what is no refusal."""
    if isinstance(error, NotEnoughCredits):
        return "no_credit"
    return error.name if isinstance(error, Refused | PlanRefused) else ""


def status_of(error: BaseException, home: str) -> int:
    """Choose the command_status for what a service raised."""
    refusal = refusal_of(error)
    if refusal:
        return codes.status_of(refusal, home)
    if isinstance(error, Busy):
        return status.RMSGQFUL
    if not isinstance(error, Stopped):
        log.error("smpp.request_failed", error=repr(error), exc_info=error)
    return status.RSYSERR

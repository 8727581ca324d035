"""One SMPP connection without a socket, in both roles: bytes and time in, events and bytes out.

Whoever pumps it writes what `outgoing` gives and closes once `closed` is true; see the package's page.
spec: smpp34 2, 3, carriers/C.1#1 - #9, #19 - #22
"""

from math import inf
from typing import Final, Generic

from depesza.wire.smpp import answers, events, pdus
from depesza.wire.smpp import status as codes
from depesza.wire.smpp.codec import HEADER, PACKERS, READERS
from depesza.wire.smpp.constants import HEADER_SIZE, RESPONSE_BIT
from depesza.wire.smpp.control import Control
from depesza.wire.smpp.errors import Broken, NotAllowed, WindowFull
from depesza.wire.smpp.events import Event, Token
from depesza.wire.smpp.framing import Rest
from depesza.wire.smpp.leaving import Leaving, Step
from depesza.wire.smpp.pdus import Pdu, RawTlvs, Request, Response
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import BOUND, BOUND_BY, SENDABLE, Role, State, allowed
from depesza.wire.smpp.timers import Watch
from depesza.wire.smpp.tlvs import SC_INTERFACE_VERSION
from depesza.wire.smpp.window import Window

_NOTHING: Final[frozenset[type[Pdu]]] = frozenset()


class Session(Generic[Token]):
    """One connection, from open to closed."""

    def __init__(self, role: Role, settings: Settings, now: float) -> None:
        self.role = role
        self.settings = settings
        self.state = State.OPEN
        self.peer: pdus.Bind | pdus.BindResp | None = None
        """Server: the bind that was accepted. Client: the response that accepted ours."""
        self.peer_version: int | None = None
        """The interface version that the peer told."""
        self.congestion: int | None = None
        """Server: what to say in congestion_state, 0-100; None says nothing."""
        self._patience = settings.timers.response or inf
        self._clock = now
        self._timers = Watch(settings, now)
        self._leaving = Leaving(settings.timers.response)
        self._window: Window[Token] = Window(settings.window)
        self._pending = self._window.pending
        self._incoming: dict[int, type[Request]] = {}
        self._control = Control(settings.timers.response)
        self._bind: pdus.Bind | None = None
        """The bind under way, ours or theirs."""
        self._sendable = self._served = _NOTHING
        self._rest = Rest(settings.max_pdu)
        self._out: list[bytes] = []
        self.written = b""
        """Octets of the request sent last."""
        self._events: list[Event[Token]] = []

    # To look at

    @property
    def bound(self) -> bool:
        """Whether requests may pass; also while draining."""
        return self.state in BOUND

    @property
    def closed(self) -> bool:
        """Whether the connection is to be closed once all that is outgoing is written."""
        return self.state is State.CLOSED

    @property
    def room(self) -> int:
        """How many requests may be sent now: free slots of the window; 0 when none may be."""
        return self.settings.window - len(self._pending) if self._sendable else 0

    @property
    def pending(self) -> int:
        """How many requests of ours are unanswered."""
        return len(self._pending)

    @property
    def unanswered(self) -> int:
        """How many requests of the peer we have not answered."""
        return len(self._incoming)

    # Bytes and time

    def receive(self, data: bytes, now: float) -> list[Event[Token]]:
        """Take what came over the connection, in any cut."""
        self._clock = now
        if self.state is not State.CLOSED:
            self._read(data)
            if self._events:
                self._timers.active = now
        return self._take_events()

    def outgoing(self) -> bytes:
        """Give all that is to be written, once."""
        out = self._out
        if not out:
            return b""
        self._out = []
        return out[0] if len(out) == 1 else b"".join(out)

    def tick(self, now: float) -> list[Event[Token]]:
        """Let the timers see the time."""
        self._clock = now
        if self.state is not State.CLOSED:
            for token, sequence in self._window.expire(now):
                self._events.append(events.Uncertain(token, sequence))
            self._look_at_timers(now)
            self._proceed()
        return self._take_events()

    def next_tick(self) -> float:
        """Tell when `tick` has something to do: `inf` for never, 0.0 for at once."""
        if self._events:
            return 0.0
        if self.state is State.CLOSED:
            return inf
        state, timers = self.state, self._timers
        return min(
            self._window.deadline(),
            self._control.deadline(),
            self._leaving.deadline,
            timers.init_due(state),
            timers.enquiry_due(state, len(self._control) > 0),
            inf if self._leaving.draining else timers.inactivity_due(state),
        )

    def close(self, reason: str = "closed") -> list[Event[Token]]:
        """Take the connection as gone (or drop it now); nothing happens the second time."""
        self._finish(reason)
        return self._take_events()

    # Intents, both roles

    def request(self, pdu: Request, token: Token, now: float) -> int:
        """Send a request and give its sequence number; an event will bring the token back.

        Raises NotAllowed in a wrong state, WindowFull without room, Unencodable for values that do not fit.
        """
        kind = type(pdu)
        if kind not in self._sendable:
            raise self._not_allowed(kind)
        pending = self._pending
        if len(pending) >= self.settings.window:
            raise WindowFull(f"{len(pending)} requests are unanswered")
        sequence = self._window.next_sequence(self._control)
        self.written = PACKERS[kind](pdu, sequence)
        self._out.append(self.written)
        pending[sequence] = (token, pdu.response, now + self._patience)
        self._clock = self._timers.active = now
        return sequence

    def submit(self, pdu: pdus.SubmitSm, token: Token, now: float) -> int:
        """Send a submit_sm: `request`, said for the most frequent one."""
        return self.request(pdu, token, now)

    def answer(self, sequence: int, response: Response) -> bool:
        """Answer a request of the peer; False when the session was closed meanwhile (nobody listens).

        Raises NotAllowed when no request with this sequence is open, or the response is not its own.
        """
        if self.state is State.CLOSED:
            return False
        asked = self._incoming.get(sequence)
        if asked is None:
            raise NotAllowed(f"no request {sequence} is open")
        if type(response) is not asked.response:
            raise NotAllowed(f"{type(response).__name__} is no answer to {asked.__name__}")
        if self.congestion is not None:
            response = answers.with_congestion(response, self.congestion, self.peer_version)
        self._out.append(PACKERS[type(response)](response, sequence))
        del self._incoming[sequence]
        if isinstance(response, pdus.BindResp):
            self._after_bind(response)
        if self._leaving.under_way:
            self._proceed()
        return True

    def refuse(self, sequence: int, status: int = codes.RINVCMDID) -> bool:
        """Answer any request (a bind too) with a status; the default says that we do not do such things."""
        asked = self._incoming.get(sequence)
        if asked is None:
            return self.answer(sequence, pdus.GenericNack(status))
        return self.answer(sequence, asked.response(status))

    def unbind(self, now: float) -> None:
        """Send no more requests, wait for what is open, unbind, close; without a bind close at once."""
        if self.state is State.CLOSED or self._leaving.draining:
            return
        self._clock = now
        if self.state not in BOUND:
            self._finish("unbound")
            return
        self._leaving.drain(now)
        self._sendable = _NOTHING
        self._proceed()

    # Intents, one role

    def bind(self, pdu: pdus.Bind, now: float) -> int:
        """Ask the server for a bind; Bound or BindRefused follows."""
        self._may(type(pdu))
        if self._bind is not None:
            raise NotAllowed("a bind is under way")
        sequence = self._send_control(pdu, now)
        self._bind = pdu
        return sequence

    def accept(self, sequence: int, system_id: str = "", tlvs: RawTlvs = ()) -> bool:
        """Accept a client's bind."""
        bind = self._bind
        if bind is None:
            return self.answer(sequence, pdus.GenericNack())
        name, version = system_id or self.settings.system_id, self.settings.interface_version
        return self.answer(sequence, answers.acceptance(bind, name, tlvs, version))

    def outbind(self, pdu: pdus.Outbind, now: float) -> None:
        """Ask a client to bind."""
        self._may(pdus.Outbind)
        self._send(pdu, self._window.next_sequence(self._control))
        self._clock = now
        self._become(State.OUTBOUND)

    def notify(self, pdu: pdus.AlertNotification, now: float) -> None:
        """Tell a client that a receiver can be reached again."""
        self._may(pdus.AlertNotification)
        self._send(pdu, self._window.next_sequence(self._control))
        self._clock = self._timers.active = now

    # Reading

    def _read(self, data: bytes) -> None:
        if self._rest:
            data = self._rest.join(data)
        at, end, longest = 0, len(data), self.settings.max_pdu
        header, leaving = HEADER.unpack_from, self._leaving
        while end - at >= HEADER_SIZE:
            length, command, status, sequence = header(data, at)
            stop = at + length
            if stop > end or not HEADER_SIZE <= length <= longest:
                break
            reader = READERS.get(command)
            if reader is None:
                self._nack(f"command_id 0x{command:08X} is unknown", codes.RINVCMDID, sequence, data[at:stop])
                at = stop
                continue
            try:
                pdu = reader(data, at + HEADER_SIZE, stop, status)
            except Broken as error:
                self._take_broken(error, command, sequence, data[at:stop])
                at = stop
                continue
            if isinstance(pdu, Response):
                self._take_response(pdu, sequence)
            elif type(pdu) in self._served:
                assert isinstance(pdu, Request)
                self._take_request(pdu, sequence)
            else:
                self._take_control(pdu, sequence)
            at = stop
            if leaving.deadline != inf:
                self._proceed()
                if self.state is State.CLOSED:
                    return
        if at:
            self._timers.heard = self._clock
        wrong = self._rest.keep(data, at)
        if wrong is not None:
            # Nothing behind it can be read either. smpp34 4.3
            self._nack(f"command_length {wrong}", codes.RINVCMDLEN, 0, data[at : at + HEADER_SIZE])
            self._finish("out of step")

    def _take_response(self, pdu: Response, sequence: int) -> None:
        waiting = self._pending.get(sequence)
        if waiting is not None and type(pdu) is waiting[1]:
            del self._pending[sequence]
            congestion = answers.congestion_in(pdu)
            self._events.append(events.Responded(waiting[0], pdu.status, pdu, congestion))
        elif (asked := self._control.answered(sequence, pdu)) is not None:
            self._take_control_response(asked, pdu)
        elif type(pdu) is pdus.GenericNack:
            self._take_nack(pdu, sequence)
        elif (late := self._window.take_late(sequence, type(pdu))) is not None:
            self._events.append(events.Responded(late[0], pdu.status, pdu, None, True))
        else:
            # Not to be nacked: the peer would take that for the answer to a request of its own.
            self._fault(f"{type(pdu).__name__} answers nothing", 0, sequence, b"")

    def _take_request(self, pdu: Request, sequence: int) -> None:
        incoming = self._incoming
        limit = self.settings.incoming_window
        if sequence in incoming:
            self._reject(pdu, sequence, codes.RSYSERR, "sequence number is in use")
        elif limit and len(incoming) >= limit:
            self._reject(pdu, sequence, codes.RTHROTTLED, "window is full")
        elif self.role is Role.SMSC and answers.carries_both(pdu):
            self._reject(pdu, sequence, codes.ROPTPARNOTALLWD, "short_message and message_payload together")
        else:
            incoming[sequence] = type(pdu)
            self._events.append(events.Requested(sequence, pdu))

    def _take_control(self, pdu: Pdu, sequence: int) -> None:
        """Take what is the session's own, or not allowed in this state."""
        if isinstance(pdu, pdus.Bind) and (self.state in BOUND or self._bind is not None):
            self._reject(pdu, sequence, codes.RALYBND, "already bound")
        elif not allowed(type(pdu), self.role.other, self.state):
            self._reject(pdu, sequence, codes.RINVBNDSTS, f"not allowed in state {self.state.value}")
        elif isinstance(pdu, pdus.EnquireLink):
            self._send(pdus.EnquireLinkResp(), sequence)
            if self.settings.enquire_counts:
                self._timers.active = self._clock
        elif isinstance(pdu, pdus.Bind):
            self._bind = pdu
            self._incoming[sequence] = type(pdu)
            self._events.append(events.BindRequested(sequence, pdu))
        elif isinstance(pdu, pdus.Unbind):
            self._take_unbind(sequence)
        elif isinstance(pdu, pdus.Outbind):
            self._become(State.OUTBOUND)
            self._events.append(events.Outbound(pdu))
        elif isinstance(pdu, pdus.AlertNotification):
            self._events.append(events.Alerted(pdu))

    def _take_control_response(self, asked: type[Request], pdu: Response) -> None:
        if isinstance(pdu, pdus.BindResp):
            self._after_bind(pdu)
        elif issubclass(asked, pdus.Bind):
            self._bind = None
            self._events.append(events.BindRefused(pdu.status, pdu))
        elif asked is pdus.Unbind:
            self._after_unbind()

    def _take_nack(self, pdu: pdus.GenericNack, sequence: int) -> None:
        waiting = self._pending.pop(sequence, None) or self._window.take_late(sequence)
        self._events.append(events.Nacked(waiting and waiting[0], pdu.status, sequence))

    def _take_broken(self, error: Broken, command: int, sequence: int, octets: bytes) -> None:
        """Answer a PDU whose frame is whole and whose body is not."""
        if command & RESPONSE_BIT:
            # Its request stays open: it was answered, but nobody can tell how.
            self._fault(str(error), 0, sequence, octets)
        else:
            self._nack(str(error), error.status, sequence, octets)

    # Binding and unbinding

    def _after_bind(self, response: pdus.BindResp) -> None:
        """Both roles: the bind has been answered."""
        bind, self._bind = self._bind, None
        assert bind is not None
        if response.status != codes.ROK:
            if self.role is Role.ESME:
                self._events.append(events.BindRefused(response.status, response))
            return
        if self.role is Role.ESME:
            self.peer, self.peer_version = response, SC_INTERFACE_VERSION.of(response)
            self._events.append(events.Bound(response, self.peer_version))
        else:
            self.peer, self.peer_version = bind, bind.interface_version
        self._timers.active = self._clock
        self._become(BOUND_BY[type(bind)])

    def _take_unbind(self, sequence: int) -> None:
        self._leaving.peer_asks(sequence, self._clock)
        self._become(State.UNBOUND)
        self._events.append(events.Unbound(by_peer=True))

    def _after_unbind(self) -> None:
        self._leaving.agreed = True
        if self.state is not State.UNBOUND:
            self._become(State.UNBOUND)
            self._events.append(events.Unbound(by_peer=False))

    def _proceed(self) -> None:
        """Take the steps of leaving that can be taken now."""
        leaving = self._leaving
        while leaving.under_way and self.state is not State.CLOSED:
            step = leaving.next_step(bool(self._incoming), bool(self._pending), self._clock)
            if step is Step.WAIT:
                return
            if step is Step.AGREE:
                self._send(pdus.UnbindResp(), leaving.agree())
            elif step is Step.ASK:
                self._send_control(pdus.Unbind(), self._clock)
                leaving.ask(self._clock)
            else:
                self._finish("unbound" if leaving.agreed else "Unbind unanswered")

    # Timers

    def _look_at_timers(self, now: float) -> None:
        state, timers = self.state, self._timers
        silent = self._control.expire(now, timers.heard)
        if silent is not None:
            self._finish(f"{silent} unanswered")
        elif now >= timers.init_due(state):
            self._finish("session_init timer")
        elif now >= timers.inactivity_due(state):
            self.unbind(now)
        elif now >= timers.enquiry_due(state, len(self._control) > 0):
            self._send_control(pdus.EnquireLink(), now)

    # Small steps

    def _send(self, pdu: Pdu, sequence: int) -> None:
        self._out.append(PACKERS[type(pdu)](pdu, sequence))

    def _send_control(self, pdu: Request, now: float) -> int:
        sequence = self._window.next_sequence(self._control)
        self._send(pdu, sequence)
        self._control.add(sequence, type(pdu), now)
        self._clock = now
        return sequence

    def _may(self, kind: type[Pdu]) -> None:
        if not allowed(kind, self.role, self.state) or self._leaving.draining:
            raise self._not_allowed(kind)

    def _not_allowed(self, kind: type[Pdu]) -> NotAllowed:
        where = "draining" if self._leaving.draining and self.state in BOUND else self.state.value
        return NotAllowed(f"{kind.__name__} not from {self.role.value} in state {where}")

    def _become(self, state: State) -> None:
        self.state = state
        self._sendable = _NOTHING if self._leaving.draining else SENDABLE[self.role, state]
        self._served = SENDABLE[self.role.other, state]

    def _reject(self, pdu: Pdu, sequence: int, status: int, reason: str) -> None:
        self._send(answers.refusal(pdu, status), sequence)
        self._fault(f"{type(pdu).__name__}: {reason}", status, sequence, b"")

    def _nack(self, reason: str, status: int, sequence: int, octets: bytes) -> None:
        self._send(pdus.GenericNack(status), sequence)
        self._fault(reason, status, sequence, octets)

    def _fault(self, reason: str, status: int, sequence: int, octets: bytes) -> None:
        self._events.append(events.ProtocolFault(reason, status, sequence, octets))

    def _finish(self, reason: str) -> None:
        if self.state is State.CLOSED:
            return
        self._become(State.CLOSED)
        unanswered = self._window.drop()
        self._control.clear()
        self._incoming.clear()
        self._rest.clear()
        self._events.append(events.Closed(reason, unanswered))

    def _take_events(self) -> list[Event[Token]]:
        taken, self._events = self._events, []
        return taken

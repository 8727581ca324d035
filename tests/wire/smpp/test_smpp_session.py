"""The session beside the 28 rules: binds, mistakes of the caller, garbage, and what it tells its pump."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smpp_helpers import QUIET, any_pdu, bound, pair

from depesza.wire import Unencodable
from depesza.wire.smpp import codec, events, pdus, status, tlvs
from depesza.wire.smpp.errors import NotAllowed, WindowFull
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import State

SUBMIT = pdus.SubmitSm(source_addr="me", destination_addr="33612345678", short_message=b"hello")


@pytest.mark.parametrize(
    ("word", "client_room", "server_room"),
    [("transmitter", 10, 0), ("receiver", 0, 10), ("transceiver", 10, 10)],
)
def test_a_bind_opens_the_ways_that_it_asks_for(word: str, client_room: int, server_room: int) -> None:
    client, server = bound(bind=pdus.BINDS[word])
    assert client.state is server.state
    assert client.bound
    # data_sm, query_sm and the like go with submit_sm; a receiver has nothing to ask for.
    assert (client.room, server.room) == (client_room, server_room)


def test_both_sides_know_each_other_after_the_bind() -> None:
    client, server = bound(version=0x34)
    assert isinstance(server.peer, pdus.Bind)
    assert (server.peer.system_id, server.peer_version) == ("me", 0x34)
    assert isinstance(client.peer, pdus.BindResp)
    assert (client.peer.system_id, client.peer_version) == ("smsc", 0x34)


def test_an_old_client_is_sent_no_tlvs() -> None:
    client, server = pair()
    client.bind(pdus.BindTransceiver("me", "pw", interface_version=0x33), 0.0)
    (asked,) = server.receive(client.outgoing(), 0.0)
    server.accept(asked.sequence, "other name")
    accepted = pdus.BindTransceiverResp(0, "other name")
    assert client.receive(server.outgoing(), 0.0) == [events.Bound(accepted, None)]


def test_a_refused_bind_may_be_tried_again() -> None:
    client, server = pair()
    client.bind(pdus.BindTransceiver("me", "wrong"), 0.0)
    (asked,) = server.receive(client.outgoing(), 0.0)
    assert server.refuse(asked.sequence, status.RINVPASWD)
    refused = events.BindRefused(status.RINVPASWD, pdus.BindTransceiverResp(status.RINVPASWD))
    assert client.receive(server.outgoing(), 0.0) == [refused]
    client.bind(pdus.BindTransceiver("me", "right"), 0.0)
    (asked,) = server.receive(client.outgoing(), 0.0)
    server.accept(asked.sequence)
    assert isinstance(client.receive(server.outgoing(), 0.0)[0], events.Bound)


def test_a_bind_may_be_nacked() -> None:
    client, _ = pair()
    sequence = client.bind(pdus.BindTransceiver("me", "pw"), 0.0)
    nack = pdus.GenericNack(status.RINVCMDID)
    assert client.receive(codec.pack(nack, sequence), 0.0) == [events.BindRefused(status.RINVCMDID, nack)]
    client.bind(pdus.BindTransmitter("me", "pw"), 0.0)


def test_a_nacked_unbind_is_an_answered_unbind() -> None:
    client, _ = bound()
    client.unbind(0.0)
    _, sequence = codec.unpack(client.outgoing())
    told = client.receive(codec.pack(pdus.GenericNack(status.RINVCMDID), sequence), 0.0)
    assert told == [events.Unbound(False), events.Closed("unbound", ())]


def test_a_nacked_enquire_link_is_a_sign_of_life() -> None:
    from depesza.wire.smpp.settings import Timers

    client, _ = bound(Settings(timers=Timers(0, 30, 0, 10)))
    client.tick(30.0)
    _, sequence = codec.unpack(client.outgoing())
    assert client.receive(codec.pack(pdus.GenericNack(status.RINVCMDID), sequence), 31.0) == []
    assert client.tick(60.0) == []
    assert client.bound


def test_while_a_bind_is_under_way_nothing_else_passes() -> None:
    client, server = pair()
    client.bind(pdus.BindTransceiver("me", "pw"), 0.0)
    with pytest.raises(NotAllowed):
        client.bind(pdus.BindTransceiver("me", "pw"), 0.0)
    with pytest.raises(NotAllowed):
        client.submit(SUBMIT, "a", 0.0)
    server.receive(client.outgoing(), 0.0)
    assert server.room == 0
    server.receive(codec.pack(SUBMIT, 2) + codec.pack(pdus.BindTransmitter(), 3), 0.0)
    found, _ = codec.unpack_stream(server.outgoing())
    assert found == [
        (pdus.SubmitSmResp(status.RINVBNDSTS), 2),
        (pdus.BindTransmitterResp(status.RALYBND), 3),
    ]


def test_a_full_window_is_the_callers_mistake_and_changes_nothing() -> None:
    client, _ = bound(Settings(window=2, timers=QUIET))
    for token in "ab":
        client.submit(SUBMIT, token, 0.0)
    client.outgoing()
    assert (client.room, client.pending) == (0, 2)
    with pytest.raises(WindowFull):
        client.submit(SUBMIT, "c", 0.0)
    assert client.outgoing() == b""


def test_what_cannot_be_written_takes_no_slot() -> None:
    client, server = bound()
    with pytest.raises(Unencodable):
        client.submit(pdus.SubmitSm(source_addr="x" * 21), "a", 0.0)
    assert (client.room, client.outgoing()) == (10, b"")
    server.receive(codec.pack(SUBMIT, 5), 0.0)
    with pytest.raises(Unencodable):
        server.answer(5, pdus.SubmitSmResp(message_id="x" * 65))
    assert server.unanswered == 1
    assert server.answer(5, pdus.SubmitSmResp(message_id="1"))


def test_an_answer_names_an_open_request_and_fits_it() -> None:
    client, server = bound()
    server.receive(codec.pack(SUBMIT, 5), 0.0)
    for sequence, response in ((6, pdus.SubmitSmResp()), (5, pdus.DataSmResp())):
        with pytest.raises(NotAllowed):
            server.answer(sequence, response)
    with pytest.raises(NotAllowed):
        server.accept(5)
    with pytest.raises(NotAllowed):
        server.refuse(6)
    assert server.answer(5, pdus.SubmitSmResp(message_id="1"))
    with pytest.raises(NotAllowed):
        server.answer(5, pdus.SubmitSmResp(message_id="1"))
    assert client.unanswered == 0


def test_an_answer_that_comes_after_the_end_is_no_mistake() -> None:
    _, server = bound()
    server.receive(codec.pack(SUBMIT, 5), 0.0)
    server.close("connection lost")
    assert server.answer(5, pdus.SubmitSmResp(message_id="1")) is False
    assert server.refuse(5) is False


@pytest.mark.parametrize("role", ["client", "server"])
def test_each_role_has_its_own_intents(role: str) -> None:
    client, server = bound()
    session = client if role == "client" else server
    with pytest.raises(NotAllowed):
        session.request(pdus.DeliverSm() if role == "client" else SUBMIT, "a", 0.0)
    with pytest.raises(NotAllowed):
        session.bind(pdus.BindReceiver(), 0.0)
    with pytest.raises(NotAllowed):
        session.outbind(pdus.Outbind(), 0.0)
    if role == "client":
        with pytest.raises(NotAllowed):
            session.notify(pdus.AlertNotification(), 0.0)


@pytest.mark.parametrize("pdu", [pdus.EnquireLink(), pdus.Unbind(), pdus.BindReceiver()])
def test_what_is_the_sessions_own_is_not_sent_by_request(pdu: pdus.Request) -> None:
    client, _ = bound()
    with pytest.raises(NotAllowed):
        client.request(pdu, "a", 0.0)


def test_unbind_without_a_bind_closes_at_once_and_tells_by_the_next_tick() -> None:
    client, _ = pair()
    client.unbind(0.0)
    assert client.closed
    assert client.next_tick() == 0.0
    assert client.tick(0.0) == [events.Closed("unbound", ())]
    assert client.next_tick() == float("inf")
    client.unbind(1.0)
    assert client.tick(1.0) == []


def test_a_drain_ends_with_the_response_timer_and_the_token_is_uncertain_once() -> None:
    from depesza.wire.smpp.settings import Timers

    client, _ = bound(Settings(timers=Timers(0, 0, 0, 10)))
    sequence = client.submit(SUBMIT, "a", 0.0)
    client.outgoing()
    client.unbind(1.0)
    assert client.tick(10.0) == [events.Uncertain("a", sequence)]
    assert isinstance(codec.unpack(client.outgoing())[0], pdus.Unbind)
    assert client.tick(20.0) == [events.Closed("Unbind unanswered", ())]


def test_requests_that_cross_our_unbind_are_still_taken() -> None:
    client, server = bound()
    client.unbind(0.0)
    (event,) = client.receive(codec.pack(pdus.DeliverSm(), 4), 0.0)
    client.answer(event.sequence, pdus.DeliverSmResp())
    found, _ = codec.unpack_stream(client.outgoing())
    assert [type(pdu) for pdu, _ in found] == [pdus.Unbind, pdus.DeliverSmResp]
    assert server.bound


def test_congestion_is_not_put_where_it_does_not_belong() -> None:
    client, server = bound(version=0x50)
    server.congestion = 50
    for pdu in (pdus.QuerySm("1"), pdus.CancelSm()):
        client.request(pdu, "a", 0.0)
    for event in server.receive(client.outgoing(), 0.0):
        server.answer(event.sequence, event.pdu.response())
    assert all(event.congestion is None for event in client.receive(server.outgoing(), 0.0))
    server.congestion = 300
    client.submit(SUBMIT, "b", 0.0)
    (event,) = server.receive(client.outgoing(), 0.0)
    with pytest.raises(Unencodable):
        server.answer(event.sequence, pdus.SubmitSmResp(message_id="1"))
    server.congestion = 100
    assert server.answer(event.sequence, pdus.SubmitSmResp(message_id="1", tlvs=(tlvs.DPF_RESULT.pack(1),)))
    (told,) = client.receive(server.outgoing(), 0.0)
    assert told.congestion == 100
    assert tlvs.DPF_RESULT.of(told.pdu) == 1


def test_a_broken_response_leaves_its_request_open() -> None:
    client, _ = bound()
    sequence = client.request(pdus.QuerySm("1"), "a", 0.0)
    broken = codec.HEADER.pack(18, pdus.QuerySmResp.command, 0, sequence) + b"xx"
    (fault,) = client.receive(client.outgoing()[:0] + broken, 0.0)
    assert (fault.status, fault.sequence, fault.octets) == (0, sequence, broken)
    assert client.pending == 1
    assert client.outgoing() == b""


def test_many_pdus_in_one_read_leave_in_one_write() -> None:
    client, server = bound(Settings(window=1000, timers=QUIET))
    for number in range(1000):
        client.submit(SUBMIT, number, 0.0)
    asked = server.receive(client.outgoing(), 0.0)
    for event in asked:
        server.answer(event.sequence, pdus.SubmitSmResp(message_id="1"))
    told = client.receive(server.outgoing(), 0.0)
    assert [event.token for event in told] == list(range(1000))
    assert server.outgoing() == b""


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6), st.sampled_from(list(State)), st.booleans())
def test_garbage_raises_nothing_and_a_fault_is_answered(pieces: list[bytes], state: State, as_server: bool) -> None:
    session = pair()[as_server]
    session._become(state)
    for piece in pieces:
        for event in session.receive(piece, 0.0):
            assert isinstance(event, events.ProtocolFault | events.Closed)
    codec.unpack_stream(session.outgoing())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(any_pdu, st.integers(0, 5)), max_size=8), st.integers(1, 90), st.booleans())
def test_any_pdus_in_any_order_and_cut_raise_nothing(
    drawn: list[tuple[pdus.Pdu, int]], cut: int, as_server: bool
) -> None:
    stream = b"".join(codec.pack(pdu, sequence) for pdu, sequence in drawn)
    whole = bound()[as_server]
    pieces = bound()[as_server]
    expected = whole.receive(stream, 0.0)
    found = [event for at in range(0, len(stream), cut) for event in pieces.receive(stream[at : at + cut], 0.0)]
    assert found == expected
    assert pieces.outgoing() == whole.outgoing()
    assert pieces.state is whole.state

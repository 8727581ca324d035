"""Two ends that ask each other: order, errors, what can't be carried, and the other end's death."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from depesza.core.ledger import NotEnoughCredits
from depesza.core.planning import Refused
from depesza.net.peer import Peer, PeerLost, pack_error, unpack_error
from depesza.store.contract import Busy

pytestmark = pytest.mark.anyio


class End:
    """One end, with what it heard."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.lost = asyncio.Event()
        self.peer = Peer(self.answer, self.lost.set)

    def answer(self, what: str, about: tuple[Any, ...]) -> Any:
        self.heard.append((what, *about))
        match what:
            case "add":
                return self._add(*about)
            case "refuse":
                raise Refused("no_sender", "MyApp")
            case "poor":
                return self._poor()
            case "lambda":
                return self._give(lambda: None)
            case "hold":
                self.peer.hold()
                return self._release()
            case "never":
                return asyncio.get_running_loop().create_future()
        return None

    async def _add(self, *numbers: int) -> int:
        await asyncio.sleep(0)
        return sum(numbers)

    async def _poor(self) -> None:
        raise NotEnoughCredits(2_000_000, 3_000_000)

    async def _give(self, value: object) -> object:
        return value

    async def _release(self) -> None:
        await asyncio.sleep(0.01)
        self.heard.append("released")
        self.peer.release()


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    """Two ends of one pair."""
    pair = socket.socketpair()
    made = End(), End()
    for end, half in zip(made, pair, strict=True):
        await asyncio.get_running_loop().create_connection(lambda end=end: end.peer, sock=half)
    yield made
    for end in made:
        end.peer.close()
    await asyncio.gather(*(end.lost.wait() for end in made))


async def test_each_end_asks_the_other(ends: tuple[End, End]) -> None:
    one, two = (end.peer for end in ends)
    assert await asyncio.gather(one.ask("add", 1, 2), two.ask("add", 3), one.ask("add")) == [3, 3, 0]


async def test_news_arrive_in_order_however_large(ends: tuple[End, End]) -> None:
    one, two = ends
    for n in range(50):
        one.peer.tell("note", n, b"x" * (n % 5) * 40_000)
    assert await one.peer.ask("nothing") is None
    assert [heard[1] for heard in two.heard[:-1]] == list(range(50))
    assert sum(len(heard[2]) for heard in two.heard[:-1]) == 10 * (1 + 2 + 3 + 4) * 40_000


async def test_what_the_other_end_raises_is_raised_here(ends: tuple[End, End]) -> None:
    with pytest.raises(Refused) as refused:
        await ends[0].peer.ask("refuse")
    assert (refused.value.name, refused.value.detail, str(refused.value)) == ("no_sender", "MyApp", "no_sender: MyApp")
    with pytest.raises(NotEnoughCredits) as poor:
        await ends[0].peer.ask("poor")
    assert poor.value.left == 2_000_000


@pytest.mark.parametrize(
    "error", [Busy("full"), OSError(98, "in use"), Refused("a"), KeyError("b"), NotEnoughCredits(1, 2)]
)
def test_errors_are_put_together_again(error: Exception) -> None:
    again = unpack_error(pack_error(error))
    assert (type(again), again.args, str(again), vars(again)) == (type(error), error.args, str(error), vars(error))


async def test_what_can_t_be_carried_harms_nothing_else(ends: tuple[End, End]) -> None:
    peer = ends[0].peer
    good, bad = peer.ask("add", 1), peer.ask("add", lambda: None)
    assert await good == 1
    with pytest.raises(TypeError, match="question"):
        await bad
    with pytest.raises(TypeError, match="answer"):
        await peer.ask("lambda")
    assert peer.waiting == 0


async def test_one_that_holds_hears_the_rest_later(ends: tuple[End, End]) -> None:
    one, two = ends
    one.peer.tell("hold")
    one.peer.tell("note", 1)
    assert await one.peer.ask("add", 1) == 1
    assert two.heard == [("hold",), "released", ("note", 1), ("add", 1)]


async def test_one_that_holds_hears_answers(ends: tuple[End, End]) -> None:
    one, two = ends
    one.peer.hold()
    assert await asyncio.wait_for(one.peer.ask("add", 1), 5) == 1
    two.peer.tell("note", 2)
    assert await one.peer.ask("add", 2) == 2
    assert one.heard == []
    one.peer.release()
    assert one.heard == [("note", 2)]


async def test_one_that_does_not_read_is_noticed() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        end = End()
        await asyncio.get_running_loop().create_connection(lambda: end.peer, sock=ours)
        for _ in range(20):
            assert not end.peer.choked
            end.peer.tell("note", bytes(1 << 20))
            await asyncio.sleep(0.005)
            if end.peer.choked:
                break
        assert end.peer.choked
    await end.lost.wait()


async def test_questions_fail_when_the_other_end_is_gone(ends: tuple[End, End]) -> None:
    one, two = ends
    waiting = one.peer.ask("never")
    assert await one.peer.ask("add", 2) == 2
    two.peer.close()
    with pytest.raises(PeerLost):
        await waiting
    await one.lost.wait()
    one.peer.tell("note")
    with pytest.raises(PeerLost):
        await one.peer.ask("add")

"""One connector's queue in memory against a table that knows everything: nothing lost, doubled or out of order."""

from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import Scripted
from tests.support import Clock

from depesza.core.model import Content, Message, State
from depesza.engine import lane as module
from depesza.engine.lane import Lane

CONTENT = Content(1, 101, 0, "ovh", 0, "MyApp", "Hello")
MOST, PAGE = 8, 3


class Deaf:
    """Reports to nobody."""

    def __getattr__(self, name: str) -> object:
        return lambda *_: None


def message(id: int, priority: int, turn: int) -> Message:
    """Make a queued message."""
    return Message(id, CONTENT, "+33601020304", 1, 0, State.QUEUED, priority, turn, 0, 300, 201)


def key(one: Message) -> tuple[int, int, int]:
    """Its place in the queue."""
    return one.priority, one.turn, one.id


class Bench:
    """A lane, the table behind it, and the road between them as the dispatcher keeps it."""

    def __init__(self) -> None:
        self.lane = Lane(Scripted(201, Deaf(), Clock()))  # type: ignore[arg-type]
        self.table: dict[int, Message] = {}
        self.sent: list[Message] = []
        self.page: list[Message] | None = None
        self.lane.doubt()
        self.begin()

    def begin(self) -> None:
        """Begin to read a page: it shows the table as it is now."""
        if self.page is None and self.lane.hungry:
            self.lane.loading = True
            self.page = sorted(self.table.values(), key=key)[: PAGE * 2]

    def end(self) -> None:
        """The page arrives."""
        if self.page is not None:
            page, self.page = self.page, None
            self.lane.loading = False
            self.lane.loaded(page, complete=len(page) < PAGE * 2)
            self.begin()

    def push(self, one: Message) -> None:
        """A message is committed, and the dispatcher hears of it."""
        self.table[one.id] = one
        self.lane.push(one)

    def stranger(self, one: Message) -> None:
        """A message is taken over from another node: the dispatcher is told to look again."""
        self.table[one.id] = one
        self.lane.doubt()
        self.begin()

    def pop(self) -> None:
        """A message is claimed, sent and settled."""
        if self.lane.heap:
            one = self.lane.pop()
            if self.table.pop(one.id, None) is not None:  # else it was cancelled, or stood in an old page
                self.sent.append(one)
            self.lane.held.discard(one.id)
        self.begin()

    def cancel(self) -> None:
        """The oldest message is cancelled."""
        if self.table:
            del self.table[min(self.table)]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 2), st.integers(0, 30)),
        st.tuples(st.just("stranger"), st.integers(0, 2), st.integers(0, 30)),
        st.sampled_from([("pop",), ("pop",), ("end",), ("cancel",)]),
    ),
    max_size=120,
)


@given(steps)
@settings(max_examples=200, deadline=None)
def test_whatever_happens_each_message_is_sent_once(steps: list[tuple[object, ...]]) -> None:
    before = module.MOST, module.PAGE
    module.MOST, module.PAGE = MOST, PAGE
    try:
        bench, expected = Bench(), set()
        for number, step in enumerate(steps, 1):
            if step[0] in ("push", "stranger"):
                one = message(number, int(str(step[1])), int(str(step[2])))
                expected.add(one.id)
                getattr(bench, str(step[0]))(one)
            elif step[0] == "cancel" and bench.table:
                expected.discard(min(bench.table))
                bench.cancel()
            else:
                getattr(bench, str(step[0]))()
            assert len(bench.lane.heap) <= MOST + 1
            assert {item[2] for item in bench.lane.heap} <= bench.lane.held
        for _ in range(500):
            bench.end()
            bench.pop()
        sent = [one.id for one in bench.sent]
        assert len(sent) == len(set(sent)), "sent twice"
        assert set(sent) == expected, "lost"
        assert not bench.table and not bench.lane.held
    finally:
        module.MOST, module.PAGE = before


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1000)), max_size=60))
@settings(max_examples=100, deadline=None)
def test_what_waits_is_sent_in_the_order_of_priority_and_turn(wishes: list[tuple[int, int]]) -> None:
    before = module.MOST, module.PAGE
    module.MOST, module.PAGE = MOST, PAGE
    try:
        bench = Bench()
        bench.end()
        for number, (priority, turn) in enumerate(wishes, 1):
            bench.push(message(number, priority, turn))
        while bench.table:
            bench.end()
            bench.pop()
        assert [key(one) for one in bench.sent] == sorted(key(one) for one in bench.sent)
    finally:
        module.MOST, module.PAGE = before


def test_a_heap_that_is_full_forgets_the_last_ones_and_remembers_from_where() -> None:
    lane = Lane(Scripted(201, Deaf(), Clock()))  # type: ignore[arg-type]
    for number in range(module.MOST + 1):
        lane.push(message(number + 1, 1, number))
    assert len(lane.heap) == module.MOST // 2
    assert lane.horizon == (1, module.MOST // 2, module.MOST // 2 + 1)
    lane.push(message(module.MOST + 9, 1, module.MOST + 9))
    assert len(lane.heap) == module.MOST // 2


def test_large_windows_are_filled_in_portions_and_small_ones_at_once() -> None:
    portions = {size: Lane(Scripted(201, Deaf(), Clock(), capacity=size)).portion for size in (1, 64, 100, 1000)}  # type: ignore[arg-type]
    assert all(portions[size] >= size for size in (1, 64))
    assert (portions[100], portions[1000]) == (64, 250)

"""The grammar of commands by text. spec: smsc/4.5"""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from depesza.core.commands import Command, Verb, mask, read_command, read_to, write_refused, write_status
from depesza.core.model import State

READ = {
    "SEND pw 79991112233 Hello, world": Command(Verb.SEND, "pw", ("79991112233",), "Hello, world"),
    "send pw +79991112233,g5;89991112233\nTwo\nlines ": Command(
        Verb.SEND, "pw", ("+79991112233", "G5", "89991112233"), "Two\nlines"
    ),
    "SEND pw 79991112233,79991112233 once": Command(Verb.SEND, "pw", ("79991112233",), "once"),
    "  Отправить  пароль  2 билета": Command(Verb.SEND, "пароль", (), "2 билета"),
    "SEND pw G5": Command(Verb.SEND, "pw", ("G5",), ""),
    "SEND pw": Command(Verb.SEND, "pw"),
    "SEND pw 12,79991112233 text": Command(Verb.SEND, "pw", (), "12,79991112233 text"),
    "balance pw": Command(Verb.BALANCE, "pw"),
    "БАЛАНС pw \n": Command(Verb.BALANCE, "pw"),
    "Status pw 1234": Command(Verb.STATUS, "pw", id="1234"),
    "статус pw order-17": Command(Verb.STATUS, "pw", id="order-17"),
    "STOP pw 1234": Command(Verb.STOP, "pw", id="1234"),
    "стоп pw 1234": Command(Verb.STOP, "pw", id="1234"),
}
ORDINARY = (
    "", "SEND", "Hello", "sender pw text", "balance", "balance of mine please", "status", "status pw",
    "status of my order",
    "STOP", "Stop.", "STOP 1234", "STOP 38184", "stop sms 38184", "стоп", "START", "stop it now, please",
    "SEND " + "p" * 65 + " text", "OK - 1 SMS, ID - 1234", "ERROR = 2 (authorise error)",
)  # fmt: skip


@pytest.mark.parametrize(("text", "command"), READ.items())
def test_a_command_is_read(text: str, command: Command) -> None:
    assert read_command(text) == command


@pytest.mark.parametrize("text", ORDINARY)
def test_other_texts_are_none(text: str) -> None:
    assert read_command(text) is None


@given(st.text(max_size=60) | st.text("SEND stop+7,;G \n", max_size=40).map(lambda text: f"SEND {text}"))
@example("SEND \x85 x")
@settings(max_examples=100)
def test_any_text_is_read_or_is_none_and_masked_without_its_password(text: str) -> None:
    command = read_command(text)
    if command is None:
        return
    assert command.password
    masked = read_command(mask(text))
    assert masked is not None
    assert (masked.verb, masked.password, masked.to, masked.text) == (command.verb, "***", command.to, command.text)


@given(
    st.sampled_from(["send", "Отправить"]),
    st.from_regex(r"[!-~]{1,64}", fullmatch=True),
    st.lists(st.from_regex(r"G[0-9]{1,15}|\+?[0-9]{7,15}", fullmatch=True), min_size=1, max_size=4, unique=True),
    st.text("аб в7,\n", min_size=1).map(str.strip).filter(bool),
)
@settings(max_examples=60)
def test_what_is_written_is_read(word: str, password: str, to: list[str], text: str) -> None:
    assert read_command(f"{word} {password} {','.join(to)} {text}") == Command(Verb.SEND, password, tuple(to), text)
    assert read_to(",".join(to)) == (tuple(to), "")


def test_answers_are_lines() -> None:
    assert write_refused(frozenset({"bad_number", "no_credits"})) == "ERROR = 3 (no money)"
    assert write_refused(frozenset({"opted_out"})) == "ERROR = 6 (message is denied)"
    counts = {State.DELIVERED: 2, State.READ: 1, State.QUEUED: 3, State.REJECTED: 1}
    assert write_status("7", counts) == "ID - 7, DELIVERED - 3, WAITING - 3, FAILED - 1"
    for line in ("OK - 1 SMS, ID - 7", "101.90", "ERROR = 1 (parameters error)", write_status("7", counts)):
        assert read_command(line) is None

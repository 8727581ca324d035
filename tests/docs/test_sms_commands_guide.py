"""docs/guides/sms-commands.md says what is understood and answered."""

import re
from pathlib import Path

from depesza.core import commands
from depesza.core.commands import Verb, read_command

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "sms-commands.md").read_text("utf-8")


def test_each_text_of_the_table_is_a_command() -> None:
    table = PAGE.partition("## What to write")[2].partition("`ОТПРАВИТЬ`")[0]
    read = [read_command(text) for text in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)]
    verbs = [command.verb for command in read if command is not None]
    assert verbs == [Verb.SEND, Verb.SEND, Verb.STATUS, Verb.STOP, Verb.BALANCE]
    russian = PAGE.partition("\n`ОТПРАВИТЬ`")[2].partition("are the same words")[0]
    assert {"отправить", *(word.lower() for word in re.findall("`([А-Я]+)`", russian))} == {
        word for word in commands.WORDS if not word.isascii()
    }


def test_each_error_is_listed() -> None:
    lines = [value for value in vars(commands).values() if isinstance(value, str) and value.startswith("ERROR = ")]
    assert len(lines) == 9
    assert [line for line in lines if line.removeprefix("ERROR = ") not in PAGE] == []

"""`depesza command`: phones that give commands by text."""

import re
import shlex
from pathlib import Path

from tests.cli.called import Cli

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "sms-commands.md").read_text("utf-8")


def test_phones_that_give_commands(cli: Cli) -> None:
    cli("owner", "create", "alex")
    cli("account", "create", "shop", "--owner", "alex", "--home", "smsc")
    cli("account", "create", "other", "--owner", "alex")
    cli("sender", "create", "shop", "+79037676877", "--kind", "numeric")
    allowed = cli("command", "allow", "shop", "+7 916 111-22-33", "--password", "word", "--json")
    assert allowed.json == {"account": "shop", "number": "+79161112233", "state": "allowed"}, allowed.err
    assert [row["number"] for row in cli("command", "list", "shop", "--json").json] == ["+79161112233"]
    assert cli("command", "list", "other", "--json").json == []
    for words, said in (
        (("shop", "+79161112233"), "a password without blanks is needed"),
        (("shop", "+79161112233", "--password", "two words"), "a password without blanks is needed"),
        (("shop", "hello", "--password", "word"), "hello is no number"),
        (("shop", "+79037676877", "--password", "word"), "is one of our own numbers"),
        (("other", "+79161112233", "--password", "word"), "gives commands to another account"),
        (("nobody", "+79161112233", "--password", "word"), "nobody"),
    ):
        refused = cli("command", "allow", *words)
        assert (refused.status != 0, said in refused.err) == (True, True), refused.err
    assert cli("command", "forbid", "79161112233").status == 0
    assert "there is no phone" in cli("command", "forbid", "79161112233").err
    assert cli("command", "list", "--json").json == []


def test_the_commands_of_the_guide(cli: Cli) -> None:
    cli("owner", "create", "alex")
    cli("account", "create", "shop", "--owner", "alex", "--home", "smsc")
    for line in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)[0].splitlines():
        made = cli(*shlex.split(line)[1:])
        assert made.status == 0, made.err
    assert "+79161112233" in made.out

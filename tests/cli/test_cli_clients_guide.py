"""docs/guides/clients.md: its commands do what it says, one after the other."""

import re
import shlex
from pathlib import Path

from tests.cli.called import Cli

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "clients.md").read_text("utf-8")


def test_the_commands_of_the_guide_work_in_their_order(cli: Cli) -> None:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert len(lines) > 15
    for line in lines:
        program, *words = shlex.split(line)
        said = cli(*words)
        assert (program, said.status) == ("depesza", 0), f"{line}: {said.err}"
    assert cli("account", "show", "branch", "--json").json["balance"] == 900
    assert cli("credit", "show", "kiosk", "--json").json["balance"] == 100
    assert cli("audit").status == 0

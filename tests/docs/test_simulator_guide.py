"""docs/guides/simulator.md lists what the code has: every fate, every fault, every call, every option it names."""

import re
from pathlib import Path

from depesza.simulator.control import ROUTES
from depesza.simulator.settings import SimulatorSettings
from depesza.wire.fates import FATES, FAULTS, fate_named

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "simulator.md").read_text("utf-8")
OTHER_OPTIONS = {"help", "lean", "until-stdin-closes", "phone", "phone-set"}


def test_the_guide_has_every_fate_in_its_words() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(fate.suffix, fate.sentence) for fate in FATES]


def test_the_guide_has_every_fault_in_its_words() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert rows == {name: fate_named(name).sentence for name in FAULTS}


def test_the_guide_has_every_call() -> None:
    assert [route for route in ROUTES if f"{route[0]} {route[1]}" not in PAGE] == []


def test_the_guide_names_no_option_that_is_not_there() -> None:
    named = set(re.findall(r"--([a-z]+(?:-[a-z]+)*)", PAGE)) - OTHER_OPTIONS
    assert named <= {name.replace("_", "-") for name in SimulatorSettings.__struct_fields__}

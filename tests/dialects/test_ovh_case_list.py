"""Every acceptance case of the vendor's API is a test that has its number in its name. spec: ovh/6"""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
CASES = set(range(1, 71))
NUMBERED = re.compile(r"^(?:async )?def test_cases?_((?:\d\d_(?:and_)?)+)\w+\(", re.MULTILINE)


def numbers(text: str) -> set[int]:
    """Read the numbers in the names of the tests of a module: `test_case_26_27_28_parts…` has three."""
    return {int(number) for name in NUMBERED.findall(text) for number in re.findall(r"\d\d", name)}


def test_every_case_has_a_test() -> None:
    named: set[int] = set()
    for module in TESTS.rglob("test_*.py"):
        if "node_modules" not in module.parts and ".venv" not in module.parts:
            named |= numbers(module.read_text("utf-8"))
    assert CASES - named == set()
    assert named - CASES == set()


def test_numbers_are_read_from_names() -> None:
    text = (
        "async def test_case_26_27_28_parts_of_7() -> None:\ndef test_case_17_and_19_all(x) -> None:\n# test_case_40_x("
    )
    assert numbers(text) == {26, 27, 28, 17, 19}

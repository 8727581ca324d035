"""Every acceptance case of SMSC's API is a test with its number in its name, or a row of the answers. spec: smsc/6"""

from pathlib import Path

from tests.dialects.test_ovh_case_list import numbers
from tests.dialects.test_smsc_cases_send import ANSWERS

TESTS = Path(__file__).parents[1]
CASES = set(range(1, 59))
MODULES = ("dialects/test_smsc_*.py", "dialects/test_smpp_*.py", "journeys/test_smsc_*.py")
"""The case of SMPP stands with the tests of its door."""


def test_every_case_has_a_test() -> None:
    named = {int(case) for case, *_ in ANSWERS}
    for pattern in MODULES:
        for module in TESTS.glob(pattern):
            named |= numbers(module.read_text("utf-8"))
    assert CASES - named == set()
    assert named - CASES == set()

"""docs/guides/phones.md shows the pages as they are, and simulator.md the simulated phones."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.dialects.phones_world import read_qr

from depesza.simulator.phone import Faults
from depesza.simulator.phone_words import FATES

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PHONES = (GUIDES / "simulator.md").read_text("utf-8").partition("## Phones of your own")[2]

PICTURES = [
    ("pairing-page.svg", "https://sms.example.org/pair/k7m2p9xw", ("SSE only", "By code", "k7m2p9xw")),
    ("pairing-page-cht.svg", "https://195461295669249:Zk8qJ2vR7mPw4xTn6cYbL@sms.example.org/cht", ("CHT Gateway",)),
]


@pytest.mark.parametrize(("name", "address", "words"), PICTURES)
def test_a_picture_is_whole_and_its_code_can_be_read(name: str, address: str, words: tuple[str, ...]) -> None:
    text = (GUIDES / name).read_text("utf-8")
    ElementTree.fromstring(text)
    assert read_qr(text) == address
    assert all(word in text for word in words)
    assert f"({name})" in (GUIDES / "phones.md").read_text("utf-8")
    assert len(text) < 20_000


def test_the_simulators_guide_has_every_fault_and_every_ending_of_phones() -> None:
    assert re.findall(r"^\| (\w+) \| (?!what).*\|$", PHONES, re.MULTILINE) == list(Faults.__struct_fields__)
    rows = dict(re.findall(r"^\| …(\d{3}) \| (.*) \|$", PHONES, re.MULTILINE))
    assert rows == {ending: fate.sentence for ending, fate in FATES.items()}

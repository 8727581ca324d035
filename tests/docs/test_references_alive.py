"""Every reference to a specification leads somewhere; the script that reads them is tested too."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {"ovh", "carriers", "design", "smpp34", "23.038", "23.040"}


@pytest.fixture(scope="module")
def xref() -> ModuleType:
    """Load the script as a module."""
    spec = spec_from_file_location("xref", ROOT / "scripts" / "xref.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_reference_leads_nowhere(xref: ModuleType) -> None:
    dead, _ = xref.follow(ROOT)
    assert dead == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# spec: ovh/1.6", [("ovh", "1.6")]),
        ("spec: ovh 4.3.", [("ovh", "4.3")]),
        ("rules: carriers.md C.2.", [("carriers", "C.2")]),
        ("carriers/C.1#10 #12", [("carriers", "C.1.10"), ("carriers", "C.1.12")]),
        ("carriers/C.1 rules 10, 13-15", [("carriers", f"C.1.{rule}") for rule in (10, 13, 14, 15)]),
        ("# smpp34 4.6.1", [("smpp34", "4.6.1")]),
        ("smpp34 5.1.4, 4.3 and 2.9", [("smpp34", "5.1.4"), ("smpp34", "4.3"), ("smpp34", "2.9")]),
        ("smpp34 table 5-1, Appendix B", [("smpp34", "table 5-1"), ("smpp34", "Appendix B")]),
        ("23.038 6.1.2.1.1, 23.040 9.2.3.24", [("23.038", "6.1.2.1.1"), ("23.040", "9.2.3.24")]),
        ("spec: nowhere/3.1", [("nowhere", "3.1")]),
        ("python ovh 1.2.0, application/1.0 and https://api/1.0/sms", []),
    ],
)
def test_references_are_read_as_they_are_written(xref: ModuleType, text: str, found: list[tuple[str, str]]) -> None:
    assert list(xref.references(text, PAGES)) == found


def test_a_reference_that_leads_nowhere_is_found(xref: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "src" / "module.py"
    source.parent.mkdir()
    source.write_text('"""A module."""\n\n# spec: ovh/99.9\n# spec: ovh/1.6\n')
    dead, used = xref.follow(tmp_path)
    assert dead == ["src/module.py:3: ovh 99.9 is not in docs/specs"]
    assert used["ovh"] == {"1.6"}


def test_a_rule_without_code_is_found(xref: ModuleType) -> None:
    used = {page: set() for page in xref.headings()} | {"ovh": {"1.6"}}
    unused = set(xref.unused(used))
    assert "docs/specs/ovh.md: 1.5 has no code" in unused
    assert "docs/specs/ovh.md: 1.6.2 has no code" not in unused

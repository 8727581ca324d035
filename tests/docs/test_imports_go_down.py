"""The import contracts hold, and each of them has been seen to fail.

Every case plants one forbidden import in a copy of the package; exactly the contract named must break.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

ROOMS = "Imports go down"
SIMULATOR = "The simulator knows wire and net only"
PRODUCT = "No room knows the simulator"
WIRE = "wire has no sockets, clocks or chance"
CORE = "core has no I/O, clock or chance"
SOCKETS = "core, store and services run without net"
SERVICES = "services await nothing but their transaction"
DIALECTS = "Dialects do not know each other"
CONNECTORS = "Connectors know words and formats only"

PLANTED = [
    # file in the package, its text, the contract that must break
    ("wire/planted.py", "import depesza.net", ROOMS),
    ("net/planted.py", "import depesza.core", ROOMS),
    ("core/planted.py", "import depesza.store", ROOMS),
    ("store/planted.py", "import depesza.services", ROOMS),
    ("services/planted.py", "import depesza.connectors", ROOMS),
    ("dialects/planted.py", "import depesza.connectors", ROOMS),
    ("dialects/__init__.py", "import depesza.engine", ROOMS),
    ("connectors/planted.py", "import depesza.dialects", ROOMS),
    ("engine/planted.py", "import depesza.app", ROOMS),
    ("engine/planted.py", "import depesza.settings", ROOMS),
    ("app.py", "import depesza.cli", ROOMS),
    ("settings.py", "import depesza.app", ROOMS),
    ("attic/__init__.py", "", ROOMS),
    ("simulator/planted.py", "import depesza.core", SIMULATOR),
    ("simulator/planted.py", "import depesza.connectors", SIMULATOR),
    ("engine/planted.py", "import depesza.simulator", PRODUCT),
    ("wire/planted.py", "import time", WIRE),
    ("wire/planted.py", "def now():\n    import socket\n", WIRE),
    ("core/planted.py", "import asyncio", CORE),
    ("core/planted.py", "from random import choice", CORE),
    ("core/planted.py", "import sqlite3", CORE),
    ("core/planted.py", "import depesza.net", SOCKETS),
    ("services/planted.py", "import depesza.net", SOCKETS),
    ("services/planted.py", "import asyncio", SERVICES),
    ("dialects/planted.py", "import depesza.dialects.another", DIALECTS),
    ("connectors/planted.py", "import depesza.services", CONNECTORS),
    ("connectors/planted.py", "import depesza.store", CONNECTORS),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the package and its contracts, with the optional rooms and a second dialect there."""
    place = tmp_path_factory.mktemp("contracts")
    shutil.copytree(
        ROOT / "src" / "depesza",
        place / "depesza",
        ignore=lambda _, names: [name for name in names if "." in name and not name.endswith(".py")],
    )
    shutil.copy(ROOT / "pyproject.toml", place)
    for name in ("app.py", "settings.py", "dialects/another.py"):
        (place / "depesza" / name).touch()
    return place


@pytest.fixture
def planted(copy: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Plant one import for the length of a test, and take it out again."""
    name, text = request.param
    file = copy / "depesza" / name
    before = file.read_text() if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_text(text if before is None else f"{before}\n{text}\n")
    yield copy
    if before is not None:
        file.write_text(before)
    elif file.parent.name == "attic":
        shutil.rmtree(file.parent)
    else:
        file.unlink()


def broken_contracts(place: Path) -> list[str]:
    """Lint the package that lies in `place`; give the names of the contracts that broke."""
    run = subprocess.run(
        [LINTER, "--no-logo", "--no-cache"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    broken = re.findall(r"^(.+) BROKEN(?: \(.+\))?$", run.stdout, flags=re.MULTILINE)
    assert re.search(r"^Contracts: \d+ kept, \d+ broken\.$", run.stdout, flags=re.MULTILINE), run.stdout + run.stderr
    assert (run.returncode == 0) == (not broken)
    return broken


def test_the_package_keeps_its_contracts(copy: Path) -> None:
    assert broken_contracts(copy) == []


@pytest.mark.parametrize(
    ("planted", "contract"),
    [((name, text), contract) for name, text, contract in PLANTED],
    indirect=["planted"],
    ids=[f"{name}: {text.strip()}" for name, text, _ in PLANTED],
)
def test_a_planted_import_breaks_exactly_its_contract(planted: Path, contract: str) -> None:
    assert broken_contracts(planted) == [contract]


def test_every_contract_has_been_seen_to_fail() -> None:
    declared = re.findall(r'^name = "(.+)"\ntype = ', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert sorted(declared) == sorted({contract for _, _, contract in PLANTED})

"""The lines of README.md do what it says: typed beside a running demo, they send a text."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DEMO = [sys.executable, "-c", "from depesza.cli import main; raise SystemExit(main())", "demo"]

pytestmark = pytest.mark.journey


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """Run a demo in a folder of its own; gives what it printed."""
    folder = tmp_path / ".demo"
    running = subprocess.Popen(
        [*DEMO, "--folder", str(folder), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        yield "".join(lines)
    finally:
        running.terminate()
        assert running.wait(timeout=20) == 0


def test_the_signed_lines_send_a_text_to_the_demo(demo: str, tmp_path: Path) -> None:
    found = re.search(r"^```sh\n(key\(\).*?)^```$", README, re.MULTILINE | re.DOTALL)
    clients = re.search(r"clients +(http://127.0.0.1:\d+)", demo)
    assert found is not None
    assert clients is not None, demo
    lines = found[1].replace("http://127.0.0.1:8080", clients[1]).replace(".venv/bin/python", sys.executable)
    said = subprocess.run(["bash", "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True)
    report = json.loads(said.stdout)
    assert (len(report["ids"]), report["validReceivers"]) == (1, ["+33601020304"])

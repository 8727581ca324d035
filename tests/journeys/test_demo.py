"""`depesza demo` as a new user starts it: once, twice at the same time, with its port taken, and what it prints."""

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.journey

DEMO = [sys.executable, "-c", "from depesza.cli import main; raise SystemExit(main())", "demo"]
STEPS = ("accepted", "submitted", "delivered", "callback")
VENDORS = ("OVHcloud", "http2sms", "SMSAdvert", "SMSC")


def _pasted(printed: str, begin: str, end: str) -> str:
    """Run printed lines of a shell; gives what they print."""
    lines = printed[printed.index(begin) + len(begin) : printed.index(end)]
    done = subprocess.run(["bash", "-ec", lines], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout


def _once(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, "--once", "--folder", str(folder), *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_every_step_is_seen_and_a_second_run_finds_its_store_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = _once(tmp_path, "--port", "0")
        assert done.returncode == 0, done.stdout + done.stderr
        for vendor in VENDORS:
            told = re.split(rf"^{vendor}  ", done.stdout, flags=re.MULTILINE)[1].split("\n\n")[0]
            assert re.findall(r"ms  (\w+)", told) == [*STEPS, *(("asked",) if vendor == "SMSC" else ())]
        assert re.search(r"OK - 1 SMS, ID - \d+, COST - 1\.40, BALANCE - 98\.60", done.stdout)
        assert "which is right" in done.stdout and "Status = 1," in done.stdout
        by_phone, by_network = done.stdout.split("A phone of your own")[1].split("The phone is off")
        assert re.findall(r"ms  (\w+)", by_phone) == ["offered", "radio", "sent", "delivered"]
        assert re.findall(r"ms  (\w+)", by_network) == ["offered", "withdrawn", "submitted", "delivered"]
    assert (tmp_path / "demo.db").exists()


def test_a_taken_port_is_told_and_another_one_used(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = _once(tmp_path, "--port", str(port))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Port {port} is taken" in done.stdout
    assert f"http://127.0.0.1:{port}/" not in done.stdout


def test_two_at_once_do_not_disturb_each_other_and_the_pasted_lines_work(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [*DEMO, "--folder", str(tmp_path), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert first.stdout is not None
        lines = []
        for line in first.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        second = _once(tmp_path, "--port", "0")
        assert second.returncode == 0, second.stdout + second.stderr
        assert "Another demo runs" in second.stdout
        printed = "".join(lines)
        python = printed[printed.index("  import ovh") : printed.index("or this (shell)")]
        said = subprocess.run(
            [sys.executable, "-c", re.sub("^  ", "", python, flags=re.MULTILINE)],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert "+33601020304" in said.stdout
        signed = _pasted(printed, "or this (shell):", "or through http2sms")
        assert json.loads(signed)["validReceivers"] == ["+33601020304"]
        assert _pasted(printed, "or through http2sms:", "or through SMSAdvert").startswith("OK\n")
        assert "msgId" in _pasted(printed, "or through SMSAdvert:", "or through SMSC")
        assert re.fullmatch(
            r'OK - 1 SMS, ID - \d+, COST - 1\.40, BALANCE - [\d.]+\n\{\n"status": 1,[^}]*\}',
            _pasted(printed, "or through SMSC:", "See what arrived"),
        )
        for _ in range(50):
            inbox = _pasted(printed, "See what arrived:", "Ctrl-C")
            if inbox.count("Bonjour") == 5:
                break
            time.sleep(0.1)
        assert inbox.count("Bonjour") == 5
    finally:
        first.terminate()
        assert first.wait(timeout=20) == 0

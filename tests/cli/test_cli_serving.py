"""The server as a process: it starts, answers operators, takes a text of the command line, drains, complains."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.called import Cli
from tests.journeys.authority import make_authority

from depesza.cli import main

pytestmark = pytest.mark.journey

PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A `depesza serve` and what it said."""

    def __init__(self, folder: Path, environment: dict[str, str], *words: str) -> None:
        self.log = folder / "serve.log"
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "depesza", "serve", *words],
                cwd=folder, env=os.environ | environment, stdout=stream, stderr=stream,
            )  # fmt: skip
        self.base = f"http://127.0.0.1:{environment['DEPESZA_OPS_PORT']}"

    def ask(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.base + path, timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def until(self, good: Callable[[], bool]) -> None:
        """Wait for something to become true while the process lives."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if good():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def environment(cli: Cli, sqlite_url: str) -> dict[str, str]:
    for words in (
        ("owner", "create", "ab-ovh"),
        ("account", "create", "sms-ab-1", "--owner", "ab-ovh", "--credit", "10"),
        ("sender", "create", "sms-ab-1", "Example"),
        ("connector", "create", "sim", "--kind", "virtual"),
        ("route", "create", "--connector", "sim"),
    ):
        assert cli(*words).status == 0
    return {
        "DEPESZA_STORE_URL": sqlite_url,
        "DEPESZA_HTTP_PORT": str(free_port()),
        "DEPESZA_OPS_PORT": str(free_port()),
    }


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path, environment)
    running.until(lambda: running.ask("/healthz")[0] == 200)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.wait(10)


def test_it_answers_takes_texts_and_changes_and_drains(server: Server, cli: Cli) -> None:
    assert json.loads(server.ask("/healthz")[1]) == {"status": "alive"}
    server.until(lambda: json.loads(server.ask("/readyz")[1])["connectors"].get("sim", {}).get("link") == "up")
    assert server.ask("/nothing")[0] == 404

    sent = cli("send", "sms-ab-1", "+33600000000", "Hello", "--json").json
    id = str(sent["messages"]["+33600000000"])
    server.until(lambda: cli("message", id, "--json").json["state"] == "delivered")
    life = cli("message", id, "--json").json
    assert [event["kind"] for event in life["events"]] == ["taken", "receipt"]
    assert life["entries"][0]["credits"] == 1
    assert "delivered" in cli("message", id).out
    assert 'depesza_outcomes_total{connector="sim",outcome="taken"} 1.0' in server.ask("/metrics")[1]

    assert cli("connector", "create", "second", "--kind", "virtual").status == 0
    server.until(lambda: "second" in json.loads(server.ask("/readyz")[1])["connectors"])
    audit = cli("audit", "--json")
    assert (audit.status, audit.json["accounts"][0]["delivered"]) == (0, 1)

    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE) == 0
    assert [line["event"] for line in server.said()][-1] == "app.stopped"


def shown(port: int, authority: Path) -> bool:
    """Tell whether the clients' port shows a certificate of this authority."""
    context = ssl.create_default_context(cafile=str(authority / "ca.pem"))
    try:
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            context.wrap_socket(raw, server_hostname="localhost"),
        ):
            return True
    except ssl.SSLCertVerificationError:
        return False


def test_sighup_presents_the_new_certificate_and_a_bad_one_changes_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        make_authority(folder, "localhost")
    live = tmp_path / "live.pem"

    def install(authority: Path) -> None:
        live.write_bytes((authority / "server.key").read_bytes() + (authority / "server.pem").read_bytes())

    install(first)
    port = int(environment["DEPESZA_HTTP_PORT"])
    server = Server(tmp_path, environment | {"DEPESZA_HTTP_TLS_CERT": str(live)})
    try:
        server.until(lambda: shown(port, first))
        install(second)
        server.process.send_signal(signal.SIGHUP)
        server.until(lambda: shown(port, second))
        live.write_text("nothing of use")
        server.process.send_signal(signal.SIGHUP)
        server.until(lambda: "app.certificate_refused" in {line["event"] for line in server.said()})
        assert shown(port, second)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
    finally:
        server.process.kill()
        server.process.wait(10)


def test_a_certificate_that_is_not_there_is_told_in_a_line(environment: dict[str, str], tmp_path: Path) -> None:
    server = Server(tmp_path, environment | {"DEPESZA_HTTP_TLS_CERT": str(tmp_path / "gone.pem")})
    assert server.process.wait(PATIENCE) == 2
    assert "http.tls_cert, http.tls_key: [Errno 2]" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


def test_a_port_that_is_taken_is_told_in_a_line(environment: dict[str, str], run: Cli, tmp_path: Path) -> None:
    for name in ("http", "ops"):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            other = Server(tmp_path, environment | {f"DEPESZA_{name.upper()}_PORT": port})
            assert other.process.wait(PATIENCE) == 1
            said = f"depesza: {name}.port: cannot listen on 127.0.0.1:{port}: Address already in use\n"
            assert other.log.read_text() == said


def test_without_a_key_it_does_not_start(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DEPESZA_SECURITY_KEY")
    assert main(["serve"]) == 2
    assert capsys.readouterr().err == "depesza: security.key: at least 16 characters are needed\n"


def test_it_migrates_when_asked(environment: dict[str, str], tmp_path: Path) -> None:
    new = environment | {"DEPESZA_STORE_URL": str(tmp_path / "new.db")}
    running = Server(tmp_path, new, "--migrate")
    try:
        running.until(lambda: running.ask("/readyz")[0] == 200)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(PATIENCE) == 0
    finally:
        running.process.kill()
        running.process.wait(10)


def test_the_simulator_says_where_it_listens_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "depesza", "simulator", "--port", "0", "--http-port", "0", "--set", "seed=5"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    process.stdout.close()
    assert line.startswith("SMPP on 127.0.0.1:")
    assert ", control on http://127.0.0.1:" in line


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--account", "demo"), 2, "--account demo: it is written system_id:password"),
        (("--set", "nosuch=1"), 1, "Object contains unknown field `nosuch`"),
        (("--host", "0.0.0.0"), 1, "demo/demo is for the loopback only"),
        (("--port", "99999"), 1, "Expected `int` <= 65535"),
    ],
)
def test_the_simulator_says_what_is_wrong(
    words: tuple[str, ...], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulator", *words]) == status
    captured = capsys.readouterr().err
    assert captured.startswith(f"depesza: {said}")
    assert captured.count("\n") == 1

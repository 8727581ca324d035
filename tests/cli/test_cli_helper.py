"""Callbacks in a process of their own: it hears of changes at once, calls, dies and is there again."""

import json
import os
import signal
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.cli.called import Cli
from tests.cli.test_cli_serving import Server, environment  # noqa: F401

pytestmark = pytest.mark.journey


class Ear:
    """A client's web server that keeps the addresses called."""

    def __init__(self) -> None:
        heard: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heard.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.heard = heard
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/cb"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    made = Ear()
    yield made
    made.close()


@pytest.fixture
def server(environment: dict[str, str], cli: Cli, ear: Ear, tmp_path: Path) -> Iterator[Server]:  # noqa: F811
    assert cli("account", "change", "sms-ab-1", "--callback", ear.url).status == 0
    assert cli("user", "create", "sms-ab-1", "api1", "--password", "Secret12").status == 0
    environment |= {"DEPESZA_CLUSTER_HELPER": "always", "DEPESZA_SECURITY_ALLOW_PRIVATE": "127.0.0.0/8"}
    running = Server(tmp_path, environment)
    running.base = f"http://127.0.0.1:{environment['DEPESZA_HTTP_PORT']}"
    running.until(lambda: running.ask("/1.0/auth/time")[0] == 200)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.wait(10)


def send(server: Server, login: str) -> str:
    """Send through http2sms; gives the answer."""
    fields = {
        "account": "sms-ab-1", "login": login, "password": "Secret12", "from": "Example", "to": "0033600000000",
        "message": "Hello", "noStop": "1", "contentType": "application/json",
    }  # fmt: skip
    with urllib.request.urlopen(f"{server.base}/http2sms?{urlencode(fields)}", timeout=10) as reply:
        return str(reply.read().decode())


def helper_of(server: Server) -> int:
    """Tell the id of the other process."""
    pid = server.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def test_it_calls_and_is_started_again_when_it_dies(
    server: Server,
    cli: Cli,
    ear: Ear,
    environment: dict[str, str],  # noqa: F811
) -> None:
    assert json.loads(send(server, "api1"))["status"] == 100
    server.until(lambda: len(set(ear.heard)) == 2)  # sent and delivered

    os.kill(helper_of(server), signal.SIGKILL)
    assert json.loads(send(server, "api1"))["status"] == 100
    server.until(lambda: len(set(ear.heard)) == 4)  # what it had told and not written down is told again

    other = Ear()
    assert cli("account", "change", "sms-ab-1", "--callback", other.url).status == 0
    server.until(lambda: json.loads(send(server, "api1"))["status"] == 100 and len(other.heard) > 0)
    other.close()
    assert {line["event"] for line in server.said()} >= {"apart.died", "apart.started"}

    ops = f"http://127.0.0.1:{environment['DEPESZA_OPS_PORT']}"
    with urllib.request.urlopen(f"{ops}/metrics", timeout=5) as reply:
        said = reply.read().decode()
    assert 'depesza_notice_tries_total{result="good"} ' in said
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert [line["event"] for line in server.said()][-1] == "app.stopped"
    audit = cli("audit", "--json")
    assert (audit.status, audit.json["accounts"][0]["delivered"] >= 3) == (0, True)


def test_it_does_not_outlive_the_server(server: Server) -> None:
    helper = helper_of(server)
    server.process.kill()
    server.process.wait(10)

    def gone() -> bool:
        try:
            return Path(f"/proc/{helper}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    for _ in range(200):
        if gone():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it lives")

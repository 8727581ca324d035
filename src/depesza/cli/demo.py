"""`depesza demo`: a whole platform on the loopback, and one message seen from the first call to the callback.

The store is an SQLite file in a folder of the demo's own; the carrier is the simulator over real SMPP; the client is
the vendor's own Python library, unmodified.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from msgspec import Struct
from rich.console import Console

from depesza.app import App
from depesza.cli import logs
from depesza.cli.demo_phones import PREFIX, TERMS, Phones
from depesza.cli.errors import Failed
from depesza.connectors.contract import Link
from depesza.net import AddressInUse
from depesza.net.http_server import HttpServer
from depesza.services import desired, timeline, wishes
from depesza.settings import HttpSettings, LogSettings, OpsSettings, SecuritySettings, Settings, StoreSettings
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings
from depesza.store.opening import migrate
from depesza.wire.http import HttpReply, HttpRequest

ACCOUNT = "sms-demo-1"
RECEIVER = "+33601020304"
TEXT = "Hello from depesza"
PATIENCE = 20.0
"""Seconds within which every step has to be seen."""
STEPS = ("accepted", "submitted", "delivered", "callback")


class Keys(Struct, frozen=True):
    """Secrets of the demo, made once and kept in its folder."""

    master: str
    application: str
    secret: str
    consumer: str


def demo(
    *,
    once: Annotated[
        bool, Parameter(negative="", help="End after the first message; status 0 if all was seen.")
    ] = False,
    port: Annotated[int, Parameter(help="Port for clients; another one is taken when it is not free.")] = 8080,
    folder: Annotated[Path, Parameter(help="Where the demo keeps its store and keys.")] = Path(".demo"),
) -> int:
    """Run a platform, a carrier, a phone and a client on this machine, and show the life of messages."""
    logs.configure(LogSettings(level="error", format="text"))
    console = Console(highlight=False, soft_wrap=True)
    with _own_folder(folder, console) as place:
        keys = _keys(place)
        migrate(str(place / "demo.db"))
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_Demo(place, keys, port, console).run(once))


@contextlib.contextmanager
def _own_folder(folder: Path, console: Console) -> Any:
    """Lock the demo's folder; while another demo holds it, use one that is thrown away."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise Failed(f"{folder}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        console.print(f"[yellow]Another demo runs in {folder}; this one begins with an empty store.[/]")
        with tempfile.TemporaryDirectory(prefix="depesza-demo-") as other:
            yield Path(other)
    else:
        yield folder
    finally:
        os.close(handle)


def _keys(folder: Path) -> Keys:
    path = folder / "keys.json"
    if not path.exists():
        made = {name: secrets.token_hex(16) for name in ("master", "secret", "consumer")}
        made["application"] = secrets.token_hex(8)
        path.touch(0o600)
        path.write_text(json.dumps(made))
    return Keys(**json.loads(path.read_text()))


class _Demo:
    """One run of the demo."""

    def __init__(self, folder: Path, keys: Keys, port: int, console: Console) -> None:
        self._folder = folder
        self._keys = keys
        self._port = port
        self._console = console
        self._began = 0
        self._seen: set[str] = set()
        self._calls: list[tuple[int, str]] = []
        self._complete = asyncio.Event()

    async def run(self, once: bool) -> int:
        """Start everything, send, watch; stay until a signal unless `once`."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with contextlib.AsyncExitStack() as stack:
            simulator = await stack.enter_async_context(Simulator(SimulatorSettings()))
            self._receiver = HttpServer(self._take_callback)
            await self._receiver.start()
            stack.push_async_callback(self._receiver.stop, 1.0)
            self._app = await self._start_app()
            stack.push_async_callback(self._app.stop, 5.0)
            await self._furnish(simulator)
            self._introduce(simulator)
            good = await self._one_message(stop)
            if not stop.is_set():
                good = await self._by_phone() and good
            if not once and not stop.is_set():
                self._invite(simulator)
                await stop.wait()
        if once:
            return 0 if good else 1
        return 0

    async def _start_app(self) -> App:
        try:
            return await self._started(self._port)
        except AddressInUse as error:
            self._console.print(f"[yellow]Port {error.port} is taken; another one is used.[/]")
            return await self._started(0)

    async def _started(self, port: int) -> App:
        settings = Settings(
            store=StoreSettings(url=str(self._folder / "demo.db")),
            http=HttpSettings(port=port),
            ops=OpsSettings(port=0),
            security=SecuritySettings(key=self._keys.master, allow_private=("127.0.0.0/8",)),
        )
        app = App(settings)
        await app.start()
        return app

    async def _furnish(self, simulator: Simulator) -> None:
        """Make the demo's account, sender, keys, way out and route, or bring them up to date."""
        smpp = {"host": simulator.host, "port": simulator.port, "system_id": "demo", "password": "demo", "window": 50}
        wish = wishes.wish(
            {
                "owners": [{"name": "demo"}],
                "accounts": [
                    {
                        "name": ACCOUNT,
                        "owner": "demo",
                        "credit": {"at_least": 100},
                        "callback": f"{self._receiver.url}/callback",
                    }
                ],
                "senders": [{"account": ACCOUNT, "name": "DEPESZA"}],
                "applications": [
                    {
                        "owner": "demo",
                        "name": "demo",
                        "key": self._keys.application,
                        "secret": self._keys.secret,
                        "keys": [
                            {
                                "rules": [f"{method} /*" for method in ("GET", "POST", "PUT", "DELETE")],
                                "consumer_key": self._keys.consumer,
                            }
                        ],
                    }
                ],
                "connectors": [
                    {"name": "simulator", "kind": "smpp", "settings": smpp},
                    {"name": "phones", "kind": "phones", "settings": TERMS},
                ],
                "routes": [
                    {"connectors": ["simulator"]},
                    {"prefix": PREFIX, "connectors": ["phones", "simulator"]},
                ],
            }
        )
        import depesza.connectors

        means = desired.Means(depesza.connectors.check, depesza.connectors.carries, lambda: self._app.vault, "demo")
        await self._app.store.run(desired.apply, wish, means, self._app.now())
        async with asyncio.timeout(PATIENCE):
            # what connectors tell goes to the engine, so their health is asked for
            while not any(connector.health.link is Link.UP for connector in self._app.connectors.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def _introduce(self, simulator: Simulator) -> None:
        say = self._console.print
        say()
        say("[bold]depesza demo[/]  a platform, a carrier and a client on this machine")
        say(f"  clients     {self._app.url}/1.0   (OVHcloud's SMS API)")
        say(f"  operators   {self._app.ops.url if self._app.ops else '-'}/metrics /healthz /readyz")
        say(f"  carrier     smpp://{simulator.host}:{simulator.port}   simulator, its phones at {simulator.url}/phones")
        say(f"  store       {self._folder / 'demo.db'}   (SQLite, synced at every commit)")
        say()

    async def _by_phone(self) -> bool:
        """Show what a phone of one's own does, and what happens without it."""

        async def send(receiver: str, text: str) -> int:
            report = await asyncio.get_running_loop().run_in_executor(None, self._send, receiver, text)
            return int(report["ids"][0])

        return await Phones(self._app, ACCOUNT, self._console, send).play()

    async def _one_message(self, stop: asyncio.Event) -> bool:
        """Send with the vendor's own client and watch the message until its callback; tell whether all was seen."""
        self._began = self._app.now()
        try:
            report = await asyncio.get_running_loop().run_in_executor(None, self._send, RECEIVER, TEXT)
        except ImportError as error:
            raise Failed("the demo's client is missing: pip install ovh") from error
        id = report["ids"][0]
        cost = f"{report['totalCreditsRemoved']} credit, {report['creditsLeft']} left"
        self._step("accepted", f"id {id}, {cost}, on disk", self._app.now())
        watching = asyncio.ensure_future(self._watch(id))
        ends = [asyncio.ensure_future(self._complete.wait()), asyncio.ensure_future(stop.wait())]
        await asyncio.wait(ends, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        for task in (watching, *ends):
            task.cancel()
        missing = [step for step in STEPS if step not in self._seen]
        for step in missing:
            self._console.print(f"[red]  {step} was not seen[/]")
        return not missing

    def _send(self, receiver: str, text: str) -> Any:
        import ovh  # type: ignore[import-untyped]
        from ovh import client as module

        module.ENDPOINTS["depesza-demo"] = f"{self._app.url}/1.0"
        keys = self._keys
        client = ovh.Client(
            endpoint="depesza-demo",
            application_key=keys.application,
            application_secret=keys.secret,
            consumer_key=keys.consumer,
        )
        return client.post(
            f"/sms/{ACCOUNT}/jobs", message=text, receivers=[receiver], sender="DEPESZA", noStopClause=True
        )

    async def _watch(self, id: int) -> None:
        """Tell of every event that is written to the message's timeline."""
        shown = 0
        while True:
            life = await self._app.store.look(timeline.read, id)
            if life is not None:
                for event in life.events[shown:]:
                    self._tell(event)
                shown = len(life.events)
            while shown and self._calls:
                at, target = self._calls.pop(0)
                self._step("callback", f"GET {target}", at)
            await asyncio.sleep(0.02)

    def _tell(self, event: timeline.Event) -> None:
        if event.kind == "taken":
            remote = event.detail.split()[-1]
            self._step("submitted", f"submit_sm of {len(event.data)} octets, carrier's id {remote}", event.at)
        elif event.kind == "receipt":
            self._step("delivered", event.data.decode(errors="replace").partition("\n")[0], event.at)

    async def _take_callback(self, request: HttpRequest) -> HttpReply:
        if self._began:  # earlier ones belong to the last demo's messages
            self._calls.append((self._app.now(), request.target))
        return HttpReply(200, b"OK", "text/plain")

    def _step(self, step: str, detail: str, at: int) -> None:
        """Show a step and remember that it was seen; a callback counts when it tells of the delivery."""
        colour = {"accepted": "cyan", "submitted": "blue", "delivered": "green", "callback": "magenta"}[step]
        self._console.print(f"  {(at - self._began) / 1000:7.1f} ms  [{colour}]{step:10}[/]", end=" ")
        self._console.print(detail, markup=False)
        if step != "callback" or "dlr=1" in detail:
            self._seen.add(step)
        if len(self._seen) == len(STEPS):
            self._complete.set()

    def _invite(self, simulator: Simulator) -> None:
        """Print lines that work when they are pasted."""
        keys, url = self._keys, self._app.url
        say: Callable[[str], None] = lambda text: self._console.print(text, markup=False)  # noqa: E731
        say("\nPaste this (Python, pip install ovh):\n")
        say("  import ovh, ovh.client")
        say(f'  ovh.client.ENDPOINTS["depesza"] = "{url}/1.0"')
        say(f'  client = ovh.Client("depesza", "{keys.application}", "{keys.secret}", "{keys.consumer}")')
        say(f'  print(client.post("/sms/{ACCOUNT}/jobs", message="Bonjour", receivers=["{RECEIVER}"],')
        say('                    sender="DEPESZA", noStopClause=True))')
        say("\nor this (shell):\n")
        say(f"  T=$(curl -s {url}/1.0/auth/time) U={url}/1.0/sms/{ACCOUNT}/jobs")
        say(f"""  B='{{"message":"Bonjour","receivers":["{RECEIVER}"],"sender":"DEPESZA","noStopClause":true}}'""")
        say(f"""  S=$(printf %s "{keys.secret}+{keys.consumer}+POST+$U+$B+$T" | sha1sum | cut -d' ' -f1)""")
        say(f"  curl -s $U -d \"$B\" -H 'Content-Type: application/json' -H 'X-Ovh-Application: {keys.application}' \\")
        say(f'    -H \'X-Ovh-Consumer: {keys.consumer}\' -H "X-Ovh-Timestamp: $T" -H "X-Ovh-Signature: \\$1\\$$S"')
        say(f"\nSee what arrived:  curl -s {simulator.url}/phones/{RECEIVER[1:]}")
        say("Ctrl-C ends the demo.")

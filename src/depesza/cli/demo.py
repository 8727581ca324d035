"""`depesza demo`: a whole platform on the loopback, and messages seen from the first call to the callback.

The store is an SQLite file in a folder of the demo's own; the carrier is the simulator over real SMPP. One text goes
through each vendor's API (`demo_clients`), two by a phone of one's own (`demo_phones`).
"""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console

from depesza.app import App
from depesza.cli import demo_watch, logs
from depesza.cli.demo_clients import ACCOUNT, LOGIN, RECEIVER, ROUBLES, RUSSIAN, SENDER, Client, Keys, clients
from depesza.cli.demo_phones import PREFIX, TERMS, Phones
from depesza.cli.demo_watch import PATIENCE, Heard, Watch
from depesza.cli.errors import Failed
from depesza.connectors.contract import Link
from depesza.net import AddressInUse
from depesza.net.http_server import HttpServer
from depesza.services import desired, wishes
from depesza.settings import HttpSettings, LogSettings, OpsSettings, SecuritySettings, Settings, StoreSettings
from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings
from depesza.store.opening import migrate
from depesza.wire.http import HttpReply, HttpRequest


def demo(
    *,
    once: Annotated[bool, Parameter(negative="", help="End after the messages; status 0 if all was seen.")] = False,
    port: Annotated[int, Parameter(help="Port for clients; another one is taken when it is not free.")] = 8080,
    folder: Annotated[Path, Parameter(help="Where the demo keeps its store and keys.")] = Path(".demo"),
) -> int:
    """Run a platform, a carrier, a phone and clients on this machine, and show the life of messages."""
    logs.configure(LogSettings(level="error", format="text"))
    console = Console(highlight=False, soft_wrap=True)
    with _own_folder(folder, console) as place:
        keys = _keys(place)
        migrate(str(place / "demo.db"))
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_Demo(place, keys, port, console).run(once))


@contextlib.contextmanager
def _own_folder(folder: Path, console: Console) -> Iterator[Path]:
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
    """Read the secrets; those that are missing, all at first, are made."""
    path = folder / "keys.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {name: secrets.token_hex(8 if name == "application" else 16) for name in Keys.__struct_fields__}
    keys = Keys(**{name: known.get(name, value) for name, value in made.items()})
    path.touch(0o600)
    path.write_text(json.dumps(msgspec.to_builtins(keys)))
    return keys


class _Demo:
    """One run of the demo."""

    def __init__(self, folder: Path, keys: Keys, port: int, console: Console) -> None:
        self._folder = folder
        self._keys = keys
        self._port = port
        self._console = console
        self._heard: list[Heard] = []

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
            self._clients = clients(self._app.url, self._receiver.url, self._keys)
            good = await self._acts(stop)
            if not once and not stop.is_set():
                self._invite(simulator)
                await stop.wait()
        if once:
            return 0 if good else 1
        return 0

    async def _acts(self, stop: asyncio.Event) -> bool:
        """Show everything, or what comes before a signal; tell whether all was seen."""
        acts, stopped = asyncio.ensure_future(self._play()), asyncio.ensure_future(stop.wait())
        await asyncio.wait((acts, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if acts.done():
            return acts.result()
        acts.cancel()
        await asyncio.wait((acts,))
        return False

    async def _play(self) -> bool:
        good = [await self._one_message(client) for client in self._clients]
        good.append(await self._by_phone())
        return all(good)

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
        """Make the demo's accounts, senders, keys, ways out and routes, or bring them up to date."""
        import depesza.connectors

        app = self._app
        means = desired.Means(depesza.connectors.check, depesza.connectors.carries, lambda: app.vault, "demo")
        tree = furniture(self._keys, simulator, self._receiver.url)
        wish = await asyncio.to_thread(desired.with_hashes, wishes.wish(tree), app.store.facts, lambda: app.vault)
        await app.store.run(desired.apply, wish, means, app.now())
        async with asyncio.timeout(PATIENCE):
            # what connectors tell goes to the engine, so their health is asked for
            while not any(connector.health.link is Link.UP for connector in app.connectors.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def _introduce(self, simulator: Simulator) -> None:
        say = self._console.print
        say()
        say("[bold]depesza demo[/]  a platform, a carrier and clients on this machine")
        say(f"  clients     {self._app.url}   (the APIs of OVHcloud, http2sms, SMSAdvert and SMSC)")
        say(f"  operators   {self._app.ops.url if self._app.ops else '-'}/metrics /healthz /readyz")
        say(f"  carrier     smpp://{simulator.host}:{simulator.port}   simulator, its phones at {simulator.url}/phones")
        say(f"  store       {self._folder / 'demo.db'}   (SQLite, synced at every commit)")

    async def _one_message(self, client: Client) -> bool:
        """Send through a vendor's API and watch the message until its callback; tell whether all was seen."""
        self._console.print(f"\n[bold]{client.name}[/]  {client.call}")
        watch = Watch(self._app, self._console, self._heard)
        watch.begin()
        watch.step("accepted", await asyncio.to_thread(client.send))
        good = await watch.follow(await watch.newest(client.account), client.ended)
        asked = await asyncio.to_thread(client.ask)
        if asked:
            watch.step("asked", asked)
        return good

    async def _by_phone(self) -> bool:
        """Show what a phone of one's own does, and what happens without it."""

        async def send(receiver: str, text: str) -> int:
            report = await asyncio.to_thread(self._clients[0].post, receiver, text)
            return int(report["ids"][0])

        return await Phones(self._app, ACCOUNT, self._console, send).play()

    async def _take_callback(self, request: HttpRequest) -> HttpReply:
        return await demo_watch.take(request, self._heard, self._app.now())

    def _invite(self, simulator: Simulator) -> None:
        """Print lines that work when they are pasted."""
        say: Callable[[str], None] = lambda text: self._console.print(text, markup=False)  # noqa: E731
        ovh, others = self._clients[0], self._clients[1:]
        say("\nPaste this (Python, pip install ovh):\n")
        for line in ovh.python():
            say(f"  {line}")
        say("\nor this (shell):\n")
        for line in ovh.lines():
            say(f"  {line}")
        for client in others:
            say(f"\nor through {client.name}:\n")
            for line in client.lines():
                say(f"  {line}")
        say(f"\nSee what arrived:  curl -s {simulator.url}/phones/{RECEIVER[1:]} {simulator.url}/phones/{RUSSIAN}")
        say("Ctrl-C ends the demo.")


def furniture(keys: Keys, simulator: Simulator, ear: str) -> dict[str, Any]:
    """Write what `depesza apply` would be given; `ear` is where callbacks go."""
    smpp = {"host": simulator.host, "port": simulator.port, "system_id": "demo", "password": "demo", "window": 50}
    methods = [f"{method} /*" for method in ("GET", "POST", "PUT", "DELETE")]
    roubles = {
        "currency": "RUR",
        "timezone": "Europe/Moscow",
        "home": "smsc",
        "callback": f"{ear}/smsc?md5={keys.word}",
    }
    return {
        "owners": [{"name": "demo"}],
        "accounts": [
            {"name": ACCOUNT, "owner": "demo", "credit": {"at_least": 100}, "callback": f"{ear}/ovh"},
            {"name": ROUBLES, "owner": "demo", "credit": {"at_least": 100}, **roubles},
        ],
        "users": [{"account": ACCOUNT, "login": LOGIN, "password": keys.password, "callback": f"{ear}/http2sms"}],
        "tokens": [{"account": ACCOUNT, "name": "demo", "token": keys.token, "language": "en"}],
        "logins": [{"account": ROUBLES, "name": LOGIN, "password": keys.password}],
        "senders": [{"account": account, "name": SENDER} for account in (ACCOUNT, ROUBLES)],
        "applications": [
            {
                "owner": "demo",
                "name": "demo",
                "key": keys.application,
                "secret": keys.secret,
                "keys": [{"rules": methods, "consumer_key": keys.consumer}],
            }
        ],
        "connectors": [
            {"name": "simulator", "kind": "smpp", "settings": smpp},
            {"name": "phones", "kind": "phones", "settings": TERMS},
        ],
        "routes": [{"connectors": ["simulator"]}, {"prefix": PREFIX, "connectors": ["phones", "simulator"]}],
        "prices": [{"currency": "RUR", "credits": 1.4}],
    }

"""`depesza serve` and `depesza migrate`."""

import asyncio
import gc
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from depesza.cli import logs
from depesza.cli.desk import Config, read_settings, require_schema
from depesza.cli.errors import Failed
from depesza.net.child import Child
from depesza.settings import Settings

DOUBLED = 0.5
"""Seconds in which a second signal is the first one again: `timeout` and terminals signal a whole group as well."""
HELPER = "depesza.cli.helper"
"""The module that runs `apart.serve`."""
SWITCH = 0.0003
"""Seconds that a thread may hold the interpreter's lock while another wants it. The one that writes gives the lock up
at every statement; with Python's own 5 ms it waits for the event loop's longest turn each time, and so do clients."""


def migrate(*, config: Config = None) -> None:
    """Bring the store's schema up to date; harmless when it is."""
    settings = read_settings(config)
    print(bring_up_to_date(settings.store.url))


def bring_up_to_date(url: str) -> str:
    """Run the migrations that are missing; gives a line that tells so."""
    from depesza.store import opening

    before = asyncio.run(opening.revision(url))
    newest = opening.newest_revision()
    if before > newest:
        raise Failed(f"{opening.shown(url)} has schema {before}, this version knows only {newest}")
    if before == newest:
        return f"{opening.shown(url)}: schema {newest} already"
    if not opening.is_postgres(url):
        _require_folder(Path(url))
    opening.migrate(url)
    return f"{opening.shown(url)}: schema {before or 'none'} -> {newest}"


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise Failed(f"{path}: the folder does not exist")


def serve(
    *,
    config: Config = None,
    bring: Annotated[bool, Parameter(name="--migrate", negative="", help="Migrate first.")] = False,
) -> int:
    """Run the platform until SIGTERM or SIGINT; then finish what is under way. A second signal ends at once.

    SIGHUP reads the TLS certificate anew; a changed one is noticed without it too.
    """
    settings = read_settings(config)
    logs.configure(settings.log)
    if bring:
        bring_up_to_date(settings.store.url)
    for name, host, port in _listeners(settings):
        require_port(name, host, port)
    helper = Child(HELPER) if _wants_help(settings) else None  # it begins to load what it needs while we do

    import uvloop

    sys.setswitchinterval(SWITCH)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, helper))


def _listeners(settings: Settings) -> list[tuple[str, str, int]]:
    found = [("http", settings.http.host, settings.http.port)]
    if settings.ops.port >= 0:
        found.append(("ops", settings.ops.host, settings.ops.port))
    return [row for row in found if row[2]]


def require_port(name: str, host: str, port: int) -> None:
    """Refuse an address that cannot be listened on, before anything is opened; raises `Failed`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failed(f"{name}.port: cannot listen on {host}:{port}: {error.strerror or error}") from error


def _wants_help(settings: Settings) -> bool:
    """Tell whether there is a second process: unasked where there is a core for it."""
    wish = settings.cluster.helper
    return wish == "always" or (wish == "auto" and len(os.sched_getaffinity(0)) > 1)


async def _serve(settings: Settings, helper: Child | None) -> int:
    from depesza.app import App

    await require_schema(settings.store.url)
    app = App(settings, helper=helper)
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    first = 0.0

    def on_signal() -> None:
        nonlocal first
        if not asked.is_set():
            first = loop.time()
            asked.set()
        elif loop.time() - first > DOUBLED:
            os._exit(1)  # what was accepted is on disk: the next start takes it up

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    loop.add_signal_handler(signal.SIGHUP, app.renew_certificates, True)
    await app.start()
    spare_the_collector()
    waits = [asyncio.ensure_future(asked.wait()), asyncio.ensure_future(app.stopped.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    if asked.is_set() and not app.draining:
        await app.stop()
        return 0
    await app.stopped.wait()
    return 0 if asked.is_set() else 1  # it stopped by itself: its lease was lost


def spare_the_collector() -> None:
    """Leave what lives as long as the process out of garbage collection, and collect less often.

    Values of the hot path hold no cycles, so reference counting frees them; collecting took a tenth of bulk sending.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)

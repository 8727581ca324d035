"""`python -m depesza.simulator`: the simulator as a process of its own.

Options come from the settings. When it listens it prints one line of JSON: `{"host", "port", "http", "pid"}`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from threading import Thread
from typing import Any

import msgspec
import uvloop
from msgspec import inspect

from depesza.net import AddressInUse
from depesza.simulator.behaviour import BadBehaviour
from depesza.simulator.run import Simulator, serve
from depesza.simulator.settings import LEAN, SettingsError, SimulatorSettings

_FAILED = 1


def main(arguments: list[str] | None = None) -> int:
    """Read the options, serve, give the exit status."""
    options = vars(_parser().parse_args(arguments))
    until_stdin_closes = options.pop("until_stdin_closes")
    values: dict[str, Any] = dict(LEAN) if options.pop("lean") else {}
    values |= {name: value for name, value in options.items() if value is not None}
    try:
        settings = msgspec.convert(values, SimulatorSettings, strict=False)
        uvloop.run(_serve(settings, until_stdin_closes))
    except (msgspec.ValidationError, SettingsError, BadBehaviour, AddressInUse) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return _FAILED
    return 0


async def _serve(settings: SimulatorSettings, until_stdin_closes: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_stdin_closes:
        Thread(target=_await_end_of_input, args=(loop, stop), daemon=True).start()
    await serve(settings, stop, _tell)


def _await_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait for whoever started us to go away; a thread, because not every kind of input can be polled."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    with contextlib.suppress(RuntimeError):  # we stopped before
        loop.call_soon_threadsafe(stop.set)


def _tell(simulator: Simulator) -> None:
    told = {"host": simulator.host, "port": simulator.port, "http": simulator.url, "pid": os.getpid()}
    print(json.dumps(told), flush=True)


def _parser() -> argparse.ArgumentParser:
    """Make one option of each setting."""
    parser = argparse.ArgumentParser(prog="python -m depesza.simulator", description="An SMPP carrier to test against.")
    struct = inspect.type_info(SimulatorSettings)
    assert isinstance(struct, inspect.StructType)
    for field in struct.fields:
        _add(parser, field)
    parser.add_argument("--lean", action="store_true", help="no fates, phones, log, past messages: for benchmarks")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return parser


def _add(parser: argparse.ArgumentParser, field: inspect.Field) -> None:
    name, kind = f"--{field.encode_name.replace('_', '-')}", field.type
    text = ""
    while isinstance(kind, inspect.Metadata):
        text = text or (kind.extra_json_schema or {}).get("description", "")
        kind = kind.type
    shown = f"{text} (default: {field.default})".replace("%", "%%")
    if isinstance(kind, inspect.BoolType):
        parser.add_argument(name, action=argparse.BooleanOptionalAction, default=None, help=text)
    elif isinstance(kind, inspect.DictType):
        parser.add_argument(name, nargs="+", action=_Pairs, metavar="NAME=VALUE", help=text)
    elif isinstance(kind, inspect.LiteralType):
        parser.add_argument(name, choices=[str(value) for value in kind.values], help=shown)
    else:
        parser.add_argument(name, help=shown)


class _Pairs(argparse.Action):
    """Collects NAME=VALUE into a dict."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option: str | None = None,
    ) -> None:
        pairs = dict(getattr(namespace, self.dest) or {})
        for pair in values:
            name, found, value = pair.partition("=")
            if not found:
                parser.error(f"{option}: {pair!r} is not NAME=VALUE")
            pairs[name] = value
        setattr(namespace, self.dest, pairs)


if __name__ == "__main__":
    sys.exit(main())

"""`depesza simulator`: the simulated carrier as a process of its own. See `depesza.simulator.settings`."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.simulator.phone import Taken
    from depesza.simulator.run import Simulator


def simulator(
    *,
    host: Annotated[str, Parameter(help="Address of the SMPP server.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Its port; 0 takes any free one.")] = 2775,
    http_host: Annotated[str, Parameter(help="Address of the control API.")] = "127.0.0.1",
    http_port: Annotated[int, Parameter(help="Its port; 0 takes any free one.")] = 2780,
    account: Annotated[
        tuple[str, ...], Parameter(negative="", help="Who may bind, as system_id:password; again for more.")
    ] = ("demo:demo",),
    phone: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            help="Also run a phone with the app SMSGate: its API URL and code, as URL#CODE; again for more.",
        ),
    ] = (),
    phone_set: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="How the phones are, like version=1.60.0, dies_after_pull=true or clock=-90."),
    ] = (),
    set: Annotated[
        tuple[str, ...],
        Parameter(name="--set", negative="", help="Any other of its settings, like message_ids=hex."),
    ] = (),
) -> None:
    """Run a carrier to develop and test against: its receivers' last digits decide what happens to a text."""
    import msgspec
    import uvloop

    from depesza.cli.network import read_sets
    from depesza.net import AddressInUse
    from depesza.simulator.behaviour import BadBehaviour
    from depesza.simulator.phone import PhoneError, read_phone
    from depesza.simulator.settings import SettingsError, SimulatorSettings

    values: dict[str, Any] = {
        "host": host, "port": port, "http_host": http_host, "http_port": http_port,
        "accounts": dict(_pair(each) for each in account),
    }  # fmt: skip
    try:
        settings = msgspec.convert(values | read_sets(set), SimulatorSettings)
        phones = [read_phone(each, read_sets(phone_set)) for each in phone]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, phones))
    except (msgspec.ValidationError, SettingsError, PhoneError, BadBehaviour, AddressInUse) as error:
        raise Failed(str(error)) from error


def _pair(text: str) -> tuple[str, str]:
    name, _, password = text.partition(":")
    if not name or not password:
        raise Failed(f"--account {text}: it is written system_id:password", 2)
    return name, password


async def _serve(settings: Any, phones: Sequence[Any]) -> None:
    from depesza.simulator.phone import running
    from depesza.simulator.run import serve

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        for each in phones:
            phone = await stack.enter_async_context(running(each, time.time, _tell_sent))
            print(f"phone {phone.id} has joined {each.url}", flush=True)
        await serve(settings, stop, _tell)


def _tell_sent(taken: "Taken") -> None:
    print(f"phone sends by SIM {taken.sim} to {taken.number}: {taken.text}", flush=True)


def _tell(simulator: "Simulator") -> None:
    print(f"SMPP on {simulator.host}:{simulator.port}, control on {simulator.url}", flush=True)

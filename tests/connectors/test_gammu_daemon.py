"""The connector with gammu-smsd itself, where it is installed: on its dummy phone, and on a modem that we play."""

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from connector_heard import Heard, content, make, message, until
from gammu_schema import schema
from tests.modem_emulator import Modem, Plugged

from depesza.connectors.contract import Connector
from depesza.core.model import Extras, Message, State

pytestmark = pytest.mark.anyio
DAEMON = shutil.which("gammu-smsd")
ROOT = Path(DAEMON or "/usr/bin/gammu-smsd").parents[2]
DRIVERS = next(iter(sorted(ROOT.glob("usr/lib/*/dbd"))), None)
Served = tuple[Connector, Heard]


@asynccontextmanager
async def served(folder: Path, phone: str) -> AsyncIterator[Served]:
    """Run the daemon on a phone, and the connector beside it."""
    database = folder / "smsd.db"
    file = sqlite3.connect(database)
    file.executescript(";".join(["PRAGMA journal_mode = WAL", *schema("")]))
    file.close()
    config = folder / "smsdrc"
    config.write_text(
        f"[gammu]\n{phone}\n[smsd]\nService = sql\nDriver = sqlite3\nDriversPath = {DRIVERS}\nDBDir = {folder}\n"
        "Database = smsd.db\nPhoneID = p1\nCommTimeout = 1\nReceiveFrequency = 1\nLoopSleep = 1\nStatusFrequency = 1\n"
        "CheckSecurity = 0\nSendTimeout = 10\nMaxRetries = 1\nRetryTimeout = 1\nDeliveryReport = sms\n"
        f"LogFile = {folder}/smsd.log\n"
    )
    keeping = asyncio.create_task(_keep(str(config)))
    heard = Heard()
    connector = make("gammu", heard, database=str(database), phone="p1", poll=0.2, gap=0, patience=60)
    try:
        yield connector, heard
    finally:
        await connector.stop(0.1)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(config: str) -> None:
    """Run the daemon as a service manager would: it may crash where SQLite is locked, and is started again."""
    while True:
        process = await asyncio.create_subprocess_exec(str(DAEMON), "-c", config)
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


def to(digit: str, number: int, text: str) -> Message:
    found = message(number, content(text), f"+4074000000{digit}")
    assert found.state is State.SENDING
    return found


async def _dummy(folder: Path) -> None:
    """Send by gammu's own dummy phone, which takes all and reports nothing."""
    for number in range(1, 6):
        (folder / "phone" / "sms" / str(number)).mkdir(parents=True)
    async with served(folder, f"model = dummy\nconnection = none\ndevice = {folder}/phone") as (connector, heard):
        connector.start()
        await until(lambda: connector.room, 20)
        connector.send(to("6", 1, "Țară, " * 30))
        await until(lambda: heard.outcomes, 30)
        assert (heard.outcomes[1].refusal, len(heard.outcomes[1].remotes)) == ("", 3)
        assert "signal 42 %, battery 100 %" in connector.health.habits


async def _modem(folder: Path) -> None:
    """Send and receive over a modem whose network reports."""
    modem = Modem()
    plug = Plugged(modem)
    async with served(folder, f"device = {plug.path}\nconnection = at115200") as (connector, heard):
        connector.start()
        await until(lambda: connector.room, 30)
        modem.text("+40740000055", "salut ă")
        ports = bytes.fromhex("05040b8423f0")
        octets = content("\x00\xff" * 80, number=9, alphabet="binary", extras=Extras(udh=ports))
        connector.send(message(1, octets, "+40740000006"))
        connector.send(to("9", 2, "Bună ziua"))
        connector.send(to("7", 3, "Bună ziua"))
        await until(lambda: len(heard.outcomes) == 3, 30)
        modem.tell_reports()
        assert [heard.outcomes[number].refusal for number in (1, 2, 3)] == ["", "", "link_down"]
        assert heard.outcomes[3].detail == "SendingError CMS 38"
        *parts, text = modem.sent[:3]
        assert "".join(part["text"] for part in parts) + text["text"] == octets.text + "Bună ziua"
        assert [(part["coding"], part["header"][8:]) for part in parts] == [(4, f"020{n}{ports.hex()}") for n in (1, 2)]
        await until(lambda: len(heard.receipts) == 3 and heard.inbounds, 30)
        assert [receipt.state for receipt, _ in heard.receipts] == [State.DELIVERED, State.DELIVERED, State.FAILED]
        assert heard.receipts[2][0].refusal == "carrier_expired"
        assert heard.inbounds[0][0].text == "salut ă"
    plug.unplug()


if DAEMON and DRIVERS:  # a small machine may lack it; continuous integration has it

    @pytest.mark.parametrize("act", [_dummy, _modem])
    async def test_gammu_smsd(act: Callable[[Path], Coroutine[Any, Any, None]], tmp_path: Path) -> None:
        await act(tmp_path)


async def test_nothing_of_gammu_is_imported() -> None:
    import depesza.connectors  # noqa: F401

    assert "gammu" not in sys.modules, "its licence would become ours"

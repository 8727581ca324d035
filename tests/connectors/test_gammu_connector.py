"""The connector to gammu-smsd on its tables, in SQLite and PostgreSQL, with a test that plays the daemon.

Acceptance case 36. The daemon itself is in test_gammu_daemon.py, where it is installed.
"""

import sqlite3
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from connector_heard import Heard, content, make, message, until
from gammu_schema import schema

from depesza.connectors import SettingsError, check
from depesza.connectors.contract import Connector, Link
from depesza.connectors.gammu.tables import Row, Tables, tables_at
from depesza.core.model import Channel, Extras, Message, State

pytestmark = pytest.mark.anyio
QUICK = {"phone": "p1", "poll": 0.01, "gap": 0, "number": "+40740000099"}
PORTS = bytes.fromhex("05040b8423f0")
ALIVE = (
    'INSERT INTO phones ("ID", "TimeOut", "IMEI", "NetCode", "NetName", "Battery", "Signal")'
    " VALUES ('p1', '2999-01-01 00:00:00', '1', '226 01', 'ERROR', 87, 63)"
)


class Daemon:
    """The tables, and a hand that does in them what gammu-smsd does."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.tables: Tables = tables_at(database)
        self.heard = Heard()
        self.connectors: list[Connector] = []

    def connector(self, **settings: Any) -> Connector:
        made = make("gammu", self.heard, database=self.database, **QUICK | settings)
        self.connectors.append(made)
        return made

    async def up(self, **settings: Any) -> Connector:
        connector = self.connector(**settings)
        connector.start()
        await until(lambda: connector.link is Link.UP)
        return connector

    async def sql(self, sql: str, *values: object) -> list[Row]:
        return (await self.tables.run((sql, values)))[0]

    async def waiting(self) -> list[Row]:
        """Wait until something is in the outbox."""
        for _ in range(500):
            found = await self.sql(
                'SELECT "ID", "DestinationNumber", "TextDecoded", "Coding", "UDH", "Class", "MultiPart", "SenderID",'
                ' "CreatorID", "DeliveryReport", "RelativeValidity" FROM outbox ORDER BY "ID"'
            )
            if found:
                return found
        raise AssertionError("nothing came into the outbox")

    async def sends(self, status: str, code: int = -1, parts: int = 1) -> int:
        """Send what waits first, as the daemon does."""
        row = (await self.waiting())[0]
        statements = [
            (
                'INSERT INTO sentitems ("ID", "SequencePosition", "Status", "StatusCode", "CreatorID",'
                ' "DestinationNumber") VALUES (?1, ?2, ?3, ?4, ?5, ?6)',
                (row[0], part, status, code, row[8], row[1]),
            )
            for part in range(1, parts + 1)
        ]
        await self.tables.run(*statements)
        await self.tables.run(('DELETE FROM outbox WHERE "ID" = ?1', (row[0],)))
        return int(row[0])

    async def reports(self, id: int, status: str, error: int, part: int = 1) -> None:
        await self.sql(
            'UPDATE sentitems SET "Status" = ?3, "StatusError" = ?4 WHERE "ID" = ?1 AND "SequencePosition" = ?2',
            id,
            part,
            status,
            error,
        )


async def _make_tables(database: str) -> None:
    if database.startswith("postgres"):
        connection = await asyncpg.connect(database)
        await connection.execute(";".join([*schema(database), ALIVE]))
        await connection.close()
        return
    file = sqlite3.connect(database)
    file.executescript(";".join([*schema(database), ALIVE]))
    file.close()


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> str:
    """The address of a server of PostgreSQL; empty for SQLite."""
    found: str = request.getfixturevalue("postgres_server") if request.param == "postgres" else ""
    return found


@pytest.fixture
async def daemon(server: str, tmp_path: Path) -> AsyncIterator[Daemon]:
    database = str(tmp_path / "smsd.db")
    if server:
        name = f"smsd_{uuid.uuid4().hex}"
        database = server.replace("/postgres?", f"/{name}?")
        connection = await asyncpg.connect(server)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
    await _make_tables(database)
    made = Daemon(database)
    yield made
    for one in made.connectors:
        await one.stop(0.05)
    await made.tables.close()


def to(number: int = 1, text: str = "Hello", **more: Any) -> Message:
    found = message(number, content(text, **more), "+40740000006")
    assert found.state is State.SENDING
    return found


async def test_case_36_sending_error_delivery_and_a_phone_that_is_gone(daemon: Daemon) -> None:
    connector = await daemon.up()
    heard = daemon.heard
    connector.send(to(1))
    id = await daemon.sends("SendingOK")
    await until(lambda: 1 in heard.outcomes)
    assert (heard.outcomes[1].refusal, heard.outcomes[1].remotes) == ("", (f"{id}.1",))
    await daemon.reports(id, "DeliveryOK", 0)
    await until(lambda: heard.receipts)
    receipt = heard.receipts[0][0]
    assert (receipt.state, receipt.remotes, receipt.receiver) == (State.DELIVERED, (f"{id}.1",), "+40740000006")

    connector.send(to(2))
    await daemon.sends("SendingError", 38)
    await until(lambda: 2 in heard.outcomes)
    assert (heard.outcomes[2].refusal, heard.outcomes[2].detail) == ("link_down", "SendingError CMS 38")

    await daemon.sql("UPDATE phones SET \"TimeOut\" = '2001-01-01 00:00:00'")
    await until(lambda: connector.health.detail == "gammu-smsd has not renewed its phone")
    assert (connector.link, connector.room) == (Link.DOWN, 0)
    assert len(heard.receipts) == 1


async def test_a_row_of_the_outbox_says_all(daemon: Daemon) -> None:
    connector = await daemon.up()
    connector.send(to(5, "Țară", flash=0))
    [row] = await daemon.waiting()
    assert row[1:6] == ("+40740000006", "Țară", "Unicode_No_Compression", None, 0)
    assert row[6] in (False, "false")
    assert row[7:] == ("p1", "depesza 7.5", "yes", -1)


async def test_a_long_message_is_written_part_by_part(daemon: Daemon) -> None:
    connector = await daemon.up(reports=False)
    connector.send(to(1, "0123456789" * 24))
    [row] = await daemon.waiting()
    assert row[6] in (True, "true")
    assert (len(row[2]), row[3], row[4][:6], row[4][8:], row[9]) == (
        153, "Default_No_Compression", "050003", "0201", "no",
    )  # fmt: skip
    [part] = await daemon.sql('SELECT "ID", "SequencePosition", "TextDecoded", "UDH" FROM outbox_multipart')
    assert (part[0], part[1], len(part[2]), part[3]) == (row[0], 2, 87, f"{row[4][:8]}0202")
    id = await daemon.sends("SendingOK", parts=2)
    await until(lambda: daemon.heard.outcomes)
    assert daemon.heard.outcomes[1].remotes == (f"{id}.1", f"{id}.2")


@pytest.mark.parametrize(
    ("status", "error", "state", "refusal"),
    [
        ("DeliveryFailed", 70, State.FAILED, "carrier_expired"),
        ("DeliveryFailed", -1, State.FAILED, "undeliverable"),
        ("DeliveryPending", 32, State.PENDING, ""),
        ("DeliveryOK", -1, State.DELIVERED, ""),
    ],
)
async def test_reports(daemon: Daemon, status: str, error: int, state: State, refusal: str) -> None:
    connector = await daemon.up()
    connector.send(to())
    id = await daemon.sends("SendingOK")
    await daemon.reports(id, status, error)
    await until(lambda: daemon.heard.receipts)
    assert (daemon.heard.receipts[0][0].state, daemon.heard.receipts[0][0].refusal) == (state, refusal)


async def test_a_report_that_could_not_be_taken_comes_again_and_then_never(daemon: Daemon) -> None:
    daemon.heard.done = False
    connector = await daemon.up()
    connector.send(to())
    id = await daemon.sends("SendingOK")
    await daemon.reports(id, "DeliveryOK", 0)
    await until(lambda: len(daemon.heard.receipts) > 2)
    daemon.heard.done = True
    again = ""
    while not again.endswith(" done"):
        [(again,)] = await daemon.sql('SELECT "CreatorID" FROM sentitems')
    count = len(daemon.heard.receipts)
    await connector.stop(0.05)
    await daemon.up()
    assert len(daemon.heard.receipts) == count


async def test_what_waits_too_long_is_taken_back_and_was_surely_not_sent(daemon: Daemon) -> None:
    connector = await daemon.up(patience=0.05)
    connector.send(to(1, "0123456789" * 24))
    await until(lambda: daemon.heard.outcomes)
    assert (daemon.heard.outcomes[1].refusal, daemon.heard.outcomes[1].detail) == (
        "link_down", "taken back from the outbox",
    )  # fmt: skip
    assert await daemon.sql("SELECT 1 FROM outbox UNION SELECT 1 FROM outbox_multipart") == []


async def test_what_the_daemon_is_sending_is_not_taken_back(daemon: Daemon) -> None:
    connector = await daemon.up(patience=0.3)
    connector.send(to())
    await daemon.waiting()
    await daemon.sql("UPDATE outbox SET \"SendingTimeOut\" = '2999-01-01 00:00:00'")
    await until(lambda: connector.health.inflight)
    await daemon.sends("SendingOK")
    await until(lambda: daemon.heard.outcomes)
    assert daemon.heard.outcomes[1].refusal == ""


async def test_what_the_daemon_had_begun_with_is_uncertain(daemon: Daemon) -> None:
    connector = await daemon.up(patience=0.3)
    connector.send(to())
    await daemon.waiting()
    await daemon.sql("UPDATE outbox SET \"InsertIntoDB\" = '2001-01-01 00:00:00'")
    await until(lambda: daemon.heard.outcomes)
    assert daemon.heard.outcomes[1].refusal == "uncertain"


async def test_after_a_crash_a_message_is_not_written_twice(daemon: Daemon) -> None:
    first = await daemon.up()
    first.send(to(1))
    first.send(to(2))
    await until(lambda: first.health.inflight == 2)
    while len(await daemon.waiting()) < 2:
        pass
    sent = await daemon.sends("SendingOK")
    daemon.heard = Heard()
    second = await daemon.up()
    second.send(to(1))
    second.send(to(2))
    await until(lambda: 1 in daemon.heard.outcomes)
    assert daemon.heard.outcomes[1].remotes == (f"{sent}.1",)
    assert len(await daemon.waiting()) == 1
    await daemon.sends("SendingOK")
    await until(lambda: 2 in daemon.heard.outcomes)


async def test_a_refused_message_can_be_tried_again(daemon: Daemon) -> None:
    connector = await daemon.up()
    connector.send(to())
    await daemon.sends("SendingError", 21)
    await until(lambda: daemon.heard.outcomes)
    assert daemon.heard.outcomes.pop(1).refusal == "rejected"
    await until(lambda: connector.room)
    connector.send(to())
    await daemon.sends("SendingOKNoReport")
    await until(lambda: daemon.heard.outcomes)
    assert daemon.heard.outcomes[1].refusal == ""


async def test_texts_come_in_and_are_marked(daemon: Daemon) -> None:
    daemon.heard.done = False
    sql = (
        'INSERT INTO inbox ("SenderNumber", "TextDecoded", "UDH", "Coding", "Text", "RecipientID")'
        " VALUES (?1, ?2, ?3, ?4, '', ?5)"
    )
    coding = "Unicode_No_Compression"
    await daemon.sql(sql, "+40740000055", "Țară", "", coding, "p1")
    await daemon.sql(sql, "+40740000055", "for another phone", "", coding, "p2")
    await daemon.sql(sql, "+40740000056", "world", "0500034D0202", coding, "p1")
    await daemon.up()
    await until(lambda: daemon.heard.inbounds)
    await daemon.sql(sql, "+40740000056", "hello ", "0500034D0201", coding, "p1")
    daemon.heard.done = True
    await until(lambda: len({one.text for one, _ in daemon.heard.inbounds}) == 2, 8)
    inbound = daemon.heard.inbounds[0][0]
    assert (inbound.sender, inbound.recipient) == ("+40740000055", "+40740000099")
    assert {one.text for one, _ in daemon.heard.inbounds} == {"Țară", "hello world"}
    unread: list[Row] = [()] * 4
    while len(unread) > 1:
        unread = await daemon.sql('SELECT "ID" FROM inbox WHERE "Processed" = \'false\'')


async def test_health_says_what_the_daemon_says(daemon: Daemon) -> None:
    connector = await daemon.up()
    assert connector.health.habits == "226 01, signal 63 %, battery 87 %"
    assert (connector.room, connector.capacity) == (3, 3)


async def test_limits_of_the_sim_hold(daemon: Daemon) -> None:
    connector = await daemon.up(per_minute=1)
    connector.send(to(1))
    assert connector.room == 0
    connector.send(to(2))
    assert daemon.heard.outcomes[2].refusal == "throttled"


async def test_octets_go_in_hexadecimal_with_their_header(daemon: Daemon) -> None:
    connector = await daemon.up()
    octets = "".join(map(chr, range(256)))
    connector.send(to(1, octets, alphabet="binary", extras=Extras(udh=PORTS, dcs=0xF5)))
    (row,) = await daemon.waiting()
    (first,) = await daemon.sql('SELECT "Text" FROM outbox')
    ((text, *second),) = await daemon.sql(
        'SELECT "Text", "Coding", "UDH", "Class", "TextDecoded" FROM outbox_multipart'
    )
    assert bytes.fromhex(first[0] + text) == octets.encode("latin-1")
    assert (row[2], row[3], row[4][:6], row[4][8:], row[5]) == ("", "8bit", "0B0003", "020105040B8423F0", 1)
    assert (second[0], second[1][8:], second[2:]) == ("8bit", "020205040B8423F0", [1, ""])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"channel": Channel.PING}, "protocol"),
        ({"extras": Extras(pid=0x7F)}, "protocol"),
        ({"alphabet": "binary", "extras": Extras(dcs=0)}, "0x00 for binary"),
        ({"alphabet": "binary", "extras": Extras(dcs=0x24)}, "0x24"),
        ({"extras": Extras(dcs=0xC8)}, "0xC8"),
    ],
)
async def test_what_the_tables_cannot_say_is_refused(daemon: Daemon, more: dict[str, Any], said: str) -> None:
    connector = await daemon.up()
    connector.send(to(1, **more))
    assert daemon.heard.outcomes[1].refusal == "bad_content"
    assert said in daemon.heard.outcomes[1].detail


async def test_stop_takes_back_what_was_not_begun(daemon: Daemon) -> None:
    connector = await daemon.up()
    connector.send(to())
    await daemon.waiting()
    await connector.stop(2.0)
    assert daemon.heard.outcomes[1].refusal == "link_down"
    assert connector.link is Link.STOPPED
    await connector.stop(0.1)


async def test_a_database_that_is_not_there_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    heard = Heard()
    connector = make("gammu", heard, database=str(tmp_path / "none.db"), **QUICK)
    connector.start()
    await until(lambda: "none.db" in connector.health.detail)
    assert not (tmp_path / "none.db").exists()
    connector.send(to())
    assert heard.outcomes[1].refusal == "link_down"
    await connector.stop(0.1)


def test_wrong_settings_of_gammu_are_named() -> None:
    with pytest.raises(SettingsError, match="database"):
        check("gammu", b"{}")
    with pytest.raises(SettingsError, match="hours"):
        check("gammu", b'{"database": "x", "hours": "often"}')

"""The control API, called over HTTP; and the simulator as a process of its own."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from simulator_client import bound, simulated

from depesza.simulator.__main__ import main
from depesza.simulator.run import Simulator

pytestmark = pytest.mark.anyio
PHONE = "+33601020304"


class Api:
    """Calls the API: gives status and JSON."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http = http
        self._base = base

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        if body is not None:
            options["data"] = body if isinstance(body, bytes) else json.dumps(body)
        async with self._http.request(method, self._base + path, **options) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if raw else None


@asynccontextmanager
async def called(**settings: Any) -> AsyncIterator[tuple[Simulator, Api]]:
    async with simulated(**settings) as simulator, aiohttp.ClientSession() as http:
        yield simulator, Api(http, simulator.url)


async def test_phones_and_their_texts_are_listed() -> None:
    async with called() as (simulator, api), bound(simulator) as client:
        answer = await client.submit(PHONE, "Bonjour")
        _, listed = await api("GET", "/phones")
        status, phone = await api("GET", f"/phones/{PHONE}")
    assert listed["phones"][0]["number"] == PHONE and status == 200
    (text,) = phone["texts"]
    assert (text["direction"], text["text"], text["other"]) == ("received", "Bonjour", "Shop")
    assert (text["ids"], text["system_id"]) == ([answer.message_id], "demo")


async def test_a_phone_answers_the_customer_who_wrote_to_it() -> None:
    accounts = {"one": "1", "two": "2"}
    async with (
        called(accounts=accounts) as (simulator, api),
        bound(simulator, system_id="one") as one,
        bound(simulator, system_id="two") as two,
    ):
        await two.submit(PHONE, source="36111")
        status, sent = await api("POST", f"/phones/{PHONE}/reply", {"to": "36111", "text": "Oui"})
        await two.until(lambda: two.replies)
        assert (status, sent["parts"], sent["system_id"]) == (201, 1, "two")
        assert two.replies[0].short_message == b"Oui" and not one.replies
        named = {"to": "36111", "text": "Non", "system_id": "one"}
        await api("POST", f"/phones/{PHONE}/reply", named)
        await one.until(lambda: one.replies)


async def test_a_long_reply_comes_in_parts() -> None:
    async with called() as (simulator, api), bound(simulator) as client:
        _, sent = await api("POST", f"/phones/{PHONE}/reply", {"to": "36111", "text": "да " * 60})
        await client.until(lambda: len(client.replies) == sent["parts"])
    assert sent["parts"] == 3
    assert {(pdu.esm_class, pdu.data_coding) for pdu in client.replies} == {(0x40, 8)}


async def test_faults_are_shown_and_changed_in_part() -> None:
    async with called(response_latency=0.01) as (simulator, api), bound(simulator) as client:
        status, shown = await api("PUT", "/faults", {"rates": {"throttled": 100}})
        assert (status, shown["rates"], shown["response_latency"]) == (200, {"throttled": 100}, 0.01)
        assert (await client.submit(PHONE)).status == 0x58
        await api("PUT", "/faults", {"per_second": 1, "rates": {}})
        assert [(await client.submit(PHONE)).status for _ in range(2)] == [0, 0x58]
        _, shown = await api("GET", "/faults")
    assert (shown["rates"], shown["per_second"]) == ({}, 1) and "late_receipt" in shown["known"]


async def test_statistics_count_what_happened() -> None:
    async with called() as (simulator, api), bound(simulator) as client:
        await client.submit(PHONE)
        await client.submit("+33601020903")
        await client.until(lambda: simulator.carrier.counts.acknowledged)
        _, stats = await api("GET", "/stats")
    assert (stats["submits"], stats["taken"], stats["acknowledged"]) == (2, 1, 1)
    assert stats["statuses"] == {"ROK": 1, "RINVDSTADR": 1} and stats["fates"] == {"rejected at submit": 1}
    assert stats["waiting"] == {"demo": 0} and stats["open_binds"][0]["kind"] == "transceiver"


async def test_the_log_is_filtered_cut_and_cleared() -> None:
    async with called() as (simulator, api), bound(simulator) as client:
        for number in (PHONE, PHONE, "+33601020305"):
            await client.submit(number)
        _, every = await api("GET", "/messages")
        _, some = await api("GET", f"/messages?to=%2B{PHONE[1:]}&from=Shop")
        _, last = await api("GET", "/messages?limit=1")
        status, nothing = await api("DELETE", "/messages")
        _, cleared = await api("GET", "/messages")
        _, phones = await api("GET", "/phones")
    assert [len(found["messages"]) for found in (every, some, last, cleared)] == [3, 2, 1, 0]
    assert (status, nothing, phones["phones"]) == (204, None, [])
    assert last["messages"][0]["destination"] == "+33601020305"


async def test_a_text_that_is_there_is_found_at_once() -> None:
    async with called() as (simulator, api), bound(simulator) as client:
        await client.submit(PHONE, "code 1234")
        status, found = await api("GET", "/wait", params={"to": PHONE, "text": r"code (\d+)", "within": "0"})
    assert (status, found["text"]) == (200, "code 1234")


async def test_a_text_that_comes_later_ends_the_wait() -> None:
    async with called() as (simulator, api), bound(simulator) as client:
        waiting = asyncio.create_task(api("POST", "/wait", {"to": PHONE, "text": "second", "within": 5}))
        await asyncio.sleep(0.05)
        await client.submit(PHONE, "the first")
        await client.submit(PHONE, "the second")
        status, found = await waiting
    assert (status, found["text"]) == (200, "the second")


async def test_a_wait_in_vain_ends_with_the_inbox() -> None:
    async with called() as (simulator, api), bound(simulator) as client:
        await client.submit(PHONE, "other")
        status, body = await api("POST", "/wait", {"to": PHONE, "text": "mine", "within": 0.05})
    assert status == 408 and body["error"] == f"no text to {PHONE} matched 'mine' within 0.05 s"
    assert [text["text"] for text in body["texts"]] == ["other"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("GET", "/nothing", None, 404, "the calls are GET /phones"),
        ("POST", "/phones", None, 405, "takes GET, not POST"),
        ("PUT", "/faults", {"rates": {"nonsense": 1}}, 400, "no fault is called 'nonsense'"),
        ("PUT", "/faults", {"rate": 1}, 400, "the body does not fit"),
        ("PUT", "/faults", b"{", 400, "the body is no JSON"),
        ("PUT", "/faults", b"\xff\xfe", 400, "the body is no JSON"),
        ("POST", "/wait", {"to": PHONE, "text": "("}, 400, "the pattern cannot be read"),
        ("POST", "/wait", {"to": PHONE, "text": "a" * 201}, 400, "at most 200 characters"),
        ("POST", "/wait", {"to": PHONE, "within": 1e9}, 400, "the body does not fit"),
        ("POST", "/wait", {"text": "x"}, 400, "the body does not fit"),
        ("GET", "/wait?to=1&within=soon", None, 400, "the query does not fit"),
        ("GET", "/messages?limit=-1", None, 400, "limit is a number"),
        ("GET", "/messages?who=me", None, 400, "'who' is no filter"),
        ("POST", f"/phones/{PHONE}/reply", {"to": "36111", "text": ""}, 400, "the body does not fit"),
        ("POST", f"/phones/{PHONE}/reply", {"to": "1", "text": "x", "system_id": "y"}, 404, "no system id is called"),
        ("POST", f"/phones/{PHONE}/reply", {"to": "1", "text": "я" * 20_000}, 400, "cannot be sent"),
    ],
)
async def test_errors_are_sentences(method: str, path: str, body: Any, status: int, sentence: str) -> None:
    async with called() as (_, api):
        answered, told = await api(method, path, body)
    assert answered == status and sentence in told["error"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_pages_of_other_sites_are_refused(headers: dict[str, str]) -> None:
    async with called() as (_, api):
        status, told = await api("GET", "/phones", headers=headers)
    assert status == 403 and "evil.example" in told["error"]


async def _process(*options: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "depesza.simulator", "--until-stdin-closes", *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 20))


@pytest.mark.parametrize("end", ["stdin", "SIGTERM"])
async def test_the_process_tells_its_ports_and_ends_cleanly(end: str) -> None:
    process, told = await _process("--date-digits", "12", "--accounts", "a=b", "c=d", "--rates", "throttled=5")
    async with aiohttp.ClientSession() as http, http.get(told["http"] + "/faults") as answer:
        shown = await answer.json()
    if end == "stdin":
        assert process.stdin is not None
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    assert shown["rates"] == {"throttled": 5.0} and told["port"] > 0 and told["pid"] == process.pid


async def test_an_input_that_has_ended_ends_the_process_at_once() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "depesza.simulator", "--until-stdin-closes"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await asyncio.wait_for(process.wait(), 20) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--port", "99999"], "Expected `int` <= 65535"),
        (["--host", "0.0.0.0"], "demo/demo is for the loopback only"),
        (["--rates", "nonsense=5"], "no fault is called"),
    ],
)
def test_bad_options_are_told_in_a_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options) == 1
    assert sentence in capsys.readouterr().err

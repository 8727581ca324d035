"""The npm package `smpp` as a client of the simulator: texts, parts, receipts, a reply, a refusal, a question.

It runs where there is node and scripts/install-node has put the package.
"""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from depesza.simulator.run import Simulator
from depesza.simulator.settings import SimulatorSettings
from depesza.wire.smpp.constants import MessageState
from depesza.wire.smpp.status import RINVDSTADR

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

HERE = Path(__file__).parent / "node"
NODE = shutil.which("node") if (HERE / "node_modules" / "smpp").is_dir() else None
PATIENCE = 30.0


async def _run_client(node: str, simulator: Simulator) -> dict:  # type: ignore[type-arg]
    process = await asyncio.create_subprocess_exec(
        *(node, "simulator_client.js", simulator.host, str(simulator.port)),
        cwd=HERE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    return json.loads(out)  # type: ignore[no-any-return]


if NODE is not None:

    async def test_the_npm_client_sends_and_hears_of_it(node: str = NODE) -> None:
        async with Simulator(SimulatorSettings(time_scale=0.02)) as simulator:
            heard = await _run_client(node, simulator)
            inbox = simulator.carrier.centre.phones.inbox
            single = [text.text for text in inbox("33601020304")]
            whole = [text.text for text in inbox("33601020305")]
            counts = simulator.carrier.counts

        assert heard["bind"] == {"status": 0, "system_id": "depesza-sim"}
        assert [submit["status"] for submit in heard["submits"]] == [0, 0, 0, 0]
        assert [one["id"] for one in heard["receipts"]] == [submit["id"] for submit in heard["submits"]]
        assert {one["state"] for one in heard["receipts"]} == {int(MessageState.DELIVERED)}
        assert all(f"id:{one['id']} sub:001" in one["text"] for one in heard["receipts"])
        assert [(one["from"], one["text"]) for one in heard["replies"]] == [("33601020950", "Oui")]
        assert (heard["refused"], heard["query"]) == (RINVDSTADR, int(MessageState.DELIVERED))
        assert heard["unbound"] is True
        assert single == ["Bonjour été", "Привет"]
        assert whole == ["a" * 153 + "b" * 20]
        assert (counts.submits, counts.taken, counts.faults) == (6, 5, 0)

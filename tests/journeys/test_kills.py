"""A shop's year while every part of the platform is killed in turn: the books end as if nothing had happened.

Two installations of real processes take the same small shop at the same time. One is left alone; of the other the
worker, the API, Redis, Neo4j and Postgres are killed (SIGKILL) at different moments and started again.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shopside.client import PlatformClient, connect
from shopside.demo.delivery import Tally, deliver
from shopside.demo.scales import SCALES
from shopside.demo.shop import shop_of

VICTIMS = ("worker", "api", "redis", "neo4j", "postgres")
FIRST_KILL_WEEK, WEEKS_BETWEEN = 6, 8


async def trefoil(*arguments: str) -> str:
    """Run the command of the platform; what it said."""
    command = str(Path(sys.executable).with_name("trefoil"))
    process = await asyncio.create_subprocess_exec(
        command, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def kill_in_turn(data: Path, tally: list[Tally]) -> list[str]:
    """Kill one part after the other while the weeks go by, and start what is dead each time."""
    killed = []
    for number, victim in enumerate(VICTIMS):
        week = FIRST_KILL_WEEK + number * WEEKS_BETWEEN
        while not tally or tally[-1].weeks < week:  # noqa: ASYNC110 - the tally is a plain count
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.03 * number)  # somewhere inside the week
        os.kill(json.loads((data / "services.json").read_text())[victim]["pid"], signal.SIGKILL)
        await asyncio.sleep(0.2)
        await trefoil("up", "--data", str(data))
        killed.append(victim)
    return killed


async def run_shop(data: Path, *, disturbed: bool) -> dict[str, Any]:
    """Start, take the year, and answer with what the books hold at its end."""
    tallies: list[Tally] = []

    def told(_: int, tally: Tally) -> None:
        tallies.append(tally)

    await trefoil("up", "--empty", "--clock", "simulated", "--data", str(data))
    async with connect(data, "demo") as client:
        killer = asyncio.create_task(kill_in_turn(data, tallies)) if disturbed else None
        await deliver(client, shop_of("tiny", 1), data / "labels.jsonl", told)
        if killer is not None:
            assert await asyncio.wait_for(killer, 60) == list(VICTIMS)
        return await books(client)


async def books(client: PlatformClient) -> dict[str, Any]:
    ledger = await client.get("/v1/ledger/verify", "auditor")
    trial = await client.get("/v1/ledger/trial-balance", "auditor")
    found = await client.get("/v1/consistency", "auditor")
    chain = await client.get("/v1/log/verify", "auditor")
    assert ledger["ok"] and found["ok"] and chain["ok"] and trial["total_fen"] == 0, (found["differences"], ledger)
    return {
        "content_hash": ledger["content_hash"],
        "journals": ledger["journals"],
        "trial_balance": trial["accounts"],
        "graph": found["graph"],
        "orders": found["ledger"],
        "events": chain["events"],
    }


async def test_killing_every_part_in_turn_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SCALES["small"]
    tiny = replace(small, name="tiny", distributors=16, customers=30, orders=120, checks=10,
                   scenes=dict.fromkeys(small.scenes, 1))  # fmt: skip
    monkeypatch.setitem(SCALES, "tiny", tiny)
    left_alone, killed = tmp_path / "left-alone", tmp_path / "killed"
    try:
        expected, found = await asyncio.gather(run_shop(left_alone, disturbed=False), run_shop(killed, disturbed=True))
        assert expected["journals"] > 100
        assert found == expected
        logs = "".join(path.read_text(errors="replace") for path in (killed / "logs").iterdir())
        assert "step failed" not in logs and "request failed" not in logs
    finally:
        await asyncio.gather(*(trefoil("down", "--data", str(data)) for data in (left_alone, killed)))

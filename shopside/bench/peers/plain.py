"""Plain SQL versions of intake and commissions, as common open malls do them: no log, no double entry, no repeats."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import psycopg
from psycopg_pool import AsyncConnectionPool

from core.money import share_fen
from shopside.bench.world import RATES_BPS, World


def _text(name: str) -> bytes:
    return Path(__file__).with_name(f"{name}.sql").read_bytes()


CHECK: Final = _text("check")
_INSERT_EVENTS: Final = _text("insert_events")
_INSERT_ORDER: Final = _text("insert_order")
_CHAIN: Final = _text("chain")
_INSERT_COMMISSIONS: Final = _text("insert_commissions")
_ADD_TO_BALANCES: Final = _text("add_to_balances")


async def prepare(server_url: str, world: World) -> str:
    """A database of the peers' own on the platform's Postgres, with the people in it; its URL."""
    async with await psycopg.AsyncConnection.connect(server_url, autocommit=True) as conn:
        await conn.execute(_text("create_database"))
    postgres_url = urlsplit(server_url)._replace(path="/bench_peer").geturl()
    async with await psycopg.AsyncConnection.connect(postgres_url) as conn:
        await conn.execute(_text("schema"))
        cursor = conn.cursor()
        async with cursor.copy(_text("load_members")) as copy:
            for person in world.people:
                await copy.write_row((person.member_id, person.above))
        async with cursor.copy(_text("load_identifiers")) as copy:
            for person in world.people:
                for kind, value in person.identifiers.items():
                    await copy.write_row((person.member_id, kind, value))
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as conn:
        await conn.execute(_text("analyze"))
    return postgres_url


async def insert_events(postgres_url: str, batches: Iterable[Sequence[dict[str, Any]]]) -> float:
    """Seconds to insert batches of events, one statement and one commit per batch."""
    async with await psycopg.AsyncConnection.connect(postgres_url) as conn:
        began = time.perf_counter()
        for batch in batches:
            await conn.execute(
                _INSERT_EVENTS,
                {
                    "sources": [event["source"] for event in batch],
                    "ids": [event["id"] for event in batch],
                    "types": [event["type"] for event in batch],
                    "times": [event["time"] for event in batch],
                    "data": [orjson.dumps(event["data"]).decode() for event in batch],
                },
            )
            await conn.commit()
        return time.perf_counter() - began


async def sell(postgres_url: str, orders: Sequence[dict[str, Any]], *, clients: int) -> float:
    """Seconds to book orders, one transaction each: the order, its chain, a commission per line and level."""
    waiting = list(reversed(orders))
    async with AsyncConnectionPool(postgres_url, min_size=clients, max_size=clients, open=False) as pool:
        await pool.wait()
        began = time.perf_counter()

        async def client() -> None:
            async with pool.connection() as conn:
                while waiting:
                    await _sell_one(conn, waiting.pop())

        await asyncio.gather(*(client() for _ in range(clients)))
        return time.perf_counter() - began


async def _sell_one(conn: psycopg.AsyncConnection[Any], order: dict[str, Any]) -> None:
    paid_fen = sum(line["paid_fen"] for line in order["lines"])
    head = {key: order[key] for key in ("order_id", "buyer_id", "paid_at")}
    await conn.execute(_INSERT_ORDER, head | {"paid_fen": paid_fen})
    chain = await (await conn.execute(_CHAIN, {"buyer_id": order["buyer_id"]})).fetchall()
    owed = [(line, level, member_id) for line in order["lines"] for member_id, level in chain]
    columns = {
        "order_id": order["order_id"],
        "line_ids": [line["line_id"] for line, _, _ in owed],
        "levels": [level for _, level, _ in owed],
        "member_ids": [member_id for _, _, member_id in owed],
        "amounts_fen": [share_fen(line["paid_fen"], RATES_BPS[level - 1]) for line, level, _ in owed],
    }
    await conn.execute(_INSERT_COMMISSIONS, columns)
    await conn.execute(_ADD_TO_BALANCES, columns)
    await conn.commit()


async def balances(postgres_url: str) -> dict[str, int]:
    """What the plain version owes each member, in fen."""
    async with await psycopg.AsyncConnection.connect(postgres_url) as conn:
        rows = await (await conn.execute(_text("balances"))).fetchall()
        return {member_id: int(fen) for member_id, fen in rows}

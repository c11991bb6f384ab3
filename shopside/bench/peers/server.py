"""The peers behind the same HTTP layer as the platform: empty endpoints, and the check in one SQL statement."""

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from shopside.bench.peers.plain import CHECK

_URL = "BENCH_POSTGRES_URL"


class Question(BaseModel):
    """A check as the platform takes it."""

    check_id: str
    stage: str
    order: dict[str, Any]


def make_app(postgres_url: str) -> FastAPI:
    """The peers' application."""
    pool = AsyncConnectionPool(postgres_url, min_size=4, max_size=12, open=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/empty/events")
    async def empty_events(events: list[dict[str, Any]]) -> dict[str, Any]:
        return {"items": len(events)}

    @app.post("/empty/checks")
    async def empty_checks(question: Question) -> dict[str, Any]:
        return {"check_id": question.check_id, "outcome": "allow"}

    @app.post("/sql/checks")
    async def sql_checks(question: Question) -> dict[str, Any]:
        order = question.order
        asked = {
            "check_id": question.check_id,
            "buyer_id": order["buyer_id"],
            "promoter_id": order.get("promoter_id"),
            "device_id": order.get("device_id"),
        }
        async with pool.connection() as conn:
            row = await (await conn.execute(CHECK, asked)).fetchone()
        assert row is not None
        return {"check_id": question.check_id, "outcome": row[0]}

    return app


if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv[1]))  # bound by whoever started this
    config = uvicorn.Config(make_app(os.environ[_URL]), access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])

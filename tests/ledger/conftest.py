"""Books on a real Postgres: a fresh brand for each test, with the default plan."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest_asyncio

from core.stores.migrations import migrate
from core.stores.postgres import Postgres
from events.outcome import Outcome
from ledger.domain.facts import Fact
from ledger.flows import read
from ledger.flows.book import book
from ledger.flows.read import Balances, OrderView
from ledger.flows.seed import seed
from ledger.flows.settle import settle
from ledger.flows.verify import Verification, verify
from tests.ledger.shop import T0, day
from tests.services import Services

EVER = day(10_000)
"""An instant after everything that is booked."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The flows of one brand, each call in a transaction of its own."""

    postgres: Postgres
    brand: str
    owner_url: str

    async def book(self, *facts: Fact, at: datetime = T0) -> list[Outcome]:
        async with self.postgres.brand(self.brand) as conn:
            return await book(conn, facts, at)

    async def settle(self, now: datetime) -> int:
        async with self.postgres.brand(self.brand) as conn:
            return await settle(conn, now)

    async def balances(self, member_id: str, as_of: datetime = EVER) -> Balances:
        async with self.postgres.brand(self.brand) as conn:
            return await read.balances(conn, member_id, as_of)

    async def verify(self) -> Verification:
        async with self.postgres.snapshot(self.brand) as conn:
            return await verify(conn, self.brand)

    async def order(self, order_id: str) -> OrderView | None:
        async with self.postgres.brand(self.brand) as conn:
            return await read.order(conn, order_id)


@pytest_asyncio.fixture(scope="session")
async def postgres(services: Services) -> AsyncIterator[Postgres]:
    """A pool on the migrated database, as the role of the application."""
    await migrate(services.postgres_url)
    pool = Postgres(services.postgres_url, size_max=4)
    await pool.open()
    yield pool
    await pool.close()


async def opened(postgres: Postgres, services: Services) -> Ledger:
    """The books of a brand nobody used before."""
    books = Ledger(postgres, f"brand-{secrets.token_hex(6)}", services.postgres_url)
    async with postgres.brand(books.brand) as conn:
        await seed(conn, books.brand, T0)
    return books


@pytest_asyncio.fixture
async def ledger(postgres: Postgres, services: Services) -> Ledger:
    return await opened(postgres, services)


@pytest_asyncio.fixture
async def other_ledger(postgres: Postgres, services: Services) -> Ledger:
    return await opened(postgres, services)


async def told(ledger: Ledger, facts: Sequence[Fact], batch: int) -> None:
    """Book facts in batches of a size, then settle all that is due a year later."""
    for start in range(0, len(facts), batch):
        await ledger.book(*facts[start : start + batch])
    while await ledger.settle(day(365)):
        pass

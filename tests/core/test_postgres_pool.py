"""Who gets a connection to Postgres, who waits, and what those are told who wait in vain."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from core import limits
from core.errors import Refusal
from core.stores.postgres import Postgres
from local.ports import free_port
from tests.platform import Running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POOL_WAIT_SECONDS_MAX", 0.3)


@pytest_asyncio.fixture
async def postgres(installation: Running, impatient: None) -> AsyncIterator[Postgres]:
    pool = Postgres(installation.settings.postgres_url, limits.POSTGRES_BRAND_MAX + 1)
    await pool.open()
    yield pool
    await pool.close()


async def refused(postgres: Postgres, brand: str) -> str | None:
    try:
        async with postgres.brand(brand):
            return None
    except Refusal as refusal:
        assert (refusal.status, refusal.retry_after_seconds) == (503, 1)
        return refusal.code


async def test_a_brand_waits_for_itself_and_a_full_pool_is_busy(postgres: Postgres) -> None:
    async with postgres.installation():
        pass  # the first connection is there
    async with AsyncExitStack() as held:
        for _ in range(limits.POSTGRES_BRAND_MAX):
            await held.enter_async_context(postgres.brand("a"))
        assert await refused(postgres, "a") == "busy"
        assert await refused(postgres, "b") is None  # at once, and again
        assert await refused(postgres, "b") is None
        await held.enter_async_context(postgres.brand("b"))
        assert await refused(postgres, "c") == "busy"
    for brand in "abc":
        assert await refused(postgres, brand) is None


async def test_a_share_is_given_back_whatever_happens(postgres: Postgres) -> None:
    for _ in range(3 * limits.POSTGRES_BRAND_MAX):
        with pytest.raises(ZeroDivisionError):
            async with postgres.brand("a"):
                raise ZeroDivisionError
    assert await refused(postgres, "a") is None


async def test_a_store_that_is_away_is_not_busy(impatient: None) -> None:
    away = Postgres(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", 1)
    await away.open()
    try:
        assert await refused(away, "a") == "postgres_unavailable"
    finally:
        await away.close()

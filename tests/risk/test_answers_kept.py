"""What was answered is what is kept: whatever becomes of a write, the decision that stands is the one that was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from core import limits
from core.errors import unavailable
from core.stores.away import may_be_done
from core.stores.postgres import lock
from events.consumer import consumer_lock
from risk.store import decisions as store
from tests.platform import Running, Shop, order
from tests.risk.test_checks import check, team
from tests.risk.test_outages import without

DATA: dict[str, Any] = order("o", "b", 10_000, promoter_id="leaf")


@asynccontextmanager
async def no_decision_kept(installation: Running) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Writes of decisions wait until this ends, as behind a disk that stalls."""
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url) as conn:
        await conn.execute("LOCK TABLE decision IN EXCLUSIVE MODE")
        yield conn
        await conn.rollback()


async def kept(shop: Shop, said: dict[str, Any]) -> dict[str, Any]:
    """The decision under the id that was answered, once it is there."""
    for _ in range(100):
        answer = await shop.call("GET", f"/v1/risk/decisions/{said['decision_id']}", "analyst")
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("the decision that was answered is not kept")


async def stands(shop: Shop, said: dict[str, Any]) -> None:
    """What was answered is kept, answered again, agrees with itself, and is what the order is booked under."""
    found = await kept(shop, said)
    for field in ("decision_id", "check_id", "outcome", "score", "reasons", "missing", "rulebook_version"):
        assert found[field] == said[field], field
    again = await check(shop, "k", DATA)
    assert (again["decision_id"], again["outcome"]) == (said["decision_id"], said["outcome"])
    assert (await shop.post(f"/v1/risk/decisions/{said['decision_id']}/replay", "analyst"))["agrees"]
    assert (await check(shop, "k", {**DATA, "order_id": "other"}, status=409))["code"] == "check_conflict"
    await shop.tell(shop.events.event("order.paid.v1", DATA))
    booked = (await shop.get("/v1/orders/o"))["decision"]
    assert (booked["decision_id"], booked["outcome"]) == (said["decision_id"], said["outcome"])


async def test_a_write_that_lands_late(installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answered review because Postgres was slow: so it is kept, though an allow was on its way."""
    await team(shop)
    async with without(installation, shop) as served:
        await check(served, "warm", order("o0", "b", promoter_id="leaf"))
        monkeypatch.setattr(limits, "CHECK_STORE_SECONDS_MAX", 0.5)
        async with no_decision_kept(installation):
            said, twin = await asyncio.gather(check(served, "k", DATA), check(served, "k", DATA))
            assert (said["outcome"], said["missing"]) == ("review", ["postgres"])
            assert await check(served, "k", DATA) == said == twin
            other = await check(served, "k2", order("o2", "b", promoter_id="leaf"))
            assert (other["outcome"], other["missing"]) == ("review", ["postgres"])
        monkeypatch.undo()
        await kept(shop, said)
        await asyncio.sleep(limits.POOL_REST_SECONDS)
        await stands(served, said)
        # what was never sent is kept nowhere
        gone = await shop.call("GET", f"/v1/risk/decisions/{other['decision_id']}", "analyst")
        assert gone.status_code == 404


async def test_a_write_whose_connection_is_ended(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await team(shop)
    async with without(installation, shop) as served:
        await check(served, "warm", order("o0", "b", promoter_id="leaf"))
        monkeypatch.setattr(limits, "CHECK_STORE_SECONDS_MAX", 2.0)
        async with no_decision_kept(installation) as conn:
            asking = asyncio.create_task(check(served, "k", DATA))
            ended = 0
            while not ended and not asking.done():
                found = await conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND query LIKE '%save_decisions%'"
                )
                ended = len(await found.fetchall())
            said = await asking
            assert ended and (said["outcome"], said["missing"]) == ("review", ["postgres"])
        monkeypatch.undo()
        await kept(shop, said)
        await asyncio.sleep(limits.POOL_REST_SECONDS)
        await stands(served, said)


@pytest.mark.parametrize("lost", ["once", "until the check gave up"])
async def test_a_write_whose_answer_is_lost(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """It was committed, and nobody heard of it: it is asked again, and what was answered meanwhile stands."""
    await team(shop)
    save, left = store.save, [1 if lost == "once" else 10**6]

    async def lossy(conn: Any, brand: str, decisions: Any) -> set[str]:
        saved = await save(conn, brand, decisions)
        if brand == shop.brand and left[0] and decisions[0].check_id == "k":
            left[0] -= 1
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return saved

    async with without(installation, shop) as served:
        await check(served, "warm", order("o0", "b", promoter_id="leaf"))
        monkeypatch.setattr(store, "save", lossy)
        monkeypatch.setattr(limits, "CHECK_STORE_SECONDS_MAX", 20.0 if lost == "once" else 1.0)
        said = await check(served, "k", DATA)
        left[0] = 0
        expected = ("allow", []) if lost == "once" else ("review", ["postgres"])
        assert (said["outcome"], said["missing"]) == expected
        await kept(shop, said)
        await asyncio.sleep(limits.POOL_REST_SECONDS)
        await stands(served, said)


async def test_a_process_that_ends_after_storing(installation: Running, shop: Shop) -> None:
    """Whoever asks the next one hears what was kept, be it told to nobody."""
    await team(shop)
    async with without(installation, shop) as first:
        said = await check(first, "k", DATA)
    async with without(installation, shop) as second:
        assert (await check(second, "k", DATA))["decision_id"] == said["decision_id"]
        await stands(second, said)


@pytest.mark.parametrize(
    ("error", "maybe"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.errors.AdminShutdown("x"), True),
        (psycopg.errors.ConnectionFailure("x"), True),
        (psycopg.errors.QueryCanceled("x"), False),
        (psycopg.errors.ProtocolViolation("x"), False),
        (psycopg.errors.ReadOnlySqlTransaction("x"), False),
        (psycopg.errors.DiskFull("x"), False),
        (psycopg.errors.SerializationFailure("x"), False),
        (psycopg.errors.UniqueViolation("x"), False),
        (unavailable("postgres"), False),
        (ValueError("x"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_failures_leave_it_open_whether_something_was_kept(error: Exception, maybe: bool) -> None:
    assert may_be_done(error) is maybe
    refused = unavailable("postgres")
    refused.__cause__ = error
    assert may_be_done(refused) is maybe


async def test_a_known_check_that_cannot_be_read_changes_no_answer_beside_it(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One commit holds a new check and one that is known, whose decision is not to be had."""
    await team(shop)
    async with without(installation, shop) as served:
        known = await check(served, "known", order("o0", "b", promoter_id="leaf"))
        with monkeypatch.context() as patched:
            patched.setattr(store, "by_check", _unreadable)
            async with no_decision_kept(installation):  # both join the commit behind this one
                ahead = asyncio.create_task(check(served, "ahead", order("o2", "b", promoter_id="leaf")))
                await asyncio.sleep(0.1)
                both = [check(served, "k", DATA), check(served, "known", order("o0", "b", promoter_id="leaf"))]
                asking = [asyncio.create_task(one) for one in both]
                await asyncio.sleep(0.1)
            await ahead
            said, again = await asyncio.gather(*asking)
        assert (said["outcome"], said["missing"]) == ("allow", [])
        assert (again["outcome"], again["missing"]) == ("review", ["postgres"])
        found = await check(served, "known", order("o0", "b", promoter_id="leaf"))
        assert found["decision_id"] == known["decision_id"]
        await stands(served, said)


async def _unreadable(*_: Any) -> Any:
    raise unavailable("postgres")


async def test_an_answer_that_is_lost_is_asked_for_until_the_store_says_so(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was committed and nobody heard of it; then the store is away, by words that keep nothing by themselves."""
    await team(shop)
    save, failures = store.save, [psycopg.OperationalError("server closed the connection"), *_NOTHING_DONE]

    async def lossy(conn: Any, brand: str, decisions: Any) -> set[str]:
        if brand != shop.brand or not failures or decisions[0].check_id != "k":
            return await save(conn, brand, decisions)
        if len(failures) > len(_NOTHING_DONE):
            await save(conn, brand, decisions)
        raise failures.pop(0)

    async with without(installation, shop) as served:
        await check(served, "warm", order("o0", "b", promoter_id="leaf"))
        monkeypatch.setattr(store, "save", lossy)
        said = await check(served, "k", DATA)
        assert (said["outcome"], said["missing"]) == ("review", ["postgres"])
        await kept(shop, said)
        assert not failures
        await asyncio.sleep(limits.POOL_REST_SECONDS)
        await stands(served, said)


_NOTHING_DONE: list[Exception] = [
    psycopg.errors.DeadlockDetected("x"),
    unavailable("postgres"),
    psycopg.errors.QueryCanceled("x"),
    psycopg.errors.InsufficientPrivilege("x"),
]


@pytest.mark.parametrize("error", _NOTHING_DONE, ids=lambda error: type(error).__name__)
async def test_what_fails_for_one_brand_changes_no_answer_of_another(
    installation: Running, shop: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await team(shop)
    save = store.save

    async def failing(conn: Any, brand: str, decisions: Any) -> set[str]:
        if brand == other_shop.brand:
            raise error
        return await save(conn, brand, decisions)

    async with without(installation, shop) as served:
        other = Shop(other_shop.brand, other_shop.keys, served.http, other_shop.parts)
        await check(served, "warm", order("o0", "b", promoter_id="leaf"))
        monkeypatch.setattr(store, "save", failing)
        for number in range(3):
            asked = [check(other, f"k{number}", order("o", "b")), check(served, f"k{number}", DATA)]
            theirs, ours = await asyncio.gather(*asked)
            assert (theirs["outcome"], theirs["missing"]) == ("review", ["postgres"])
            assert (ours["outcome"], ours["missing"]) == ("allow", [])


async def test_an_answer_counts_from_where_the_decision_in_its_stead_does(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is paid after the allow was kept, before the review that was answered is."""
    await team(shop)
    save = store.save

    async def slow(conn: Any, brand: str, decisions: Any) -> set[str]:
        places = [one.place for one in decisions if brand == shop.brand and one.check_id == "k"]
        if places == [1]:
            async with shop.parts.postgres.brand(brand) as held:
                await lock(held, consumer_lock(brand, "ledger"))  # the books wait
                await shop.accept(shop.events.event("order.paid.v1", DATA))
                return await save(conn, brand, decisions)
        saved = await save(conn, brand, decisions)
        if places == [0]:
            await asyncio.sleep(2)
        return saved

    async with without(installation, shop) as served:
        await check(served, "warm", order("o0", "b", promoter_id="leaf"))
        monkeypatch.setattr(store, "save", slow)
        said = await check(served, "k", DATA)
        assert (said["outcome"], said["missing"]) == ("review", ["postgres"])
        await kept(shop, said)
        await shop.drain()
        booked = (await shop.get("/v1/orders/o"))["decision"]
        assert (booked["decision_id"], booked["outcome"]) == (said["decision_id"], said["outcome"])

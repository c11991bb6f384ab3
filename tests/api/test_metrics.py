"""What Prometheus is told: every figure that is declared, by the conventions of names, and true."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.metrics import FAMILIES
from intake.streams import STREAM
from tests.intake.reading import until
from tests.platform import NewShop, Running, Shop
from worker.figures import FIGURES_KEY, Figures, told_figures


async def scraped(shop: Shop) -> dict[tuple[str, ...], float]:
    """Every figure by name and values of labels."""
    answer = await shop.call("GET", "/metrics", "admin")
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_every_declared_figure_is_told(new_shop: NewShop, installation: Running) -> None:
    shop = await new_shop(owner=True)
    await shop.tell(shop.events.registered("m"))
    async with Redis.from_url(installation.settings.redis_url) as redis:

        async def jobs_told() -> bool:
            return bool(await told_figures(redis))

        await until(jobs_told)
        found = await scraped(shop)
        assert {family.name for family in FAMILIES} <= {name for name, *_ in found}
        assert found["trefoil_worker_up",] == 1
        assert {("trefoil_consumer_events_behind", name) for name in ("graph", "ledger")} <= found.keys()
        assert found["trefoil_postgres_pool_connections",] >= 1
        before = found["trefoil_dead_letters", "stream"]
        await redis.xadd(STREAM, {"event": b"["})

        async def buried() -> bool:
            return (await scraped(shop))["trefoil_dead_letters", "stream"] == before + 1

        await until(buried)


def test_names_follow_the_conventions() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"trefoil(_[a-z]+)+", family.name)
        assert family.name.endswith("_total") is (family.kind == "counter")
        assert family.means and all(re.fullmatch(r"[a-z]+", label) for label in family.labels)
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


async def test_figures_of_workers_add_up_and_none_is_lost_with_redis(
    installation: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.figures.FIGURES_KEY", f"{FIGURES_KEY}:of-a-test")
    one, other = Figures(), Figures()
    one.ran("settle", "done", 1.5)
    other.ran("settle", "done", 0.5)
    other.ran("settle", "put_off", 1.0)
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1) as away:
        with pytest.raises(RedisError):
            await one.tell(away)
    async with Redis.from_url(installation.settings.redis_url) as redis:
        await redis.delete(f"{FIGURES_KEY}:of-a-test")
        await one.tell(redis)
        await one.tell(redis)
        await other.tell(redis)
        found = await told_figures(redis)
    assert found == {
        ("runs", "settle", "done"): 2.0,
        ("runs", "settle", "put_off"): 1.0,
        ("seconds", "settle"): 3.0,
    }

"""Brands never meet, and personal values stand nowhere in clear."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
import structlog
from psycopg import sql

from tests.platform import Running, Shop, at, order

# Tables of the installation: they name brands, but hold nothing of them.
_OF_THE_INSTALLATION = {"brand", "api_key", "log_head"}

SECRETS: dict[str, Any] = {
    "phone": "13987654321",
    "id_card": "11010519491231002X",
    "unionid": "oUnion-clear-93ab7",
    "device": "device-clear-51f0",
    "ip": "203.0.113.177",
    "payout_account": "6222020200112233445",
}
ADDRESS = {"province": "浙江省", "city": "杭州市", "county": "余杭区", "detail": "文一西路九六九号三幢五单元"}
EXTERNAL = "oExternal-clear-77c2"


async def everything(shop: Shop) -> None:
    """A brand that has sent every kind of personal value on every way there is, right and wrong."""
    e = shop.events
    named: dict[str, Any] = {
        "phone": SECRETS["phone"],
        "device_id": SECRETS["device"],
        "ip": SECRETS["ip"],
        "payout_account": SECRETS["payout_account"],
        "address": ADDRESS,
    }
    await shop.tell(
        e.registered("m1", external_id=EXTERNAL),
        e.identified("m1", **SECRETS, address=ADDRESS),
        e.approved("m1", invited_by=None),
        e.paid("o1", "c1", promoter_id="m1", **named),
        e.event(
            "promotion.clicked.v1",
            {"click_id": "k1", "link_code": "L", "channel": "h5", "clicked_at": e.registered("x")["time"],
             "device_id": SECRETS["device"], "ip": SECRETS["ip"]},
        ),
    )  # fmt: skip
    wrong = [
        {**e.identified("m1", **SECRETS, address=ADDRESS), "time": "yesterday"},
        e.paid("o2", "c1", promoter_id="a/b", **named),
        e.event("member.registered.v1", {"member_id": "m2", "phone": SECRETS["phone"], "union": SECRETS["unionid"]}),
        e.event("no.such.type", {"phone": SECRETS["phone"], "deep": {"er": [SECRETS["id_card"]]}}),
        {"nickname": SECRETS["phone"], "data": [SECRETS["device"]]},
    ]
    assert {item["status"] for item in await shop.answers(*wrong)} == {"rejected"}
    check = {"check_id": "k1", "stage": "order", "order": order("o3", "c2", promoter_id="m1", **named)}
    keyed = {"Idempotency-Key": "k"}
    decided = await shop.post("/v1/risk/checks", "pipeline", check, headers=keyed)
    assert decided["outcome"] == "block"
    assert not any(value in json.dumps(decided) for value in SECRETS.values())
    listing = {"kind": "phone", "value": SECRETS["phone"], "reason": "test"}
    await shop.post("/v1/risk/blacklist", "analyst", listing, 201)
    asked = {"member_id": "m1", "amount_fen": 100, "channel": "bank", "payout_account": SECRETS["payout_account"]}
    await shop.post("/v1/withdrawals", "finance", asked, 409, headers=keyed)
    wrong_body = {"kind": SECRETS["phone"], "value": SECRETS["phone"], "reason": SECRETS["id_card"], "x": 1}
    await shop.post("/v1/risk/blacklist", "analyst", wrong_body, 422, headers=keyed)
    for path in ("/v1/members/m1", "/v1/events/2", "/v1/events/4", "/v1/orders/o1", "/v1/risk/blacklist"):
        text = json.dumps(await shop.get(path), ensure_ascii=False)
        assert not any(value in text for value in (*SECRETS.values(), EXTERNAL, ADDRESS["detail"])), path
    text = json.dumps(await shop.get("/v1/events", status="rejected"), ensure_ascii=False)
    assert not any(value in text for value in (*SECRETS.values(), ADDRESS["detail"]))


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """Everything the platform writes to its log while a test runs, at every level."""
    lines: list[Any] = []

    def keep(_: Any, __: str, line: Any) -> Any:
        lines.append(dict(line))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[keep], wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    yield lines
    structlog.configure(**before)


async def rows(url: str, brand: str | None) -> AsyncIterator[tuple[str, str]]:
    """Every row of every table as text, bytes in hexadecimal; with a brand, only those of the brand."""
    async with await psycopg.AsyncConnection.connect(url) as owner:
        for table, of_brands in await tables(owner):
            where = sql.SQL(" WHERE brand = {}").format(brand) if brand and of_brands else sql.SQL("")
            found = await owner.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)) + where)
            async for row in found:
                yield table, row[0]


async def tables(owner: psycopg.AsyncConnection[Any]) -> list[tuple[str, bool]]:
    """Every table, and whether it has a column ``brand``."""
    found = await owner.execute(
        "SELECT t.table_name, bool_or(c.column_name = 'brand') FROM information_schema.tables t "
        "JOIN information_schema.columns c USING (table_schema, table_name) "
        "WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' GROUP BY 1 ORDER BY 1"
    )
    return [(row[0], row[1]) for row in await found.fetchall()]


async def test_personal_values_stand_nowhere_in_clear(installation: Running, shop: Shop, told: list[Any]) -> None:
    await everything(shop)
    clear = [*SECRETS.values(), ADDRESS["detail"], EXTERNAL]
    forms = {form for value in clear for form in (value, value.encode().hex(), json.dumps(value)[1:-1])}
    seen = 0
    async for table, text in rows(installation.settings.postgres_url, shop.brand):
        seen += 1
        assert not [form for form in forms if form in text], table
    assert seen > 20
    redis = installation.parts.redis
    async for key in redis.scan_iter(match=f"*{shop.brand}*", count=1_000):
        kind: Any = await redis.type(key)
        ways: Any = {
            "string": redis.get,
            "hash": redis.hgetall,
            "set": redis.smembers,
            "stream": redis.xrange,
            "list": lambda name: redis.lrange(name, 0, -1),
            "zset": lambda name: redis.zrange(name, 0, -1, withscores=True),
        }
        text = f"{key!r} {await ways[kind.decode()](key)!r}"
        assert not [form for form in forms if form in text], key
        seen += 1
    async with installation.parts.graph.reading() as tx:
        found = await tx.run(
            "MATCH (n) WHERE n.key STARTS WITH $prefix OPTIONAL MATCH (n)-[r]->() "
            "RETURN labels(n) AS labels, properties(n) AS node, collect(properties(r)) AS edges",
            prefix=f"{shop.brand}|",
        )
        nodes = [str(record.data()) async for record in found]
    assert len(nodes) >= 10
    for text in nodes:
        assert not [form for form in forms if form in text], text[:200]
    assert any(line["event"] == "events refused" for line in told)
    text = repr(told)
    assert not [form for form in forms if form in text]


async def test_the_same_ids_in_two_brands_never_meet(shop: Shop, other_shop: Shop) -> None:
    e, f = shop.events, other_shop.events
    await shop.tell(
        *(e.registered(name) for name in ("p", "c")),
        e.approved("p", invited_by=None),
        e.identified("p", phone=SECRETS["phone"], device=SECRETS["device"]),
        e.bound("c", "p"),
        e.paid("o1", "c", 10_000),
    )
    # the same ids, the same shared phone: the other brand's p is nobody's promoter
    await other_shop.tell(
        *(f.registered(name) for name in ("p", "c")),
        f.approved("c", invited_by=None),
        f.identified("c", phone=SECRETS["phone"], device=SECRETS["device"]),
        f.paid("o1", "p", 20_000, promoter_id="c"),
    )
    assert await shop.chain("o1") == [(1, "p", True)]
    assert await other_shop.chain("o1") == [(1, "c", True)]
    for one, decided in ((shop, "allow"), (other_shop, "allow")):
        assert (await one.get("/v1/orders/o1"))["decision"]["outcome"] == decided
        assert (await one.get("/v1/consistency"))["ok"]
    assert (await shop.get("/v1/members/c/binding", as_of=at(1)))["state"] == "bound"
    assert (await other_shop.get("/v1/members/c/binding", as_of=at(1)))["state"] == "none"
    assert await shop.balances("p") == {"pending_fen": 1_000}
    assert await other_shop.balances("p") == {}
    assert await other_shop.balances("c") == {"pending_fen": 2_000}
    same = {"check_id": "k", "stage": "order", "order": order("o9", "c", promoter_id="p")}
    first = await shop.post("/v1/risk/checks", "pipeline", same)
    second = await other_shop.post("/v1/risk/checks", "pipeline", same)
    assert first["decision_id"] != second["decision_id"]
    asked = {"kind": "member", "value": "c", "reason": "test"}
    await shop.post("/v1/risk/blacklist", "analyst", asked, 201)
    await shop.drain()
    for one, outcome in ((shop, "review"), (other_shop, "allow")):
        check = {"check_id": "k2", "stage": "order", "order": order("o10", "c", promoter_id="p")}
        assert (await one.post("/v1/risk/checks", "pipeline", check))["outcome"] == outcome
    # tokens of the same value differ between brands
    async with shop.parts.graph.reading() as tx:
        found = await tx.run(
            "MATCH (n:Phone) WHERE any(p IN $prefixes WHERE n.key STARTS WITH p) RETURN n.token AS token",
            prefixes=[f"{shop.brand}|", f"{other_shop.brand}|"],
        )
        tokens = [record["token"] async for record in found]
    assert len(tokens) == len(set(tokens)) == 2


async def test_row_level_security_on_every_table(installation: Running, shop: Shop, other_shop: Shop) -> None:
    """As the application's role: inside brand A no row of B, and without a brand none at all."""
    await everything(other_shop)
    url, postgres = installation.settings.postgres_url, installation.parts.postgres
    async with await psycopg.AsyncConnection.connect(url) as owner:
        of_brands = {table for table, has_brand in await tables(owner) if has_brand}
        asked = "SELECT t FROM unnest(%s::text[]) t WHERE NOT has_table_privilege('trefoil_app', t, 'SELECT')"
        closed = {row[0] for row in await (await owner.execute(asked, [sorted(of_brands)])).fetchall()}
    assert closed == {"db_login"}  # the application has no business there
    guarded = sorted(of_brands - closed - _OF_THE_INSTALLATION)
    there = {table async for table, _ in rows(url, other_shop.brand)}
    assert len(guarded) >= 15 and len(there & set(guarded)) >= 10

    async def count(conn: Any, table: str) -> int:
        found = await conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        row = await found.fetchone()
        return int(row[0])

    for table in guarded:
        query = sql.SQL("SELECT count(*) FROM {} WHERE brand <> {}").format(sql.Identifier(table), shop.brand)
        async with postgres.brand(shop.brand) as conn:
            found = await (await conn.execute(query)).fetchone()
            assert found == (0,), table
        async with postgres.brand(other_shop.brand) as conn:
            assert (await count(conn, table) > 0) == (table in there), table
        async with postgres.installation() as conn:  # the brand of the transaction before is forgotten
            assert await count(conn, table) == 0, table
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with postgres.brand(shop.brand) as conn:
            await conn.execute("INSERT INTO watermark (brand, consumer, seq) VALUES (%s, 'x', 1)", [other_shop.brand])

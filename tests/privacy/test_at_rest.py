"""What is personal is nowhere in clear where it is kept, and a key that was destroyed is nobody's any more."""

from typing import Any

import orjson
import psycopg
import pytest
from psycopg import sql
from redis.asyncio import Redis

from intake.streams import DEAD, STREAM
from privacy.masks import looks_personal, shown, shown_problem
from privacy.sealing import value_context
from privacy.vault import Forgotten, from_text, unseal
from tests.intake.reading import until
from tests.platform import Running, Shop

PHONE = "13912345678"
NAME = "张三丰"


async def rows_of(installation: Running, brand: str) -> str:
    """Every row of a brand in every table, as text: binary columns in hexadecimal too."""
    found = []
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url) as conn:
        tables = await conn.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'brand'"
        )
        for (table,) in await tables.fetchall():
            rows = await conn.execute(
                sql.SQL("SELECT t::text FROM {} t WHERE brand = %s").format(sql.Identifier(table)), [brand]
            )
            found += [row[0] for row in await rows.fetchall()]
    return "\n".join(found)


def told(text: str) -> set[str]:
    """Which of the personal values a text holds, as letters or as bytes in hexadecimal."""
    return {value for value in (PHONE, NAME) if value in text or value.encode().hex() in text}


async def test_attributes_nobody_knows_are_kept_sealed(installation: Running, shop: Shop) -> None:
    e = shop.events
    known = {**e.registered("m"), "nickname": NAME, "tel": PHONE}
    ownerless = {**e.completed("o1", 2), "tel": PHONE}
    await shop.accept(known, ownerless)
    assert told(await rows_of(installation, shop.brand)) == set()
    async with shop.parts.postgres.brand(shop.brand) as conn:
        rows = await (await conn.execute("SELECT extensions FROM event_log ORDER BY seq")).fetchall()
    keys = await shop.parts.keyring.members(shop.brand, ["m"], create=False)
    opened = unseal(keys["m"], from_text(rows[0][0]["sealed"]), value_context(shop.brand, "m", "attributes"))
    assert orjson.loads(opened) == {"nickname": NAME, "tel": PHONE}


REFUSED: list[dict[str, Any]] = [
    {"data": {"member_id": "m", "telefon": PHONE, NAME: 1}},
    {"data": {"member_id": "m", PHONE: PHONE, f"{NAME}@example.com": 1}},
    {"data": {"member_id": {"phone": PHONE}}},
    {"data": [PHONE, NAME]},
    {"subject": f"{NAME} {PHONE}", "data": {}},
    {"id": PHONE, "type": PHONE, "source": f"+86{PHONE}", "data": {}},
    {"data": {"channel": PHONE, "region": f"{NAME}@example.com", "quantity": int(PHONE)}},
]


@pytest.mark.parametrize("place", range(len(REFUSED)))
async def test_refused_events_are_kept_sealed(installation: Running, shop: Shop, place: int) -> None:
    event = {**shop.events.registered("m"), **REFUSED[place]}
    (answer,) = await shop.answers(event)
    assert answer["status"] == "rejected"
    kept = told(await rows_of(installation, shop.brand))
    assert kept <= ({NAME} if place == 4 else set()), kept  # a subject that is no form of a number is shown


UNREADABLE = [
    f'{{"phone": "{PHONE}", "name": "{NAME}"}}'.encode("utf-16"),
    f'{{"phone": "{PHONE}", "name": "{NAME}"}}'.encode("gb18030"),
    f'"{PHONE}"'.encode(),
    f"{NAME} {PHONE}".encode(),
    f'{{"phone": "{PHONE}"'.encode(),
    f'[{{"phone": "{PHONE}"}}]'.encode(),
    f'{{"{PHONE}": 1, "{NAME}": {{"x": "{PHONE}"}}}}'.encode(),
    f'{{"id": "e", "id": "{PHONE}"}}'.encode(),
    b'{"id": "\\u0031\\u0033\\u0039\\u0031\\u0032\\u0033\\u0034\\u0035\\u0036\\u0037\\u0038"}',
]


@pytest.mark.parametrize("raw", UNREADABLE)
async def test_dead_letters_of_any_encoding_are_kept_sealed(installation: Running, shop: Shop, raw: bytes) -> None:
    async with Redis.from_url(installation.settings.redis_url) as client:
        before: Any = await client.xrevrange(DEAD, count=1)
        after = before[0][0] if before else b"0"
        await client.xadd(STREAM, {"event": raw})
        letters: list[Any] = []

        async def buried() -> bool:
            found: Any = await client.xrange(DEAD, min=b"(" + after)
            letters[:] = found
            return bool(letters)

        await until(buried)
        held = b"\n".join(part for _, fields in letters for field in fields.items() for part in field)
    spellings = [value.encode(code) for value in (PHONE, NAME) for code in ("utf-8", "utf-16-le", "gb18030")]
    assert not [spelling for spelling in spellings if spelling in held]
    assert rb"\u0031\u0033" not in held
    assert {b"event", b"problem", b"original"} <= letters[-1][1].keys()


def test_what_looks_personal_is_masked_wherever_it_stands() -> None:
    for text in (PHONE, f"+86{PHONE}", "１３９１２３４５６７８", "11010519491231002X", "a@b", "x" * 1_001):
        assert looks_personal(text), text
    for text in ("o1", "order-20261125-000123", "202611250001234567", "2026-11-01T08:00:00+08:00", "h5"):
        assert not looks_personal(text), text
    assert shown({"id": PHONE, "data": {"order_id": "o1", "channel": PHONE}}) == {
        "id": "***",
        "data": {"order_id": "o1", "channel": "***"},
    }
    errors = [{"field": f"data.{NAME}", "code": "unknown_field", "message": "no"}]
    errors += [{"field": "data.lines.0.paid_fen", "code": "out_of_range", "message": "no"}]
    problem = {"code": "unknown_field", "detail": f"data.{NAME}: no", "errors": errors}
    assert [error["field"] for error in shown_problem(problem)["errors"]] == ["data.***", "data.lines.0.paid_fen"]
    assert shown_problem(problem)["detail"] == "data.***: no"


async def destroy(installation: Running, brand: str, member_id: str) -> bytes:
    """Destroy a member's key in the store, as forgetting does; the key as it was."""
    keys = await installation.parts.keyring.members(brand, [member_id], create=False)
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url) as conn:
        await conn.execute(
            "UPDATE member_key SET wrapped_key = NULL, destroyed_at = now() WHERE brand = %s AND member_id = %s",
            [brand, member_id],
        )
    return keys[member_id]


async def test_a_destroyed_key_leaves_the_memory_of_api_and_worker(installation: Running, shop: Shop) -> None:
    """Both have used the key a moment ago: the API to seal and to show, the worker to seal what came by stream."""
    e = shop.events
    await shop.tell(e.registered("m", external_id="wx-1234567890123"))
    by_stream = {**e.identified("m", phone=PHONE), "brand": shop.brand}
    async with Redis.from_url(installation.settings.redis_url) as client:
        await client.xadd(STREAM, {"event": orjson.dumps(by_stream)})
        await until(lambda: holds(shop, 2))
        assert await shown_account(shop) is not None
        old = await destroy(installation, shop.brand, "m")
        await until(lambda: forgotten(shop))
        await shop.accept(e.identified("m", phone=PHONE))
        again = {**e.identified("m", days=1, phone=PHONE), "brand": shop.brand}
        await client.xadd(STREAM, {"event": orjson.dumps(again)})
        await until(lambda: holds(shop, 4))
    async with shop.parts.postgres.brand(shop.brand) as conn:
        rows = await (await conn.execute("SELECT data FROM event_log WHERE seq > 1 ORDER BY seq")).fetchall()
    opens = [opens_with(old, row[0]["identifiers"][0]["value"]["sealed"], shop.brand) for row in rows]
    assert opens == [True, False, False]


async def holds(shop: Shop, count: int) -> bool:
    async with shop.parts.postgres.brand(shop.brand) as conn:
        row = await (await conn.execute("SELECT count(*) FROM event_log")).fetchone()
    return row is not None and row[0] == count


async def shown_account(shop: Shop) -> str | None:
    accounts: list[dict[str, str | None]] = (await shop.get("/v1/members/m"))["accounts"]
    return accounts[0]["external_id"]


async def forgotten(shop: Shop) -> bool:
    return await shown_account(shop) is None


def opens_with(key: bytes, sealed: str, brand: str) -> bool:
    try:
        return unseal(key, from_text(sealed), value_context(brand, "m", "phone")) == PHONE.encode()
    except Forgotten:
        return False

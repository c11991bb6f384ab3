"""Whatever the owner of the database changes behind the platform's back is found, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import psycopg
import pytest
import pytest_asyncio

from core.clock import wall_now
from core.stores.postgres import Postgres
from core.stores.queries import sql
from events import aside
from evidence.seal import seal
from evidence.verify import BOOKS, verify
from tests.graph.test_projector_tree import team
from tests.platform import NewShop, Running, Shop, at

_ENTER_BRAND = sql("core/enter_brand")

CHANGES: Final = (
    ("event_log", 'SET extensions = \'{"traceid": "other"}\' {} AND seq = 2'),
    ("event_log", "SET extensions = NULL {} AND extensions IS NOT NULL"),
    ("event_log", "SET fingerprint = '\\x00' {} AND seq = 3"),
    ("event_log", "SET data_print = '\\x00' {} AND seq = 3"),
    ("event_log", "SET cost = 1000000 {} AND seq = 3"),
    ("event_log", "SET data = data || '{\"grade\": \"S\"}' {} AND type = 'distributor.approved.v1'"),
    ("event_log", "SET source = 'other' {} AND seq = 3"),
    ("event_log", "SET event_id = 'other' {} AND seq = 3"),
    ("event_log", "SET type = 'promotion.clicked.v1' {} AND seq = 3"),
    ("event_log", "SET subject = 'other' {} AND seq = 3"),
    ("event_log", "SET time = '2026-01-01T00:00:00Z' {} AND seq = 3"),
    ("event_log", "SET accepted_at = accepted_at - interval '1 day' {} AND seq = 3"),
    ("outcome", "SET status = 'applied', code = NULL {} AND status = 'refused'"),
    ("outcome", "SET detail = '[]' {} AND detail IS NOT NULL"),
    ("watermark", "SET seq = seq + 1000 {} AND consumer = 'ledger'"),
    ("decision", "SET outcome = 'block' {}"),
    ("decision", 'SET reasons = \'[{"rule": "ring"}]\' {}'),
    ("decision", "SET features = '{\"velocity\": 9}' {}"),
    ("decision", "SET evaluated_at = evaluated_at + interval '1 s' {}"),
    ("rulebook", "SET rules = '[]' {}"),
    ("blacklist_entry", "SET lifted_at = now() {}"),
    ("plan_version", "SET document = jsonb_set(document, '{order_cap_bps}', '1') {}"),
    ("paid_order", "SET state = 'frozen' {} AND state = 'settled'"),
    ("paid_order", "SET commissions = jsonb_set(commissions, '{0,earned_fen}', '999999') {} AND order_id = 'o1'"),
    ("paid_order", "SET chain = jsonb_set(chain, '{0,member_id}', '\"lone\"') {} AND order_id = 'o1'"),
    ("paid_order", "SET decision_id = 'dec_other' {} AND order_id = 'o1'"),
    ("paid_order", "SET region = 'elsewhere' {} AND order_id = 'o1'"),
    ("paid_order", "SET settles_at = settles_at + interval '1 year' {} AND order_id = 'o2'"),
    ("paid_order", "SET lines = jsonb_set(lines, '{0,quantity}', '9') {} AND order_id = 'o1'"),
    ("paid_order", "SET decision_reasons = '[[]]' {} AND order_id = 'o1'"),
    ("order_refund", "SET refund_id = 'other' {}"),
    ("parked_fact", "SET at = at + interval '1 day' {}"),
    ("sale", "SET fen = fen + 1 {} AND order_id = 'o1'"),
    ("member_sales", "SET own_gmv_fen = own_gmv_fen + 1 {} AND member_id = 'leaf'"),
    ("withdrawal", "SET status = 'requested', rejected_at = NULL {} AND status = 'rejected'"),
    ("withdrawal", "SET net_fen = net_fen + 1, gross_fen = gross_fen + 1 {}"),
    ("withdrawal", "SET member_id = 'mid' {}"),
    ("withdrawal", "SET reason = 'another' {} AND reason IS NOT NULL"),
    ("journal", "SET kind = 'cancellation' {} AND kind = 'clawback'"),
    ("journal", "SET recorded_at = recorded_at + interval '1 s' {} AND number = 2"),
    ("entry", "SET amount_fen = 2 * amount_fen {} AND number = 1"),
    ("entry", "SET member_id = 'lone' {} AND number = 1 AND member_id = 'leaf'"),
    ("entry", "SET place = place + 7 {} AND number = 2"),
    ("member_balance", "SET balance_fen = balance_fen - 1 {} AND account = '2241.12'"),
    ("member_balance", "SET last_credit_at = last_credit_at - interval '1 day' {} AND last_credit_at IS NOT NULL"),
    ("ledger_head", "SET hash = sha256('') {}"),
    ("seal", "SET document = jsonb_set(document, '{log,seq}', '1') {}"),
)
"""What a table says of one thing: the table, and how a row of it is changed."""

TAILS: Final = {
    "the log": (
        "DELETE FROM outcome {} AND seq > (SELECT seq - 2 FROM log_head {})",
        "DELETE FROM event_log {} AND seq > (SELECT seq - 2 FROM log_head {})",
        "UPDATE log_head SET seq = last.seq, hash = last.hash"
        " FROM (SELECT seq, hash FROM event_log {} ORDER BY seq DESC LIMIT 1) last {}",
        "UPDATE watermark SET seq = (SELECT seq FROM log_head {}) {}",
    ),
    "the books": (
        "DELETE FROM entry {} AND number > (SELECT number - 1 FROM ledger_head {})",
        "DELETE FROM journal {} AND number > (SELECT number - 1 FROM ledger_head {})",
        "UPDATE ledger_head SET number = last.number, hash = last.hash"
        " FROM (SELECT number, hash FROM journal {} ORDER BY number DESC LIMIT 1) last {}",
        "DELETE FROM member_balance {}",
        "INSERT INTO member_balance SELECT brand, member_id, account, sum(amount_fen),"
        " max(effective_at) FILTER (WHERE amount_fen > 0), max(effective_at) FILTER (WHERE amount_fen < 0)"
        " FROM entry {} AND member_id IS NOT NULL GROUP BY brand, member_id, account",
    ),
}
"""How an end is cut off so that what is left fits together again."""


_OTHER: Final = {
    "text": "coalesce({}, '') || 'x'",
    "bigint": "coalesce({}, 0) + 1000003",  # a number of the log that no other row has
    "smallint": "coalesce({}, 0) + 1",
    "integer": "coalesce({}, 0) + 1",
    "numeric": "coalesce({}, 0) + 1",
    "boolean": "NOT {}",
    "bytea": "{} || '\\x00'::bytea",
    "jsonb": "'[[]]'",
    "text[]": "array_append({}, 'x')",
    "timestamp with time zone": "coalesce({}, now()) + interval '1 s'",
}
"""Another value of a column, by its type."""


@pytest_asyncio.fixture(scope="module")
async def full(new_shop: NewShop) -> Shop:
    """Refusals, an order that waits and one that is settled, withdrawals, a blacklist, a seal: a row in every table."""
    shop = await new_shop()
    e, start = shop.events, await shop.start()
    await shop.move_clock(0, start)
    await team(shop)
    click = {"click_id": "k", "link_code": "l", "channel": "h5", "clicked_at": at()}
    await shop.tell(
        e.bound("leaf", "leaf"),
        e.event("promotion.clicked.v1", click, traceid="t1"),
        e.paid("o1", "c1", 50_000, days=-9, start=start, promoter_id="leaf", region="south"),
        e.completed("o1", -8, start=start),
        e.paid("o2", "c2", 9_000, days=-1, start=start, promoter_id="leaf"),
        e.completed("o2", 0, start=start),
        e.refunded("r1", "o2", 0, start=start, line_1=1_000),
        e.refunded("r1", "never", 0, start=start, line_1=1_000),
    )
    await shop.post("/v1/ops/run", "admin", {"job": "settle"})
    asked = {"member_id": "leaf", "amount_fen": 1_000, "channel": "wechat"}
    one = await shop.post("/v1/withdrawals", "finance", asked, 201)
    await shop.post("/v1/withdrawals", "finance", asked, 201)
    await shop.post(f"/v1/withdrawals/{one['withdrawal_id']}/reject", "finance2", {"reason": "no"})
    listed = {"kind": "phone", "value": "13912345678", "reason": "r"}
    await shop.post("/v1/risk/blacklist", "analyst", listed, 201)
    await shop.drain()
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await aside.put(conn, shop.brand, "ledger", {10**6: "a defect"}, wall_now())
    await shop.post("/v1/ops/run", "admin", {"job": "seal"})
    return shop


@dataclass
class Behind:
    """The database as its owner leaves it, in a transaction that comes to nothing."""

    conn: psycopg.AsyncConnection[Any]
    shop: Shop

    async def do(self, statement: str) -> int:
        """Run a statement; ``{}`` says that it is about this brand. How many rows it touched."""
        text = statement.replace("{}", f"WHERE brand = '{self.shop.brand}'")
        return (await self.conn.execute(text.encode())).rowcount

    @asynccontextmanager
    async def snapshot(self, brand: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """As the platform sees it."""
        await self.conn.execute("SET LOCAL ROLE trefoil_app")
        await _ENTER_BRAND.run(self.conn, brand=brand)
        yield self.conn

    async def findings(self, *seals: dict[str, Any]) -> list[tuple[str, str]]:
        """What the proof says, as (table, problem)."""
        proof = await verify(cast(Postgres, self), self.shop.parts.keyring, self.shop.brand, seals)
        assert proof.ok == (not proof.findings)
        return [(found.book, found.problem) for found in proof.findings]


@pytest_asyncio.fixture
async def behind(installation: Running, full: Shop) -> AsyncIterator[Behind]:
    """The owner at work, with every trigger disabled."""
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url) as conn:
        await conn.execute("SET session_replication_role = replica")
        yield Behind(conn, full)
        await conn.rollback()


async def test_an_honest_brand_is_proved(full: Shop, behind: Behind) -> None:
    assert await behind.findings() == []
    found = await full.get("/v1/ledger/verify")
    assert found.keys() == {"ok", "journals", "head_hash", "content_hash", "findings"}
    assert (found["ok"], found["findings"]) == (True, [])
    await full.post("/v1/ops/run", "admin", {"job": "rebuild_graph"})
    assert (await full.get("/v1/ledger/verify"))["ok"]


@pytest.mark.parametrize(("table", "change"), CHANGES)
async def test_a_changed_row_is_found(behind: Behind, table: str, change: str) -> None:
    assert await behind.do(" ".join(["UPDATE", table, change])) > 0
    of = {"entry": "journal"}.get(table, table)
    assert of in {book for book, _ in await behind.findings()}


@pytest.mark.parametrize("table", BOOKS)
async def test_every_column_is_part_of_the_evidence(behind: Behind, table: str) -> None:
    """Also one that a later migration adds: it begins the evidence of its table anew, or fails here."""
    asked = await behind.conn.execute(
        "SELECT a.attname, a.atttypid::regtype::text FROM pg_attribute a WHERE a.attrelid = %s::regclass"
        " AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
        # the database itself gives numbers, and a digest of its own covers the JSON of an order
        " AND a.attname NOT IN ('brand', 'number') AND (a.attrelid::regclass::text, a.atttypid::regtype::text)"
        " <> ('paid_order', 'jsonb') AND (a.attrelid::regclass::text, a.attname) <> ('event_log', 'data')",
        [table],
    )
    refused = set()
    for column, kind in await asked.fetchall():
        change = _OTHER[kind].format(column)
        one = " ".join(["ctid = (SELECT max(ctid) FROM", table, "{})"])
        try:
            async with behind.conn.transaction(force_rollback=True):
                assert await behind.do(" ".join(["UPDATE", table, "SET", column, "=", change, "WHERE", one])) == 1
                async with behind.snapshot(behind.shop.brand) as conn:
                    ((same,),) = await (await conn.execute("SELECT same FROM weigh_evidence(%s)", [table])).fetchall()
                assert not same, column
        except psycopg.errors.CheckViolation:
            refused.add(column)
    assert refused <= {
        "status",
        "state",
        "decision_outcome",
        "outcome",
        "kind",
        "gross_fen",
        "tax_fen",
        "fee_fen",
        "net_fen",
    }


@pytest.mark.parametrize("table", [*BOOKS, "journal", "entry", "member_balance", "ledger_head"])
async def test_a_removed_row_is_found(behind: Behind, table: str) -> None:
    assert await behind.do(" ".join(["DELETE FROM", table, "WHERE ctid = (SELECT max(ctid) FROM", table, "{})"])) == 1
    found = {book for book, _ in await behind.findings()}
    assert found & {table, "journal"}


async def test_a_row_put_in_is_found(behind: Behind) -> None:
    assert await behind.do("INSERT INTO outcome SELECT brand, 3, 'ledger', 'refused', 'x' FROM log_head {}") == 1
    assert [book for book, _ in await behind.findings()] == ["outcome"]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("outcome", "code = 'other'"),
        ("paid_order", "region = 'other'"),
        ("withdrawal", "reason = 'other'"),
        ("plan_version", "created_by = 'other'"),
        ("watermark", "seq = seq + 1"),
        ("member_sales", "own_gmv_fen = own_gmv_fen + 1"),
    ],
)
async def test_an_owner_who_leaves_the_triggers_on_is_found_too(behind: Behind, table: str, change: str) -> None:
    await behind.do("SET session_replication_role = origin")
    assert await behind.do(" ".join(["UPDATE", table, "SET", change, "{}"])) > 0
    assert table in {book for book, _ in await behind.findings()}


@pytest.mark.parametrize("what", TAILS)
async def test_an_end_that_was_cut_off_is_found(behind: Behind, what: str) -> None:
    for statement in TAILS[what]:
        await behind.do(statement)
    assert await behind.findings()


@pytest.mark.parametrize("what", TAILS)
async def test_an_end_that_was_cut_off_with_its_evidence_contradicts_the_seal(behind: Behind, what: str) -> None:
    """The evidence is written anew for what is left, the seals of the database are gone: one was kept elsewhere."""
    kept = await _kept(behind)
    for statement in TAILS[what]:
        await behind.do(statement)
    await behind.do("DELETE FROM seal {}")
    await behind.do(f"CALL begin_evidence({', '.join(repr(book) for book in BOOKS)})")
    says = {"the log": "that the log was another", "the books": "that the books were others"}
    assert f"seal {kept['number']} says {says[what]}" in {problem for _, problem in await behind.findings(kept)}


async def test_a_seal_is_taken_as_it_was_signed_or_not_at_all(behind: Behind, other_shop: Shop) -> None:
    kept = await _kept(behind)
    assert await behind.findings(kept) == []
    not_signed = ("seal", "it was not signed with this brand's key, or was changed since")
    theirs = await seal(other_shop.parts.postgres, other_shop.parts.keyring, other_shop.brand, wall_now())
    for wrong in ({**kept, "sealed_at": at()}, {**kept, "signature": "00"}, {"brand": kept["brand"]}, theirs):
        assert await behind.findings(wrong) == [not_signed]


async def test_seals_follow_one_another_and_evidence_is_folded(shop: Shop) -> None:
    await shop.tell(shop.events.registered("m"), shop.events.paid("o", "m"))
    first = await seal(shop.parts.postgres, shop.parts.keyring, shop.brand, wall_now())
    await shop.tell(shop.events.paid("o2", "m"))
    second = await seal(shop.parts.postgres, shop.parts.keyring, shop.brand, wall_now())
    assert (first["number"], second["number"], first["log"]["seq"], second["log"]["seq"]) == (1, 2, 2, 3)
    async with shop.parts.postgres.brand(shop.brand) as conn:
        counted = await conn.execute("SELECT book, count(*), sum(row_count) FROM evidence GROUP BY book")
        rows = {book: (folded, int(rows)) for book, folded, rows in await counted.fetchall()}
    assert rows["event_log"] == (1, 3) and {folded for folded, _ in rows.values()} == {1}
    assert (await shop.get("/v1/ledger/verify"))["ok"]


async def test_every_table_of_the_proof_keeps_evidence(behind: Behind) -> None:
    found = await behind.conn.execute(
        "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger WHERE tgname LIKE 'evidence_%' GROUP BY tgrelid"
    )
    assert dict(await found.fetchall()) == dict.fromkeys(BOOKS, 3)


async def _kept(behind: Behind) -> dict[str, Any]:
    """The latest seal, as somebody wrote it down."""
    async with behind.shop.parts.postgres.brand(behind.shop.brand) as conn:
        asked = await conn.execute("SELECT document FROM seal ORDER BY number DESC LIMIT 1")
        ((document,),) = await asked.fetchall()
    return cast(dict[str, Any], document)

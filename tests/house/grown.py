"""A database of its own whose statistics are those of a brand with many rows, for looking at plans.

Every table that grows holds some thousands of small rows whose values are spread as real ones are. What is read off
them, distinct values and ranges, is then said of as many rows as a plan is wanted for; planning looks at nothing else.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from core.stores.migrations import migrate
from core.stores.queries import sql as query
from tests.house.reads import Index, faults

SMALL: Final = {
    "account": "the chart of accounts, thirteen rows",
    "api_key": "eight per brand, found by key",
    "brand": "one per brand",
    "consumer_trouble": "one per consumer",
    "db_login": "one per person who reads with a tool of their own",
    "consumer_try": "one per consumer",
    "installation": "one row",
    "ledger_head": "one per brand",
    "log_head": "one per brand",
    "plan_version": "as many as finance has published",
    "rulebook": "as many as analysts have published",
    "schema_function": "one per file",
    "schema_migration": "one per file",
    "watermark": "one per consumer",
}
"""Tables that any plan may read whole, with the reason; every other table grows."""

_ENTER_BRAND = query("core/enter_brand")

KEPT_ROWS: Final = 20_000
_TELLING: Final = {
    "log_min_duration": "0",
    "log_nested_statements": "on",
    "log_format": "json",
    "log_level": "notice",
}
"""Every statement, also those inside functions, is told to the client with its plan."""

_STEP: Final = 50  # between two numbers, so that the ranges are those of a million rows
_BY_TYPE: Final = {
    "bigint": f"n * {_STEP}",
    "integer": "n",
    "smallint": "0",
    "numeric": "n",
    "boolean": "false",
    "text": "'x' || n",
    "text[]": "'{}'::text[]",
    "bytea": "int4send(n)",
    "jsonb": "'[]'::jsonb",
    "timestamp with time zone": "timestamptz '2026-01-01Z' + n * interval '1 minute'",
}
_BY_NAME: Final = {
    "brand": "'house'",
    "source": "'shop'",
    "member_id": "'m' || n % 4000",
    "buyer_id": "'m' || n % 4000",
    "data": "jsonb_build_object('member_id', 'm' || n % 4000)",
    "consumer": "'graph'",
    "type": "'type' || n % 10",
    "account": "'2241.12'",
    "replayed_by": "CASE WHEN n % 20 > 0 THEN n END",
    "resent_seq": "CASE WHEN n % 2 > 0 THEN n END",
    "member_key.member_id": "'m' || n",
    "member_sales.member_id": "'m' || n",
    "member_balance.member_id": "'m' || n",
    "member_balance.balance_fen": "-n",
    "job.state": "'done'",
    "job.taken_up": "'anew'",
    "job.kind": "'x' || n % 10",
    "outcome.status": "'refused'",
    "first_answer.claimed_by": "NULL",
    "first_answer.claimed_until": "NULL",
    "parked_fact.kind": "'completed'",
    "decision.order_id": "'x' || n / 2",
    "decision.stage": "'order'",
    "decision.outcome": "'allow'",
    "paid_order.decision_outcome": "'allow'",
    "paid_order.state": "CASE WHEN n % 50 = 0 THEN 'frozen' ELSE 'settled' END",
    "withdrawal.status": "CASE WHEN n % 50 = 0 THEN 'requested' ELSE 'rejected' END",
    "withdrawal.gross_fen": "3 * n",
    "withdrawal.tax_fen": "n",
    "withdrawal.fee_fen": "n",
    "withdrawal.net_fen": "n",
}
"""Where a column's type does not say enough: by its name, or by table and name."""


class Grown:
    """The database, and a transaction in it that was opened as the platform opens every one for a brand."""

    def __init__(self, owner: psycopg.AsyncConnection[Any], conn: psycopg.AsyncConnection[Any]) -> None:
        self._owner = owner
        self.conn = conn

    async def say(self, rows: int) -> None:
        """From now on each table that grows has so many rows, as far as the planner knows."""
        await self._owner.execute(
            "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', name, 'relpages', pages,"
            " 'reltuples', (tuples * %s)::real) FROM kept",
            [rows / KEPT_ROWS],
        )

    async def faults(self, explain: str, given: dict[str, Any] | None = None) -> list[str]:
        """What the plan of an EXPLAIN (FORMAT JSON) reads otherwise than by index."""
        row = await (await self.conn.execute(explain, given)).fetchone()
        assert row is not None
        return await self.faults_of(row[0][0]["Plan"])

    async def faults_of(self, plan: dict[str, Any]) -> list[str]:
        """What a plan reads otherwise than by index, of tables that grow."""
        found = await self._owner.execute(
            "SELECT c.relname, i.indrelid::regclass::text, array_agg(pg_get_indexdef(c.oid, k, true) ORDER BY k)"
            " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, generate_series(1, i.indnkeyatts) k"
            " WHERE c.relnamespace = 'public'::regnamespace GROUP BY c.relname, i.indrelid"
        )
        indexes = {name: Index(table, tuple(columns)) for name, table, columns in await found.fetchall()}
        return faults(plan, indexes, SMALL)

    async def statements(self, call: str, given: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """Run a call, undo it, and tell text and plan of every statement that ran inside."""
        told: list[str] = []
        self.conn.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        async with self.conn.transaction(force_rollback=True):
            await self.conn.execute("RESET ROLE")
            await self.conn.execute("LOAD 'auto_explain'")
            for name, value in _TELLING.items():
                await self.conn.execute(
                    sql.SQL("SET LOCAL {} = {}").format(sql.Identifier("auto_explain", name), value)
                )
            await self.conn.execute("SET LOCAL ROLE trefoil_app")
            await self.conn.execute(call, given)
        plans = [json.loads(text.partition("plan:")[2]) for text in told if "plan:" in text]
        return [(" ".join(plan["Query Text"].split()), plan["Plan"]) for plan in plans]


@asynccontextmanager
async def grown_database(server_url: str) -> AsyncIterator[Grown]:
    """Make the database beside the one of the address, fill it, and drop it in the end."""
    name = f"trefoil_grown_{secrets.token_hex(4)}"
    url = make_conninfo(server_url, dbname=name)
    async with await psycopg.AsyncConnection.connect(server_url, autocommit=True) as server:
        await server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            await migrate(url)
            async with (
                await psycopg.AsyncConnection.connect(url, autocommit=True) as owner,
                await psycopg.AsyncConnection.connect(url, autocommit=True) as conn,
            ):
                await _fill(owner)
                await conn.execute("SET ROLE trefoil_app")
                async with conn.transaction(force_rollback=True):
                    await _ENTER_BRAND.run(conn, brand="house")
                    yield Grown(owner, conn)
        finally:
            await server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def _fill(owner: psycopg.AsyncConnection[Any]) -> None:
    columns: dict[str, list[tuple[str, str]]] = {}
    found = await owner.execute(
        "SELECT c.relname, a.attname, regexp_replace(format_type(a.atttypid, NULL), '[(].*', '')"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0"
        " AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''"
    )
    for table, column, kind in await found.fetchall():
        if table not in SMALL:
            columns.setdefault(table, []).append((column, kind))
    for table, typed in columns.items():
        values = [_BY_NAME.get(f"{table}.{column}") or _BY_NAME.get(column) or _BY_TYPE[kind] for column, kind in typed]
        # the statistics must stay what they are said to be
        await owner.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {}) n").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.Identifier(column) for column, _ in typed),
            sql.SQL(", ").join(sql.SQL(value) for value in values),
            KEPT_ROWS,
        )
        await owner.execute(insert)
        await owner.execute(f"ANALYZE {table}")
    await owner.execute(
        "CREATE TABLE kept AS SELECT c.relname::text AS name, c.relpages AS pages, c.reltuples AS tuples"
        " FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE coalesce(i.indrelid, c.oid)::regclass::text = ANY(%s)",
        [list(columns)],
    )

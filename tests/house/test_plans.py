"""No read slows down as a brand grows: every query finds its rows by an index, also among a million.

SQL is planned against statistics of a large brand, under row-level security, without values as well as with plausible
ones. A row of a table that grows may be found in one of these ways:

* by key: the index is entered by brand and its next column equal to a value, or to one of some;
* by stretch: that column lies between two values;
* by cursor: rows come in the order of the index and a limit ends the reading, with no filter that could go on and on.

What is entered by the brand alone is read whole. That is right for the few queries below.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import pytest_asyncio

from core.stores.queries import ROOT, Column
from tests.house.grown import KEPT_ROWS, Grown, grown_database
from tests.house.query_files import PLANNED, SQL, header_of, numbered
from tests.services import Services

WHOLE_BOOKS: Final = {
    "brands/first_answers_expire": "deletes every row that it reads, those older than an instant",
    "events/chain": "verifies the hash of every event, streamed",
    "jobs/forget": "deletes every row that it reads, those older than an instant",
    "ledger/chain": "verifies the hash of every journal, streamed",
    "ledger/order_figures": "compares every order with the log and the graph, streamed",
    "ledger/balances_off": "compares every balance with its entries",
    "evidence/counts": "sums up what was written since evidence was folded last",
    "ledger/orders_json": "compares every order's JSON with its digest, streamed",
    "ledger/orders_off": "compares every order with its entries",
    "ledger/sales_off": "compares every member's sales with their changes and entries",
    "ledger/withdrawals_off": "compares every withdrawal with its entries",
    "ledger/trial_balance": "sums up every entry",
}
"""Queries that read a whole book by what they promise."""

# A plan kept from middling tables must not be one for small ones: joins turn from one kind into the other on the way.
ROWS: Final = (KEPT_ROWS, 5 * KEPT_ROWS, 1_000_000)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def database(services: Services) -> AsyncIterator[Grown]:
    """The large brand; gone at the end of the run."""
    async with grown_database(services.postgres_url) as grown:
        if grown.conn.info.server_version < 180_000:
            pytest.skip("statistics can be said from Postgres 18 on")
        yield grown


def plausible(column: Column, many: int) -> Any:
    """A value for a parameter: so many in a list, and nothing where nothing may be given and one is enough."""
    if column.name == "brand":
        return "house"
    if column.type.endswith("?") and many == 1:
        return None
    kind = column.type.removesuffix("?")
    if listed := re.fullmatch(r"list\[(\w+)\]", kind):
        return [_value(column.name, listed[1], n) for n in range(1, many + 1)]
    return _value(column.name, kind, many)


def _value(name: str, kind: str, n: int) -> Any:
    if kind == "int":
        return {"after": 500_000, "upto": 501_000}.get(name, n)
    if kind == "datetime":
        return datetime(2026, 1, 2, tzinfo=UTC)
    return {"str": f"{n}", "bytes": bytes([n % 256]), "bool": False}[kind]  # a number is a text, and JSON


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(
    "name", [name for name in SQL if not name.startswith(("core/", "people/")) and name not in WHOLE_BOOKS]
)
async def test_sql_finds_its_rows_by_index(database: Grown, name: str, rows: int) -> None:
    header, text = header_of("sql", name)
    assert PLANNED.match(text)
    assert not re.search(r"\bOFFSET\b", text)  # a page goes on from its cursor, never from the beginning
    await database.say(rows)
    plain, _ = numbered(header, text)
    found = {"without values": await database.faults(f"EXPLAIN (FORMAT JSON, GENERIC_PLAN) {plain}")}
    for many in (1, 1_000):
        given = {column.name: plausible(column, many) for column in header.params}
        found[f"with {many}"] = await database.faults(f"EXPLAIN (FORMAT JSON) {text}", given)
    assert not any(found.values()), "\n".join(f"{said}: {fault}" for said, fault in found.items() if fault)


async def test_functions_find_their_rows_by_index(database: Grown) -> None:
    """Each function is called with a full batch of which all but one row is there already; its statements tell."""
    kept = [f"x{n}" for n in range(1_000)]  # x0 is new
    members = [f"m{n}" for n in range(1_000)]
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "post": (
            "SELECT post(now(), %(kept)s, %(kept)s, %(kept)s, array_fill(now(), ARRAY[1000]),"
            " %(position)s, %(account)s, %(member)s, %(fen)s::bigint[])",
            {
                "kept": kept,
                "position": [position for position in range(1, 1_001) for _ in "ab"],
                "account": ["2241.12", "6601.02"] * 1_000,
                "member": [member for name in members for member in (name, None)],
                "fen": [-100, 100] * 1_000,
            },
        ),
        "save_decisions": (
            "SELECT save_decisions('house', (SELECT jsonb_agg(jsonb_build_object('decision_id', 'new' || n,"
            " 'check_id', id, 'stage', 'order', 'order_id', id,"
            " 'after_seq', n, 'outcome', 'allow', 'score', 0,"
            " 'reasons', '[]'::jsonb, 'missing', '{}'::text[], 'features', '{}'::jsonb,"
            " 'rulebook_version', 1, 'evaluated_at', now(), 'place', 0))"
            " FROM unnest(%(kept)s::text[]) WITH ORDINALITY AS u (id, n)))",
            {"kept": kept},
        ),
    }
    # over all brands: a row for each of them and each consumer, and every job that is not finished
    counting = {"consumer_health", "consumers_behind", "jobs_open"}
    granting = {"db_login", "for_people"}  # of a person's command and of an installation: roles and views, no rows
    assert calls.keys() | counting | granting == {path.stem for path in (ROOT / "sql" / "functions").glob("*.sql")}
    for rows in ROWS:
        await database.say(rows)
        for name, (call, given) in calls.items():
            inside = await database.statements(call, given)
            assert any("INSERT" in query for query, _ in inside), name
            found = {query: fault for query, plan in inside if (fault := await database.faults_of(plan))}
            assert not found, "\n".join(f"{query}: {fault}" for query, fault in found.items())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM outcome",
        "SELECT seq FROM event_log WHERE time > '' ORDER BY seq LIMIT 10",
        "SELECT seq FROM event_log WHERE seq > 10 ORDER BY accepted_at LIMIT 10",
        "SELECT l.seq FROM event_log l JOIN outcome o ON o.seq = l.seq WHERE o.status = 'refused' AND l.type = 'type1'",
        "SELECT seq FROM event_log WHERE coalesce(data->>'member_id', data->>'buyer_id') = 'm1'",
        "SELECT status FROM outcome WHERE consumer = 'graph' ORDER BY seq DESC LIMIT 10",
        "UPDATE paid_order SET region = '' WHERE buyer_id = 'm1'",
    ],
)
async def test_a_read_of_a_whole_table_is_seen(database: Grown, query: str) -> None:
    await database.say(1_000_000)
    assert await database.faults(f"EXPLAIN (FORMAT JSON) {query}")

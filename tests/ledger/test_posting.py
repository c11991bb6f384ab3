"""The posting function keeps the books' promises by itself, whatever it is given and by whom."""

from collections.abc import Sequence
from dataclasses import replace
from typing import LiteralString

import psycopg
import pytest

from ledger.domain.journal import Entry, Journal
from ledger.store import journals
from tests.ledger.conftest import Ledger
from tests.ledger.shop import T0, completed, day, paid, refunded

EARNED = Journal("accrual", "o", "", T0, (Entry("6601.02", None, 100), Entry("2241.11", "A", -100)))


async def post(ledger: Ledger, *given: Journal) -> list[Journal]:
    async with ledger.postgres.brand(ledger.brand) as conn:
        return await journals.post(conn, given, T0)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ((Entry("6601.02", None, 100), Entry("2241.11", "A", -99)), "out of balance by 1 fen"),
        ((), "has no entries"),
        ((Entry("6601.02", None, 1), Entry("2241.99", "A", -1)), "not in the chart"),
        ((Entry("6601.02", None, 4), *(Entry("2241.11", m, -1) for m in "ABCD")), "more than three members"),
    ],
)
async def test_a_journal_that_is_none(ledger: Ledger, entries: Sequence[Entry], says: str) -> None:
    bad = Journal("accrual", "bad", "", T0, tuple(entries))
    for given in ([bad], [EARNED, bad], [bad, EARNED]):
        with pytest.raises(psycopg.errors.RaiseException, match=says):
            await post(ledger, *given)
    assert (await ledger.verify()).journals == 0  # all or none


@pytest.mark.parametrize(
    ("entries", "floor"),
    [
        ((Entry("2241.11", "A", 101), Entry("6601.02", None, -101)), "below its floor"),
        ((Entry("2241.12", "A", 1), Entry("6601.02", None, -1)), "below its floor"),
        ((Entry("6601.02", None, 1), Entry("1221.21", "A", -1)), "below its floor"),
        ((Entry("6601.02", None, 1), Entry("2241.11", None, -1)), "entry_check"),
        ((Entry("6601.02", None, 0), Entry("2241.11", "A", 0)), "entry_amount_fen_check"),
    ],
)
async def test_floors(ledger: Ledger, entries: Sequence[Entry], floor: str) -> None:
    await post(ledger, EARNED)
    with pytest.raises(psycopg.errors.CheckViolation, match=floor):
        await post(ledger, Journal("clawback", "o", "r", T0, tuple(entries)))
    assert (await ledger.balances("A")).pending_fen == 100


async def test_numbers_have_no_gaps_when_repeats_are_left_out(ledger: Ledger) -> None:
    def earned(order_id: str) -> Journal:
        return Journal("accrual", order_id, "", T0, EARNED.entries)

    assert await post(ledger, earned("a"), earned("b")) == []
    assert await post(ledger, earned("b"), earned("c"), earned("a"), earned("d"), earned("c")) == [
        earned("b"),
        earned("a"),
        earned("c"),
    ]
    verified = await ledger.verify()
    assert verified.journals == 4
    assert {found.book for found in verified.findings} == {"paid_order", "member_sales"}  # orders that nobody told
    assert (await ledger.balances("A")).pending_fen == 400


_CHANGES: tuple[LiteralString, ...] = (
    "UPDATE journal SET kind = 'x'",
    "DELETE FROM journal",
    "TRUNCATE journal",
    "UPDATE entry SET amount_fen = amount_fen * 2",
    "DELETE FROM entry",
    "TRUNCATE entry",
)


@pytest.mark.parametrize("change", _CHANGES)
async def test_nobody_changes_what_was_booked(ledger: Ledger, change: LiteralString) -> None:
    await post(ledger, EARNED)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with ledger.postgres.brand(ledger.brand) as conn:
            await conn.execute(change)
    async with await psycopg.AsyncConnection.connect(ledger.owner_url) as owner:
        with pytest.raises(psycopg.errors.RestrictViolation):
            await owner.execute(change)


_WRITES: tuple[LiteralString, ...] = (
    "INSERT INTO journal SELECT * FROM journal",
    "INSERT INTO entry SELECT * FROM entry",
    "UPDATE member_balance SET balance_fen = 0",
    "UPDATE ledger_head SET number = 0",
    "UPDATE account SET name = ''",
)


@pytest.mark.parametrize("write", _WRITES)
async def test_the_application_writes_the_books_through_the_posting_function_alone(
    ledger: Ledger, write: LiteralString
) -> None:
    await post(ledger, EARNED)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with ledger.postgres.brand(ledger.brand) as conn:
            await conn.execute(write)


_TAMPERINGS: tuple[tuple[LiteralString, str], ...] = (
    ("UPDATE entry SET amount_fen = amount_fen + sign(amount_fen) {} AND number = 2", "journal 2 is not"),
    ("UPDATE entry SET member_id = 'Z' {} AND number = 1 AND member_id = 'A'", "journal 1 is not"),
    ("UPDATE entry SET effective_at = effective_at - interval '1 day' {} AND number = 3", "journal 3 is not"),
    ("UPDATE entry SET effective_at = now() {} AND number = 3 AND place = 1", "entries of different times"),
    ("UPDATE journal SET subject = 'p' {} AND number = 2", "journal 2 is not"),
    ("UPDATE journal SET recorded_at = recorded_at + interval '1 s' {} AND number = 2", "journal 2 is not"),
    ("DELETE FROM entry {} AND number = 2", "journal 2 has no entries"),
    (
        "WITH gone AS (DELETE FROM entry {} AND number = 2) DELETE FROM journal {} AND number = 2",
        "journal 2 is missing",
    ),
    ("WITH gone AS (DELETE FROM entry {} AND number = 3) DELETE FROM journal {} AND number = 3", "ends at journal 2"),
    ("UPDATE member_balance SET balance_fen = balance_fen - 1 {} AND account = '2241.12'", "its entries"),
    ("UPDATE ledger_head SET hash = sha256('') {}", "the chain ends"),
)


@pytest.mark.parametrize(("tampering", "problem"), _TAMPERINGS)
async def test_verify_finds_what_an_owner_changed_behind_the_triggers(
    ledger: Ledger, tampering: LiteralString, problem: str
) -> None:
    await ledger.book(paid(1, "o", 50_000), refunded(2, "r", "o", line_1=100), completed(3, "o"))
    await ledger.settle(day(7))
    assert (await ledger.verify()).findings == []
    async with await psycopg.AsyncConnection.connect(ledger.owner_url) as owner:
        await owner.execute("SELECT set_config('trefoil.brand', %s, true)", [ledger.brand])
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(tampering.replace("{}", "WHERE brand = current_setting('trefoil.brand')"))
    assert any(problem in found.problem for found in (await ledger.verify()).findings)


async def test_a_head_behind_the_last_journal_is_an_error(ledger: Ledger) -> None:
    """As a partial restore leaves it: every number is taken, and no repeat explains it."""
    await post(ledger, EARNED)
    async with await psycopg.AsyncConnection.connect(ledger.owner_url) as owner:
        await owner.execute("UPDATE ledger_head SET number = 0 WHERE brand = %s", (ledger.brand,))
    with pytest.raises(psycopg.errors.UniqueViolation):
        await post(ledger, EARNED, replace(EARNED, subject="other"))


async def test_no_brand_no_posting(ledger: Ledger) -> None:
    with pytest.raises((psycopg.errors.RaiseException, psycopg.errors.UndefinedObject)):
        async with ledger.postgres.installation() as conn:
            await journals.post(conn, [EARNED], T0)

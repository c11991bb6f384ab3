"""Balances, statements, the trial balance, the proof of the chain."""

from __future__ import annotations

from api.answers.fields import Answer, At, Page, shown


class Balances(Answer):
    """A member's money, each part zero or more."""

    model_config = shown(
        pending_fen=5_000,
        available_fen=0,
        held_fen=0,
        in_withdrawal_fen=0,
        paid_fen=0,
        arrears_fen=0,
        tax_withheld_fen=0,
    )

    pending_fen: int
    """Waits for settlement."""
    available_fen: int
    """May be withdrawn."""
    held_fen: int
    """Waits for a verdict."""
    in_withdrawal_fen: int
    """Asked for and not yet paid."""
    paid_fen: int
    """Went out."""
    arrears_fen: int
    """Owed by the member."""
    tax_withheld_fen: int
    """Withheld from what went out."""


class StatementEntry(Answer):
    """One entry of a member's statement; one of debit and credit is 0."""

    model_config = shown(
        journal="17",
        kind="accrual",
        account="2241.11",
        debit_fen=0,
        credit_fen=5_000,
        order_id="o1",
        refund_id=None,
        withdrawal_id=None,
        effective_at="2026-11-02T00:00:10Z",
        recorded_at="2026-11-02T00:00:11Z",
    )

    journal: str
    """Number of its journal."""
    kind: str
    """The act that was booked, such as ``accrual``, ``settlement`` or ``clawback``."""
    account: str
    """Code in the chart of accounts."""
    debit_fen: int
    """Taken from the member."""
    credit_fen: int
    """Given to the member."""
    order_id: str | None
    refund_id: str | None
    withdrawal_id: str | None
    effective_at: At
    """When it counts."""
    recorded_at: At
    """When it was booked."""


class Statement(Page):
    """A member's statement, the latest booked first."""

    items: list[StatementEntry]


class AccountBalance(Answer):
    """One account; its balance stands on one side, the other is 0."""

    account: str
    """Code in the chart of accounts."""
    debit_fen: int
    credit_fen: int


class TrialBalance(Answer):
    """Every account with entries, payees summed."""

    model_config = shown(
        accounts=[
            {"account": "2241.11", "debit_fen": 0, "credit_fen": 5_000},
            {"account": "6601.02", "debit_fen": 5_000, "credit_fen": 0},
        ],
        total_fen=0,
    )

    accounts: list[AccountBalance]
    total_fen: int
    """Debits less credits; 0, or the books are broken."""


class Differing(Answer):
    """Something that is not as the platform wrote it."""

    model_config = shown(book="outcome", key=None, problem="5 rows were written, there are 4")

    book: str
    """The table."""
    key: str | None
    """Which row; null where only the whole table tells."""
    problem: str


class BooksVerified(Answer):
    """Chains recomputed, every table compared with what the platform wrote, balances and states with entries."""

    model_config = shown(ok=True, journals=17, head_hash="9e…41", content_hash="07…d3", findings=[])

    ok: bool
    journals: int
    head_hash: str
    """Of the last journal; it covers all before it."""
    content_hash: str
    """Over what was booked and for what, not when nor in which order: two runs of the same events have the same."""
    findings: list[Differing]
    """What does not fit, the first hundred."""

"""Withdrawals as rows."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime

from core import limits
from core.stores.postgres import Connection
from core.stores.queries import sql
from ledger.domain.withdrawal import Withdrawal


@dataclass(frozen=True, slots=True)
class _Row:
    withdrawal_id: str
    seq: int
    member_id: str
    status: str
    gross_fen: int
    tax_fen: int
    fee_fen: int
    net_fen: int
    channel: str
    route: str
    payout_account_sealed: str | None
    requested_at: datetime
    requested_by: str
    rejected_at: datetime | None
    rejected_by: str | None
    reason: str | None


_NAMES = [field.name for field in fields(_Row)]
_LOAD = sql("ledger/withdrawals_load", _Row)
_PAGE = sql("ledger/withdrawals_page", _Row)
_SAVE = sql("ledger/withdrawals_save")


async def load_withdrawals(conn: Connection, withdrawal_ids: Collection[str]) -> dict[str, Withdrawal]:
    """The withdrawals of these ids."""
    if not withdrawal_ids:
        return {}
    rows = await _LOAD.run(conn, withdrawal_ids=list(withdrawal_ids))
    return {row.withdrawal_id: _withdrawal(row) for row in rows}


async def page(
    conn: Connection, member_id: str | None, status: str | None, before_seq: int | None, count_max: int
) -> list[Withdrawal]:
    """Withdrawals, newest first."""
    before = limits.NUMBER_MAX if before_seq is None else before_seq
    rows = await _PAGE.run(conn, member_id=member_id, status=status, before_seq=before, count_max=count_max)
    return [_withdrawal(row) for row in rows]


async def save_withdrawals(conn: Connection, withdrawals: Collection[Withdrawal]) -> None:
    """Keep new withdrawals, and decisions on old ones."""
    if withdrawals:
        await _SAVE.run(conn, **{name: [getattr(one, name) for one in withdrawals] for name in _NAMES})


def _withdrawal(row: _Row) -> Withdrawal:
    return Withdrawal(**{name: getattr(row, name) for name in _NAMES})

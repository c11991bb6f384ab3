"""Withdrawals as rows."""

from collections.abc import Collection
from dataclasses import dataclass

from core import limits
from core.stores.postgres import Connection
from core.stores.queries import sql
from ledger.domain.withdrawal import Withdrawal


@dataclass(frozen=True, slots=True)
class WithdrawalOff:
    """A withdrawal that is not what its journals say."""

    withdrawal_id: str
    problem: str


_LOAD = sql("ledger/withdrawals_load", Withdrawal)
_PAGE = sql("ledger/withdrawals_page", Withdrawal)
_SAVE = sql("ledger/withdrawals_save", rows=Withdrawal)
_OFF = sql("ledger/withdrawals_off", WithdrawalOff)


async def load_withdrawals(conn: Connection, withdrawal_ids: Collection[str]) -> dict[str, Withdrawal]:
    """The withdrawals of these ids."""
    if not withdrawal_ids:
        return {}
    rows = await _LOAD.run(conn, withdrawal_ids=list(withdrawal_ids))
    return {row.withdrawal_id: row for row in rows}


async def page(
    conn: Connection, member_id: str | None, status: str | None, before_seq: int | None, count_max: int
) -> list[Withdrawal]:
    """Withdrawals, newest first."""
    before = limits.NUMBER_MAX if before_seq is None else before_seq
    return await _PAGE.run(conn, member_id=member_id, status=status, before_seq=before, count_max=count_max)


async def save_withdrawals(conn: Connection, withdrawals: Collection[Withdrawal]) -> None:
    """Keep new withdrawals, and decisions on old ones."""
    await _SAVE.save(conn, withdrawals)


async def withdrawals_off(conn: Connection) -> list[WithdrawalOff]:
    """Withdrawals that are not what their journals say, up to DIFFERENCES_MAX."""
    return await _OFF.run(conn)

"""Withdrawals, first shape: asked for, or turned down.

Tax and fee are 0 and net equals gross: no tax engine and no payout channel is at work yet, and identity is not asked
for (``identity_unverified`` is never answered). The route is the channel that was asked for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import limits
from ledger.domain.facts import WithdrawalRequested
from ledger.domain.wallet import Wallet

Status = Literal["requested", "rejected"]


@dataclass(slots=True)
class Withdrawal:
    """A withdrawal and where it stands."""

    withdrawal_id: str
    seq: int
    member_id: str
    status: Status
    gross_fen: int
    tax_fen: int
    fee_fen: int
    net_fen: int
    channel: str
    route: str
    payout_account_sealed: str | None
    requested_at: datetime
    requested_by: str
    rejected_at: datetime | None = None
    rejected_by: str | None = None
    reason: str | None = None

    def answer(self) -> dict[str, Any]:
        """What the one who asked for it, or decided on it, is told."""
        return {
            "withdrawal_id": self.withdrawal_id,
            "status": self.status,
            "gross_fen": self.gross_fen,
            "tax_fen": self.tax_fen,
            "fee_fen": self.fee_fen,
            "net_fen": self.net_fen,
            "route": self.route,
        }


def refusal(fact: WithdrawalRequested, wallet: Wallet) -> str | None:
    """Why this request is refused, the first reason that applies; None when it is not."""
    if not fact.member_known:
        return "unknown_member"
    if wallet.arrears_fen:
        return "arrears_outstanding"
    if fact.amount_fen > wallet.available_fen:
        return "insufficient_available"
    if fact.amount_fen < limits.WITHDRAWAL_FEN_MIN:
        return "limit_min"
    if fact.amount_fen > limits.WITHDRAWAL_FEN_MAX:
        return "limit_single"
    return None


def requested(fact: WithdrawalRequested) -> Withdrawal:
    """The withdrawal a request that was not refused opens."""
    return Withdrawal(
        withdrawal_id=fact.withdrawal_id,
        seq=fact.seq,
        member_id=fact.member_id,
        status="requested",
        gross_fen=fact.amount_fen,
        tax_fen=0,
        fee_fen=0,
        net_fen=fact.amount_fen,
        channel=fact.channel,
        route=fact.channel,
        payout_account_sealed=fact.payout_account_sealed,
        requested_at=fact.at,
        requested_by=fact.actor,
    )

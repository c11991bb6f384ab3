"""Money asked for."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypeAliasType

from api.answers.fields import Answer, At, Page, shown

WithdrawalStatus = TypeAliasType("WithdrawalStatus", Literal["requested", "rejected"])

_WITHDRAWAL = {
    "withdrawal_id": "wd_9a8b7c6d",
    "status": "requested",
    "gross_fen": 5_000,
    "tax_fen": 0,
    "fee_fen": 0,
    "net_fen": 5_000,
    "route": "wechat",
}


class Withdrawal(Answer):
    """A withdrawal; gross is net and tax and fee."""

    model_config = shown(**_WITHDRAWAL)

    withdrawal_id: str
    status: WithdrawalStatus
    gross_fen: int
    """What leaves the member's balance."""
    tax_fen: int
    fee_fen: int
    net_fen: int
    """What the member receives."""
    route: str
    """The channel it is paid by."""


class WithdrawalRow(Withdrawal):
    """A withdrawal as it is listed."""

    model_config = shown(
        **_WITHDRAWAL,
        member_id="ann",
        channel="wechat",
        requested_at="2026-11-08T00:00:00Z",
        requested_by="finance",
        rejected_at=None,
        rejected_by=None,
        reason=None,
    )

    member_id: str
    channel: str
    """The channel that was asked for."""
    requested_at: At
    requested_by: str
    """The person, or the member itself."""
    rejected_at: At | None
    rejected_by: str | None
    reason: str | None
    """Why it was rejected."""


class Withdrawals(Page):
    """Withdrawals, the newest first."""

    items: list[WithdrawalRow]

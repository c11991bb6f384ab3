"""The ledger's own events: money asked for, and requests turned down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from core import limits
from events.contract import Contract
from events.facts import At
from events.fields import Id, Instant, Personal, Strict, Text
from events.shop import LEDGER
from privacy.sealing import Sealed

Channel = Literal["wechat", "alipay", "bank", "flex"]


class RequestWithdrawal(Strict):
    """Money asked for by a member, or for it."""

    withdrawal_id: Id
    member_id: Id
    amount_fen: Annotated[int, Field(ge=1, le=limits.LINE_FEN_MAX)]
    channel: Channel
    payout_account: Annotated[Text | None, Personal("payout_account")] = None
    at: Instant
    actor: Text


class RejectWithdrawal(Strict):
    """A request refused, its money given back."""

    withdrawal_id: Id
    reason: Text
    at: Instant
    actor: Text


@dataclass(frozen=True, slots=True)
class WithdrawalRequested:
    withdrawal_id: str
    member_id: str
    amount_fen: int
    channel: str
    at: At
    actor: str
    payout_account: Sealed | None = None


@dataclass(frozen=True, slots=True)
class WithdrawalRejected:
    withdrawal_id: str
    reason: str
    at: At
    actor: str


CONTRACTS: Final = (
    Contract("withdrawal.requested.v1", RequestWithdrawal, WithdrawalRequested, (LEDGER,), by="platform"),
    Contract("withdrawal.rejected.v1", RejectWithdrawal, WithdrawalRejected, (LEDGER,), by="platform"),
)

"""What the shop told, as the log gives it back: values, with every personal one sealed.

What the log holds was judged when it came and is never judged again: these classes know no bounds. Each stands for the
event of the same meaning in :mod:`events.shop`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator

from privacy.sealing import Sealed


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


At: TypeAlias = Annotated[datetime, AfterValidator(_in_utc)]
"""An instant, in UTC whatever offset it was told with: Neo4j orders equal instants of different offsets."""


class Unsaid(Enum):
    """A field left out, where leaving it out differs from an explicit null."""

    UNSAID = "/"  # no id holds a slash


@dataclass(frozen=True, slots=True)
class Registered:
    member_id: str
    platform: str
    registered_at: At
    external_id: Sealed | None = None
    entry_channel: str | None = None
    invited_by: str | None = None
    link_code: str | None = None
    kind: Literal["customer", "employee"] = "customer"


@dataclass(frozen=True, slots=True)
class Identifier:
    kind: str
    value: Sealed


@dataclass(frozen=True, slots=True)
class Identified:
    member_id: str
    seen_at: At
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Approved:
    """``invited_by`` unsaid: under the current promoter; None: as a root."""

    member_id: str
    approved_at: At
    grade: str | None = None
    invited_by: str | Unsaid | None = Unsaid.UNSAID


@dataclass(frozen=True, slots=True)
class Suspended:
    member_id: str
    reason: str
    at: At


@dataclass(frozen=True, slots=True)
class Restored:
    member_id: str
    reason: str
    at: At


@dataclass(frozen=True, slots=True)
class Clicked:
    click_id: str
    link_code: str
    channel: str
    clicked_at: At
    member_id: str | None = None
    device_id: Sealed | None = None
    ip: Sealed | None = None


@dataclass(frozen=True, slots=True)
class BindingAsked:
    member_id: str
    promoter_id: str
    channel: str
    requested_at: At
    link_code: str | None = None


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One line of an order as it was paid, after discounts and without freight."""

    line_id: str
    product_id: str
    category: str
    quantity: int
    paid_fen: int


@dataclass(frozen=True, slots=True)
class Paid:
    """An order as it was paid, with what the shop knew of it."""

    order_id: str
    buyer_id: str
    channel: str
    placed_at: At
    paid_at: At
    lines: tuple[PaidLine, ...]
    promoter_id: str | None = None
    link_code: str | None = None
    region: str | None = None
    freight_fen: int | None = None
    device_id: Sealed | None = None
    ip: Sealed | None = None
    phone: Sealed | None = None
    payout_account: Sealed | None = None
    address: Sealed | None = None

    def identifiers(self) -> tuple[Identifier, ...]:
        """The identifiers the order itself names."""
        named = (
            ("device", self.device_id),
            ("ip", self.ip),
            ("phone", self.phone),
            ("payout_account", self.payout_account),
            ("address", self.address),
        )
        return tuple(Identifier(kind, value) for kind, value in named if value is not None)


@dataclass(frozen=True, slots=True)
class Completed:
    order_id: str
    completed_at: At


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What of one line was paid back to the buyer."""

    line_id: str
    refund_fen: int
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    refund_id: str
    order_id: str
    refunded_at: At
    lines: tuple[RefundLine, ...]


@dataclass(frozen=True, slots=True)
class Cancelled:
    order_id: str
    cancelled_at: At


@dataclass(frozen=True, slots=True)
class Replayed:
    """An event that was set aside is to be dealt with now; ``seq`` is its number."""

    seq: int
    reason: str
    at: At
    actor: str

"""What the shop may tell, as strict models of the data it sends, and the contract of each.

Consumers are named as in the outcome of an event: ``graph`` decides who is who, ``ledger`` every fen.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias, TypeVar

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from core import limits
from events import facts
from events.contract import Contract
from events.fields import AnyText, Fen, Id, Instant, Personal, Quantity, Strict, Text

GRAPH: Final = "graph"
LEDGER: Final = "ledger"


RegionName: TypeAlias = Annotated[AnyText, Field(max_length=limits.REGION_CHARS_MAX)]


class AddressValue(Strict):
    """A postal address; the structured parts may be empty where the shop does not know them."""

    province: RegionName = ""
    city: RegionName = ""
    county: RegionName = ""
    detail: Annotated[Text, Field(max_length=limits.ADDRESS_CHARS_MAX)]


class TextIdentifier(Strict):
    """An identifier that is one text: a device, a phone, an account money is paid to."""

    kind: Literal["device", "ip", "phone", "unionid", "payout_account", "id_card"]
    value: Annotated[Text, Personal(kind_field="kind")]


class AddressIdentifier(Strict):
    """A postal address as an identifier."""

    kind: Literal["address"]
    value: Annotated[AddressValue, Personal("address")]


Identifier: TypeAlias = Annotated[TextIdentifier | AddressIdentifier, Field(discriminator="kind")]


class MemberRegistered(Strict):
    """Somebody joined at a platform; a member known already is completed by what it lacked."""

    member_id: Id
    platform: Text
    external_id: Annotated[Text | None, Personal("external_id")] = None
    entry_channel: Text | None = None
    invited_by: Id | None = None
    link_code: Id | None = None
    registered_at: Instant
    kind: Literal["customer", "employee"] = "customer"


class MemberIdentified(Strict):
    """A member was seen with identifiers; they tell who is close to whom."""

    member_id: Id
    seen_at: Instant
    identifiers: Annotated[
        list[Identifier], Field(min_length=1, max_length=limits.IDENTIFIERS_PER_EVENT_MAX), Personal(items=True)
    ]


class DistributorApproved(Strict):
    """A member may promote from an instant on; ``invited_by`` left out: under the current promoter; null: as a root."""

    member_id: Id
    grade: Text | None = None
    invited_by: Id | None = None
    approved_at: Instant


class DistributorSuspended(Strict):
    """A distributor earns nothing from an instant on."""

    member_id: Id
    reason: Text
    at: Instant


class DistributorRestored(Strict):
    """A suspended distributor earns again from an instant on."""

    member_id: Id
    reason: Text
    at: Instant


class PromotionClicked(Strict):
    """Somebody opened a promotion link; it binds nobody."""

    click_id: Id
    link_code: Id
    member_id: Id | None = None
    device_id: Annotated[Text | None, Personal("device")] = None
    ip: Annotated[Text | None, Personal("ip")] = None
    channel: Text
    clicked_at: Instant


class BindingRequested(Strict):
    """A buyer is to come under a promoter."""

    member_id: Id
    promoter_id: Id
    link_code: Id | None = None
    channel: Text
    requested_at: Instant


class OrderLine(Strict):
    """One line of an order; what was paid for it, freight apart."""

    line_id: Id
    product_id: Id
    category: AnyText
    quantity: Quantity
    paid_fen: Fen


Lines = TypeVar("Lines", bound="list[OrderLine] | list[RefundLine]")


def _all_differ(lines: Lines) -> Lines:
    if len({line.line_id for line in lines}) != len(lines):
        raise PydanticCustomError("duplicate_line", "two lines have the same line_id")
    return lines


class OrderPaid(Strict):
    """An order was paid: who stands above the buyer when it was placed is frozen, and commission accrues."""

    order_id: Id
    buyer_id: Id
    promoter_id: Id | None = None
    link_code: Id | None = None
    channel: Text
    region: Text | None = None
    placed_at: Instant
    paid_at: Instant
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=limits.LINES_PER_ORDER_MAX)]
    freight_fen: Fen | None = None
    device_id: Annotated[Text | None, Personal("device")] = None
    ip: Annotated[Text | None, Personal("ip")] = None
    phone: Annotated[Text | None, Personal("phone")] = None
    payout_account: Annotated[Text | None, Personal("payout_account")] = None
    address: Annotated[AddressValue | None, Personal("address")] = None

    @field_validator("lines")
    @classmethod
    def _lines_are_one_order(cls, lines: list[OrderLine]) -> list[OrderLine]:
        if sum(line.paid_fen for line in lines) > limits.ORDER_FEN_MAX:
            raise PydanticCustomError("out_of_range", "the lines of an order are at most 10^14 fen together")
        return _all_differ(lines)


class OrderCompleted(Strict):
    """The buyer received the order; the after-sales window starts."""

    order_id: Id
    completed_at: Instant


class RefundLine(Strict):
    """What is paid back of one line."""

    line_id: Id
    refund_fen: Fen
    quantity: Annotated[int, Field(ge=0, le=limits.QUANTITY_MAX)] | None = None


class OrderRefunded(Strict):
    """Money went back to the buyer; its part of the commission is taken back."""

    refund_id: Id
    order_id: Id
    refunded_at: Instant
    lines: Annotated[list[RefundLine], Field(min_length=1, max_length=limits.LINES_PER_ORDER_MAX)]

    @field_validator("lines")
    @classmethod
    def _lines_differ(cls, lines: list[RefundLine]) -> list[RefundLine]:
        return _all_differ(lines)


class OrderCancelled(Strict):
    """Everything that remains of an order is taken back."""

    order_id: Id
    cancelled_at: Instant


class EventReplayed(Strict):
    """A command of the platform's own: deal now with an event that a consumer had set aside."""

    seq: Annotated[int, Field(ge=1)]
    reason: Text
    at: Instant
    actor: Text


SHOP: Final = (
    Contract("member.registered.v1", MemberRegistered, facts.Registered, (GRAPH,)),
    Contract("member.identified.v1", MemberIdentified, facts.Identified, (GRAPH,)),
    Contract("distributor.approved.v1", DistributorApproved, facts.Approved, (GRAPH,)),
    Contract("distributor.suspended.v1", DistributorSuspended, facts.Suspended, (GRAPH,)),
    Contract("distributor.restored.v1", DistributorRestored, facts.Restored, (GRAPH,)),
    Contract("promotion.clicked.v1", PromotionClicked, facts.Clicked, ()),
    Contract("binding.requested.v1", BindingRequested, facts.BindingAsked, (GRAPH,), by="both"),
    Contract("order.paid.v1", OrderPaid, facts.Paid, (GRAPH, LEDGER), owner="buyer_id"),
    Contract("order.completed.v1", OrderCompleted, facts.Completed, (LEDGER,)),
    Contract("order.refunded.v1", OrderRefunded, facts.Refunded, (LEDGER,)),
    Contract("order.cancelled.v1", OrderCancelled, facts.Cancelled, (LEDGER,)),
)

LOG: Final = (Contract("event.replayed.v1", EventReplayed, facts.Replayed, (), by="platform"),)
"""What the log itself understands: every consumer meets it before its stages do."""

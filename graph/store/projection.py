"""Queries that project a batch of facts: one per step, each over all rows of the batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.stores.queries import cypher
from graph.domain.chain import Position
from graph.findings import Tie


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the graph in a space stands; ``outcomes`` of its last stretch as JSON, if they are asked for.

    ``model``: the number of the shape it has, see MODEL.
    """

    seq: int
    log_hash: str | None
    outcomes: str | None
    model: int


@dataclass(frozen=True, slots=True)
class Fence:
    seq: int


@dataclass(frozen=True, slots=True)
class KnownOrder:
    key: str
    data_print: str


@dataclass(frozen=True, slots=True)
class Decided:
    seq: int
    code: str | None


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    seq: int
    code: str | None
    inviter_key: str | None
    changed: bool


@dataclass(frozen=True, slots=True)
class MoveDecided:
    seq: int
    code: str | None
    moved: int
    depth: int


@dataclass(frozen=True, slots=True)
class OrderRecorded:
    seq: int
    how: str | None
    new_buyer: bool
    chain: list[Position]
    ties: list[Tie]


@dataclass(frozen=True, slots=True)
class Recorded:
    found: list[OrderRecorded]


@dataclass(frozen=True, slots=True)
class Deleted:
    deleted: int


@dataclass(frozen=True, slots=True)
class FirstTold:
    """A member and the first event that speaks of it; ``order_seq``: the first order."""

    key: str
    brand: str
    member_id: str
    seq: int
    order_seq: int | None


@dataclass(frozen=True, slots=True)
class Registration:
    key: str
    brand: str
    seq: int
    registered_at: datetime
    kind: str
    entry_channel: str | None
    platform: str
    account_key: str | None
    account_token: str | None


@dataclass(frozen=True, slots=True)
class Identifier:
    key: str
    kind: str
    label: str
    token: str
    links: bool
    building: str | None
    place: str | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a member was seen with: what it owns, what it merely met with."""

    key: str
    brand: str
    seq: int
    seen_at: datetime
    owns: list[Identifier]
    met: list[Identifier]


@dataclass(frozen=True, slots=True)
class Binding:
    seq: int
    member_key: str
    promoter_key: str
    at: datetime
    until: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Approval:
    """``inviter_given``: somebody said under whom, be it nobody."""

    seq: int
    member_key: str
    inviter_given: bool
    inviter_key: str | None
    at: datetime
    grade: str | None


@dataclass(frozen=True, slots=True)
class NewStanding:
    seq: int
    member_key: str
    at: datetime
    standing: str


@dataclass(frozen=True, slots=True)
class Move:
    seq: int
    member_key: str
    inviter_key: str | None
    at: datetime
    dry_run: bool


@dataclass(frozen=True, slots=True)
class NewOrder:
    """``tying_keys``: those of its identifiers that may tie two persons."""

    seq: int
    key: str
    brand: str
    order_id: str
    buyer_key: str
    promoter_key: str | None
    placed_at_us: int
    paid_fen: int
    data_print: str
    tying_keys: list[str]
    identifiers: list[Identifier]


MODEL: Final = 2
"""The shape of nodes and relationships that the queries of this room write; one that changes it counts up.

1: a label, a key and a relationship type per kind of identifier.
2: ``Identifier``, which members own or were seen at and orders name.
"""

FENCE = cypher("projector/fence", Fence)
WATERMARK = cypher("projector/watermark", Stand)
ADVANCE = cypher("projector/advance")
CLEAR_SPACE = cypher("projector/clear_space", Deleted)
KNOWN_ORDERS = cypher("orders/known", KnownOrder)
ENSURE_MEMBERS = cypher("members/ensure", rows=FirstTold)
REGISTER = cypher("members/register", rows=Registration)
SIGHTINGS = cypher("members/sightings", rows=Sighting)
BIND = cypher("tree/bind", Decided, Binding)
APPROVE = cypher("tree/approve", ApprovalDecided, Approval)
STAND = cypher("tree/stand", Decided, NewStanding)
MOVE = cypher("tree/move", MoveDecided, Move)
RECORD_ORDERS = cypher("orders/record", Recorded, NewOrder)

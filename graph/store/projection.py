"""Queries that project a batch of facts: one per step, each over all rows of the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from core.stores.queries import cypher


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
class Recorded:
    seq: int
    how: str | None
    new_buyer: bool
    chain: list[dict[str, Any]]
    ties: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Deleted:
    deleted: int


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
ENSURE_MEMBERS = cypher("members/ensure")
REGISTER = cypher("members/register")
SIGHTINGS = cypher("members/sightings")
BIND = cypher("tree/bind", Decided)
APPROVE = cypher("tree/approve", ApprovalDecided)
STAND = cypher("tree/stand", Decided)
MOVE = cypher("tree/move", MoveDecided)
RECORD_ORDERS = cypher("orders/record", Recorded)

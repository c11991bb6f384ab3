"""What the graph is told, in the order of the log, in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from privacy.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Registered:
    seq: int
    member_id: str
    at: datetime
    kind: str
    entry_channel: str | None
    platform: str
    account: str | None
    """Token of the account's external id."""
    invited_by: str | None
    link_code: str | None


@dataclass(frozen=True, slots=True)
class Identified:
    seq: int
    member_id: str
    at: datetime
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Approved:
    """``inviter_given`` tells an explicit null (a root) from a field left out (the current promoter)."""

    seq: int
    member_id: str
    at: datetime
    grade: str | None
    inviter_given: bool
    inviter_id: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    seq: int
    member_id: str
    at: datetime
    standing: Literal["active", "suspended"]


@dataclass(frozen=True, slots=True)
class BindAsked:
    seq: int
    member_id: str
    promoter_id: str
    at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Moved:
    seq: int
    member_id: str
    inviter_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Ordered:
    seq: int
    order_id: str
    buyer_id: str
    promoter_id: str | None
    placed_at: datetime
    paid_fen: int
    data_print: str
    tokens: Tokens = field(default_factory=dict)


Fact: TypeAlias = Registered | Identified | Approved | Standing | BindAsked | Moved | Ordered

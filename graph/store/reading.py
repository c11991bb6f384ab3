"""Queries of people and checks: members, the tree, and the ties between two persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from core.stores.queries import cypher


@dataclass(frozen=True, slots=True)
class Upline:
    """A person above a member; ``level`` 1 is nearest, ``since`` when the step began to hold."""

    level: int
    member_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Binding:
    promoter_id: str
    since: datetime
    expires_at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class TeamMember:
    """One distributor of a team; ``team`` are the ids of all distributors below it."""

    level: int
    member_id: str
    grade: str | None
    status: str | None
    direct_count: int
    customer_count: int
    team: list[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """What the graph knows of a member; ``account_seqs`` are the events that named its accounts."""

    member_id: str
    kind: str | None
    grade: str | None
    standing: str | None
    approved: bool
    registered_at: datetime | None
    inviter_id: str | None
    account_seqs: list[int]


@dataclass(frozen=True, slots=True)
class Step:
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Tie:
    upline_id: str
    path: list[Step]


@dataclass(frozen=True, slots=True)
class FactsPage:
    members: list[list[Any]]


@dataclass(frozen=True, slots=True)
class MemberKeys:
    keys: list[str]


class MemberFacts(NamedTuple):
    """Everything the graph holds of one member that the log can be asked about; instants as microseconds since 1970.

    ``bound`` and ``invited``: other, since, until, seq; ``seen``: kind, token, times, first_seen, seq; an order is its
    id and ``level:member_id`` of each person of its chain.
    """

    key: str
    first_seq: int
    standing: list[str] | None
    standing_at: list[Any] | None
    standing_seq: list[int] | None
    bound: list[list[Any]]
    invited: list[list[Any]]
    seen: list[list[Any]]
    orders: list[str]


UPLINES = cypher("tree/uplines", Upline)
BINDING = cypher("tree/binding", Binding)
TEAM = cypher("tree/team", TeamMember)
PROFILE = cypher("members/profile", Profile)
TIES = cypher("evidence/ties", Tie)
MEMBER_FACTS = cypher("consistency/facts", FactsPage)
MEMBERS = cypher("consistency/members", MemberKeys)

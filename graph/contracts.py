"""The graph's own events: commands of the platform that change the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from events.contract import Contract
from events.facts import At
from events.fields import Id, Instant, Strict, Text
from events.shop import GRAPH


class MoveDistributor(Strict):
    """Put a distributor and its team under another one; null makes it a root."""

    member_id: Id
    invited_by: Id | None
    reason: Text
    at: Instant


@dataclass(frozen=True, slots=True)
class DistributorMoved:
    member_id: str
    invited_by: str | None
    reason: str
    at: At


CONTRACTS: Final = (Contract("distributor.moved.v1", MoveDistributor, DistributorMoved, (GRAPH,), by="platform"),)

"""What of an order and its people stands on the blacklist: features for the rulebook, and the paths that show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core import limits
from privacy.kinds import KINDS, LABELS, Strength

MEMBER = "member"
"""The kind of an entry that names a member."""


@dataclass(frozen=True, slots=True)
class ListedThing:
    """A member or an identifier that is listed; ``owner`` is the member it belongs to, None for what an order names."""

    kind: str
    token: str
    owner: str | None = None

    @property
    def decides(self) -> bool:
        """Whether it is more than a mark: thousands of strangers share one address of the network."""
        return self.kind == MEMBER or KINDS[self.kind].strength > Strength.WEAK


def listed_thing(subject: str) -> ListedThing:
    """What the wire calls ``member:ID`` or ``Label:token``."""
    label, token = subject.split(":", 1)
    return ListedThing(MEMBER if label == MEMBER else LABELS[label].name, token)


def listed_features(things: Iterable[ListedThing]) -> dict[str, int]:
    """Features of what is listed: each thing counts once, whoever has it."""
    distinct = {(thing.kind, thing.token): thing.decides for thing in things}
    decide = sum(distinct.values())
    return {"blacklisted": decide, "blacklist_marks": len(distinct) - decide}


def paths_from_listed(things: Iterable[ListedThing], order_id: str) -> list[dict[str, Any]]:
    """Evidence as paths ``order → whose it is → what is listed``, at most TIES_PER_ORDER_MAX."""
    order = {"kind": "order", "id": order_id}
    paths = []
    for thing in sorted(set(things), key=lambda one: (not one.decides, one.kind, one.token, one.owner or "")):
        owner = [{"kind": MEMBER, "id": thing.owner}] if thing.owner is not None else []
        paths.append({"path": [order, *owner, {"kind": thing.kind, "id": thing.token}]})
    return paths[: limits.TIES_PER_ORDER_MAX]

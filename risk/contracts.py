"""The risk room's own events: the blacklist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from events.contract import NOBODY, Contract
from events.facts import At
from events.fields import Id, Instant, Personal, Strict, Text
from events.shop import LEDGER
from privacy.kinds import KINDS
from privacy.sealing import Sealed

if TYPE_CHECKING:
    ListedKind: TypeAlias = str
else:  # the checker knows no closed set that is computed
    ListedKind = Literal["member", *(kind.name for kind in KINDS.values() if kind.listable)]
"""What may be listed: a member, or a kind of identifier that is ``listable``."""


class ListOnBlacklist(Strict):
    """An identifier or a member nobody may earn with unseen."""

    entry_id: Id
    kind: ListedKind
    value: Annotated[Text, Personal(kind_field="kind")]
    reason: Text
    at: Instant
    actor: Text


class LiftFromBlacklist(Strict):
    """An entry of the blacklist ends."""

    entry_id: Id
    reason: Text
    at: Instant
    actor: Text


@dataclass(frozen=True, slots=True)
class Listed:
    """``value`` is a member's id, or a sealed identifier."""

    entry_id: str
    kind: str
    value: Sealed | str
    reason: str
    at: At
    actor: str


@dataclass(frozen=True, slots=True)
class Lifted:
    entry_id: str
    reason: str
    at: At
    actor: str


# entries belong to no member: the keys of those who are listed may be destroyed, the list stays
_OWNER: Final = NOBODY

CONTRACTS: Final = (
    Contract("blacklist.listed.v1", ListOnBlacklist, Listed, (LEDGER,), by="platform", owner=_OWNER),
    Contract("blacklist.lifted.v1", LiftFromBlacklist, Lifted, (LEDGER,), by="platform", owner=_OWNER),
)
"""They stand beside orders in one consumer, so that a listing holds for every order after it."""

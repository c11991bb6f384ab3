"""What the graph made of a fact, as values; and the one codec between them and the outcomes kept beside the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, TypeVar

from pydantic import TypeAdapter

from core.clock import iso
from events.consumer import Result, Stretch
from events.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Bound:
    """A buyer came under a promoter's protection, ``since <= t < expires_at``."""

    member_id: str
    promoter_id: str
    since: datetime
    expires_at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Appointed:
    """A member was approved; ``new`` tells a first approval from a change of grade."""

    member_id: str
    inviter_id: str | None
    at: datetime
    grade: str | None
    new: bool


@dataclass(frozen=True, slots=True)
class Stood:
    """A distributor was suspended or restored from an instant on."""

    member_id: str
    at: datetime
    standing: Literal["active", "suspended"]


@dataclass(frozen=True, slots=True)
class MovedUnder:
    """A distributor with its team came under another inviter, or became a root."""

    member_id: str
    inviter_id: str | None
    at: datetime
    members_moved: int
    depth_after: int


@dataclass(frozen=True, slots=True)
class ChainPerson:
    """One position above the buyer at ``placed_at``: level 1 is the nearest. ``why`` says why it earns nothing."""

    level: int
    member_id: str
    earns: bool
    why: str | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class Tie:
    """An identifier the buyer has in common with the person at a level; ``named``: by the order, not the buyer's own.

    ``kind`` is the label of its node.
    """

    level: int
    kind: str
    token: str
    named: bool


@dataclass(frozen=True, slots=True)
class OrderFound:
    """Who stood above the buyer of an order, what ties them, and the binding the order made, if it did."""

    how: str | None
    new_buyer: bool
    chain: tuple[ChainPerson, ...]
    ties: tuple[Tie, ...]
    named_self: bool
    bound: Bound | None = None


Effect: TypeAlias = Bound | Appointed | Stood | MovedUnder | OrderFound

_TAGS: Final[dict[type[Any], str]] = {Bound: "bound", Appointed: "approved", Stood: "stood", MovedUnder: "moved"}
_ADAPTERS: Final = {tag: TypeAdapter(effect) for effect, tag in _TAGS.items()}
_ORDER: Final = TypeAdapter(OrderFound)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the graph made of one fact: its status, a code for what was refused, and the effect."""

    seq: int
    status: Literal["applied", "refused", "none", "failed"]
    code: str | None = None
    effect: Effect | None = None

    @property
    def bound(self) -> Bound | None:
        """The binding this fact made, be it an order's."""
        return self.effect.bound if isinstance(self.effect, OrderFound) else _only(self.effect, Bound)

    @property
    def order(self) -> OrderFound | None:
        """What was found of a first order."""
        return _only(self.effect, OrderFound)

    def as_outcome(self) -> Outcome:
        """The finding as it is kept."""
        return Outcome(self.seq, self.status, self.code, _encode(self.effect) if self.effect is not None else None)


_T = TypeVar("_T")


def _only(effect: Effect | None, kind: type[_T]) -> _T | None:
    return effect if isinstance(effect, kind) else None


def finding_of(outcome: Outcome) -> Finding:
    """The finding that was kept as an outcome."""
    assert outcome.status != "parked", "the graph lets nothing wait"
    return Finding(outcome.seq, outcome.status, outcome.code, _decode(outcome.detail) if outcome.detail else None)


def _encode(effect: Effect) -> dict[str, Any]:
    if isinstance(effect, OrderFound):
        detail = {
            "how": effect.how,
            "new_buyer": effect.new_buyer,
            "chain": [_person(person) for person in effect.chain],
            "ties": [_plain(tie) for tie in effect.ties],
            "named_self": effect.named_self,
        }
        return detail if effect.bound is None else {**detail, "bound": _plain(effect.bound)}
    return {_TAGS[type(effect)]: _plain(effect)}


def _person(person: ChainPerson) -> dict[str, Any]:
    plain = _plain(person)
    if person.why is None:
        del plain["why"]
    return plain


def _plain(value: Any) -> dict[str, Any]:
    fields = ((name, getattr(value, name)) for name in value.__slots__)
    return {name: iso(item) if isinstance(item, datetime) else item for name, item in fields}


def _decode(detail: Mapping[str, Any]) -> Effect | None:
    if "chain" in detail:
        return _ORDER.validate_python(detail)
    for tag, adapter in _ADAPTERS.items():
        if tag in detail:
            found: Effect = adapter.validate_python(detail[tag])
            return found
    return None


_FOUND: Final[Result[Mapping[int, Finding]]] = Result("what the graph found")


def found(stretch: Stretch) -> Mapping[int, Finding]:
    """What the graph found of the events of a stretch, by number; what it has nothing special to say of is absent."""
    return stretch.once(_FOUND, lambda s: {seq: finding_of(outcome) for seq, outcome in s.followed.items()})

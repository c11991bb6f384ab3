"""One payee's available money and arrears: how a clawback is met, how arrears are offset."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Taken(NamedTuple):
    """How a clawback was met, and the instants at which its two parts are effective."""

    available_fen: int
    available_at: datetime
    arrears_fen: int
    arrears_at: datetime


class Offset(NamedTuple):
    """Arrears met out of a credit, and the instant this is effective."""

    fen: int
    effective_at: datetime


@dataclass(slots=True)
class Wallet:
    """Available and arrears of one member; after each verb at most one of them is above zero.

    Whatever leaves available is effective no earlier than the latest credit to it, and what leaves arrears no earlier
    than they last grew: so neither is below zero as of any instant.
    """

    member_id: str
    available_fen: int = 0
    arrears_fen: int = 0
    credited_at: datetime | None = None
    """The latest effective time of a credit to available."""
    arrears_at: datetime | None = None
    """The latest effective time at which arrears grew."""

    def take(self, fen: int, effective_at: datetime) -> Taken:
        """Claw back: from available first, the rest becomes arrears; never from money already in a withdrawal."""
        available_fen = min(fen, self.available_fen)
        arrears_fen = fen - available_fen
        self.available_fen -= available_fen
        if arrears_fen:
            self.arrears_fen += arrears_fen
            self.arrears_at = _later(effective_at, self.arrears_at)
        return Taken(available_fen, _later(effective_at, self.credited_at), arrears_fen, effective_at)

    def credit(self, fen: int, effective_at: datetime) -> Offset | None:
        """Add to available, then offset arrears; None when there are none."""
        self.available_fen += fen
        self.credited_at = _later(effective_at, self.credited_at)
        met_fen = min(self.available_fen, self.arrears_fen)
        if not met_fen:
            return None
        self.available_fen -= met_fen
        self.arrears_fen -= met_fen
        return Offset(met_fen, _later(self.credited_at, self.arrears_at))

    def freeze(self, fen: int, effective_at: datetime) -> datetime:
        """Set available money aside for a withdrawal; the instant this is effective."""
        assert fen <= self.available_fen
        self.available_fen -= fen
        return _later(effective_at, self.credited_at)


def _later(at: datetime, other: datetime | None) -> datetime:
    return at if other is None else max(at, other)

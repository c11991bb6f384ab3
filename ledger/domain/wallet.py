"""One payee's available money and arrears: how a clawback is met, how arrears are offset."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Taken(NamedTuple):
    """How a clawback was met."""

    available_fen: int
    arrears_fen: int


class Offset(NamedTuple):
    """Arrears met out of a credit, and the instant this is effective."""

    fen: int
    effective_at: datetime


@dataclass(slots=True)
class Wallet:
    """Available and arrears of one member; after each verb at most one of them is above zero."""

    member_id: str
    available_fen: int = 0
    arrears_fen: int = 0
    arrears_at: datetime | None = None
    """The latest effective time at which arrears grew."""

    def take(self, fen: int, effective_at: datetime) -> Taken:
        """Claw back: from available first, the rest becomes arrears; never from money already in a withdrawal."""
        available_fen = min(fen, self.available_fen)
        arrears_fen = fen - available_fen
        self.available_fen -= available_fen
        if arrears_fen:
            self.arrears_fen += arrears_fen
            self.arrears_at = max(effective_at, self.arrears_at or effective_at)
        return Taken(available_fen, arrears_fen)

    def credit(self, fen: int, effective_at: datetime) -> Offset | None:
        """Add to available, then offset arrears; None when there are none.

        An offset is effective no earlier than the arrears it meets, so that arrears as of an instant are never
        below zero.
        """
        self.available_fen += fen
        met_fen = min(self.available_fen, self.arrears_fen)
        if not met_fen:
            return None
        self.available_fen -= met_fen
        self.arrears_fen -= met_fen
        return Offset(met_fen, max(effective_at, self.arrears_at or effective_at))

    def freeze(self, fen: int) -> None:
        """Set available money aside for a withdrawal."""
        assert fen <= self.available_fen
        self.available_fen -= fen

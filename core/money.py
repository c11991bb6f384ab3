"""Money in integer minor units: exact shares, one rounding rule, splits without loss."""

from collections.abc import Sequence
from dataclasses import dataclass

BPS: int = 10_000
"""Basis points in a whole."""


def ratio_half_up(amount: int, numerator: int, denominator: int) -> int:
    """``amount × numerator / denominator`` rounded half up, exactly, for non-negative arguments.

    The one rounding of the platform: commissions, refunds and taxes all end here.
    """
    if amount < 0 or numerator < 0 or denominator <= 0:
        raise ValueError("ratio_half_up takes non-negative parts and a positive denominator")
    return (2 * amount * numerator + denominator) // (2 * denominator)


def share_fen(amount_fen: int, rate_bps: int) -> int:
    """The share of an amount at a rate in basis points, in fen, rounded half up."""
    return ratio_half_up(amount_fen, rate_bps, BPS)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor unit of its currency (fen for CNY)."""

    minor: int
    currency: str

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Split by weights with nothing lost: largest remainder, ties to the earlier part.

        Raises ValueError when no weight is positive or one is negative.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("a split needs non-negative weights with a positive sum")
        parts = [self.minor * weight // total for weight in weights]
        remainders = [self.minor * weight % total for weight in weights]
        left = self.minor - sum(parts)
        for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
            parts[index] += 1
        return [Money(part, self.currency) for part in parts]

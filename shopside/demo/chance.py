"""Seeded chance: equal seeds give equal shops, on every machine and Python version."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Chance:
    """Draws from one seed.

    Everything is built on ``random()``, the only method whose sequence Python promises to keep between versions.
    """

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - invented data, no secret depends on it

    def share(self) -> float:
        """A number in [0, 1)."""
        return self._random()

    def happens(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random() < probability

    def whole(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One item, each as likely as the other."""
        return items[int(self._random() * len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Different items in random order, at most as many as there are."""
        rest = list(items)
        taken = []
        for _ in range(min(count, len(rest))):
            index = int(self._random() * len(rest))
            rest[index], rest[-1] = rest[-1], rest[index]
            taken.append(rest.pop())
        return taken

    def around(self, median: float, sigma: float) -> float:
        """A log-normal number: half lie below the median, a few far above."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self._random()))
        return median * math.exp(sigma * radius * math.cos(2.0 * math.pi * self._random()))

    def heavy(self, exponent: float, most: float) -> float:
        """A power-law number of at least 1 (Pareto), cut at ``most``: a few are very large."""
        return min(math.pow(1.0 - self._random(), -1.0 / exponent), most)


class Weighted(Generic[T]):
    """Items drawn in proportion to their weights; more can be added at any time."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._sums: list[float] = []

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T, weight: float) -> None:
        """Add an item; the weight is positive."""
        self._items.append(item)
        self._sums.append((self._sums[-1] if self._sums else 0.0) + weight)

    def draw(self, chance: Chance) -> T:
        """One item; there must be at least one."""
        at = bisect_right(self._sums, chance.share() * self._sums[-1])
        return self._items[min(at, len(self._items) - 1)]

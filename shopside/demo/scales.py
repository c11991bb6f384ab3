"""How large a demo shop is and when it sells: sizes, the calendar, products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final, NamedTuple

from shopside.demo.chance import Chance, Weighted

WEEKS: Final = 52
DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
AFTER_SALES_S: Final = 7 * DAY_S
"""The default plan's window after completion; a completion is delivered in the week in which it ends."""
SHANGHAI: Final = timezone(timedelta(hours=8))
START_DEFAULT: Final = date(2025, 11, 3)
"""A Monday; fixed, so that two runs on different days make the same events."""


def start_s_of(day: date) -> int:
    """Midnight in Shanghai of a day, in seconds of the epoch."""
    return int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp())


def rfc3339(at_s: int) -> str:
    """An instant as the events spell it, with Shanghai's offset."""
    return datetime.fromtimestamp(at_s, SHANGHAI).isoformat()


class Product(NamedTuple):
    """Something the shop sells."""

    product_id: str
    category: str
    price_fen: int


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a shop. ``scenes`` counts each look-alike and attack by its label."""

    name: str
    distributors: int
    customers: int
    orders: int
    products: int
    carrier_addresses: int
    stream_orders: int
    checks: int
    scenes: Mapping[str, int]


SCALES: Final[Mapping[str, Scale]] = {
    # about 300 members in all, a few of every pattern
    "small": Scale(
        name="small",
        distributors=52,
        customers=84,
        orders=1_000,
        products=40,
        carrier_addresses=4,
        stream_orders=4,
        checks=50,
        scenes={
            "family": 3,
            "dormitory": 1,
            "office": 1,
            "offline_event": 1,
            "pickup_point": 1,
            "resold_phone": 2,
            "friend_circle": 1,
            "enterprise": 1,
            "fourth_tier": 1,
            "A1": 3,
            "A2": 1,
            "A3": 1,
            "A4": 1,
            "A5": 1,
            "A6": 1,
            "A7": 1,
        },
    ),
    # a mid-sized brand: about 12,600 distributors and 25 million yuan of sales a month
    "shop": Scale(
        name="shop",
        distributors=9_400,
        customers=112_000,
        orders=625_000,
        products=400,
        carrier_addresses=200,
        stream_orders=1_500,
        checks=0,
        scenes={
            "family": 2_400,
            "dormitory": 40,
            "office": 60,
            "offline_event": 60,
            "pickup_point": 80,
            "resold_phone": 600,
            "friend_circle": 150,
            "enterprise": 60,
            "fourth_tier": 50,
            "A1": 300,
            "A2": 40,
            "A3": 20,
            "A4": 30,
            "A5": 30,
            "A6": 40,
            "A7": 40,
        },
    ),
}

_CATEGORIES: Final = ("skincare", "snacks", "tea", "home", "baby", "apparel", "health")
_FESTIVALS: Final = {(11, 11): 4.0, (12, 12): 2.2, (3, 8): 1.7, (6, 18): 3.0, (9, 10): 1.3}
_QUIET: Final = frozenset((2, day) for day in range(14, 24))  # the days around Spring Festival
_HOURS: Final = (3, 2, 1, 1, 1, 2, 4, 7, 9, 11, 12, 12, 13, 12, 10, 10, 11, 12, 14, 18, 22, 21, 15, 8)


def catalogue(scale: Scale, chance: Chance) -> list[Product]:
    """The products of the shop; prices end in .00 or .90 like those of real shops."""
    products = []
    for number in range(1, scale.products + 1):
        price_yuan = max(9, round(chance.around(138.0, 0.7)))
        price_fen = price_yuan * 100 - (10 if chance.happens(0.6) else 0)
        products.append(Product(f"p{number:04d}", chance.pick(_CATEGORIES), price_fen))
    return products


def busyness(at_s: int) -> float:
    """How much is sold on the day of an instant, 1 being an ordinary weekday."""
    day = datetime.fromtimestamp(at_s, SHANGHAI)
    factor = _FESTIVALS.get((day.month, day.day), 1.0)
    if (day.month, day.day) in _QUIET:
        factor = 0.45
    return factor * (1.15 if day.weekday() >= 5 else 1.0)


def week_busyness(week_start_s: int) -> float:
    """How much is sold in a week, in ordinary weekdays."""
    return sum(busyness(week_start_s + day * DAY_S) for day in range(7))


def hours_of(week_start_s: int) -> Weighted[int]:
    """The hours of a week (their first seconds), each as likely as people shop then."""
    hours: Weighted[int] = Weighted()
    for day in range(7):
        day_start_s = week_start_s + day * DAY_S
        factor = busyness(day_start_s)
        for hour, share in enumerate(_HOURS):
            hours.add(day_start_s + hour * 3600, factor * share)
    return hours

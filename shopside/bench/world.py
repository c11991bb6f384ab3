"""A small seeded shop for the benchmarks: teams by power law, repeat buyers by power law, planted ties.

Every customer is bound at registration and every buyer of the order stream is free of ties, so that a plain brokerage
without any risk rules must arrive at the same commissions. The checks also ask about tied buyers and self-purchases.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

ORDER_DAYS = 60
RATES_BPS = (1_000, 400, 100)
"""The default plan's rates by level."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member with what they are known by."""

    member_id: str
    above: str | None  # a distributor's inviter, a customer's promoter
    distributor: bool
    identifiers: dict[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """People, their order stream and labelled questions for the check."""

    start: datetime
    people: list[Person]
    orders: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    by_id: dict[str, Person] = field(repr=False)

    def chain(self, buyer_id: str) -> list[str]:
        """The persons paid for an order of this buyer, nearest first, at most three."""
        found: list[str] = []
        above = self.by_id[buyer_id].above
        while above is not None and len(found) < len(RATES_BPS):
            found.append(above)
            above = self.by_id[above].above
        return found

    def events(self) -> Iterator[dict[str, Any]]:
        """Everything that must be known before the first order, in order."""
        at = self.start.isoformat()
        for person in self.people:
            promoter = {} if person.distributor else {"invited_by": person.above}
            yield _event(
                "member.registered.v1",
                {"member_id": person.member_id, "platform": "h5", "registered_at": at, **promoter},
                self.start,
            )
            if person.distributor:
                yield _event(
                    "distributor.approved.v1",
                    {"member_id": person.member_id, "invited_by": person.above, "approved_at": at},
                    self.start,
                )
            yield _event(
                "member.identified.v1",
                {
                    "member_id": person.member_id,
                    "seen_at": at,
                    "identifiers": [{"kind": kind, "value": value} for kind, value in person.identifiers.items()],
                },
                self.start,
            )

    def order_events(self) -> Iterator[dict[str, Any]]:
        """The order stream."""
        for order in self.orders:
            yield _event("order.paid.v1", order, datetime.fromisoformat(order["paid_at"]))


def make_world(seed: int, end: datetime, *, distributors: int, customers: int, orders: int, questions: int) -> World:
    """A shop of the given size that lived for two months up to ``end``; the same seed gives the same shop."""
    start = end - timedelta(days=ORDER_DAYS + 2)
    chance = random.Random(seed)
    people = [_distributor(chance, number, distributors) for number in range(distributors)]
    levels = {person.member_id: person for person in people}
    for number in range(customers):
        people.append(_customer(chance, number, people[: max(1, distributors)], levels))
    by_id = {person.member_id: person for person in people}
    untied = [p for p in people if not p.distributor and p.identifiers["device"].endswith(p.member_id)]
    untied = [p for p in untied if p.identifiers["payout_account"].endswith(p.member_id)]
    numbers = count(1)
    stream = [_order(chance, start, f"o{next(numbers)}", _skewed(chance, untied)) for _ in range(orders)]
    asked = []
    for _ in range(questions):
        buyer = chance.choice(people) if chance.random() < 0.5 else _skewed(chance, people[distributors:])
        question = _order(chance, start, f"q{next(numbers)}", buyer)
        if buyer.distributor and chance.random() < 0.2:
            question["promoter_id"] = buyer.member_id
        asked.append(question)
    return World(start, people, stream, asked, by_id)


def _distributor(chance: random.Random, number: int, total: int) -> Person:
    """The first tenth are roots, the next three tenths their recruits, the others the third and last level."""
    roots, seconds = max(1, total // 10), max(2, total * 4 // 10)
    if number < roots:
        above = None
    else:
        low, high = (0, roots) if number < seconds else (roots, seconds)
        above = f"d{low + int((high - low) * chance.random() ** 2)}"
    return Person(f"d{number}", above, distributor=True, identifiers=_own(f"d{number}"))


def _customer(chance: random.Random, number: int, distributors: list[Person], by_id: dict[str, Person]) -> Person:
    promoter = _skewed(chance, distributors)
    identifiers = _own(f"c{number}")
    dice = chance.random()
    if dice < 0.02:
        identifiers["payout_account"] = promoter.identifiers["payout_account"]
    if 0.01 < dice < 0.03:
        identifiers["device"] = promoter.identifiers["device"]
    if 0.03 < dice < 0.04 and promoter.above:
        identifiers["device"] = by_id[promoter.above].identifiers["device"]
    return Person(f"c{number}", promoter.member_id, distributor=False, identifiers=identifiers)


def _own(member_id: str) -> dict[str, str]:
    return {"device": f"device-{member_id}", "payout_account": f"account-{member_id}"}


def _skewed(chance: random.Random, people: list[Person]) -> Person:
    return people[int(len(people) * chance.random() ** 2)]


def _order(chance: random.Random, start: datetime, order_id: str, buyer: Person) -> dict[str, Any]:
    placed = start + timedelta(days=1, seconds=chance.randrange(ORDER_DAYS * 86_400))
    return {
        "order_id": order_id,
        "buyer_id": buyer.member_id,
        "channel": "h5",
        "placed_at": placed.isoformat(),
        "paid_at": (placed + timedelta(minutes=2)).isoformat(),
        "lines": [
            {
                "line_id": str(line),
                "product_id": f"p{chance.randrange(500)}",
                "category": "tea",
                "quantity": 1,
                "paid_fen": chance.randrange(990, 99_900),
            }
            for line in range(1, chance.choice((1, 1, 2)) + 1)
        ],
        "device_id": buyer.identifiers["device"],
        "ip": f"198.18.{chance.randrange(256)}.{chance.randrange(256)}",
    }


def _event(kind: str, data: dict[str, Any], at: datetime) -> dict[str, Any]:
    subject = str(data.get("order_id") or data["member_id"])
    return {
        "specversion": "1.0",
        "id": f"{kind}:{subject}",
        "source": "bench",
        "type": kind,
        "time": at.isoformat(),
        "subject": subject,
        "data": data,
    }

"""A year of a shop, week by week: people arrive, form teams, buy, send back; fraud and its look-alikes live among them.

The same scale, seed and first day give the same bytes, and only one week is held at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

from shopside.demo.chance import Weighted
from shopside.demo.look_alikes import LOOK_ALIKES
from shopside.demo.people import Person
from shopside.demo.rings import RINGS
from shopside.demo.scales import (
    DAY_S,
    SCALES,
    START_DEFAULT,
    WEEK_S,
    WEEKS,
    Scale,
    hours_of,
    start_s_of,
    week_busyness,
)
from shopside.demo.stage import Stage, Week

_OPENING_S: Final = 10 * DAY_S
"""A shop opens with the people it already knows: many join in its first days."""
_DEPTH_SHARES: Final = (0.08, 0.40)
"""Eight in a hundred distributors start a team, a third hangs below those, the rest at the third tier."""
_FIRST_ORDER_SHARE: Final = 0.5
_STREAMS: Final = 10
_SUSPENDED_PERCENT: Final = 3
"""Of a hundred distributors, so many are suspended within the year."""


class _Team:
    """Who may be named as inviter or promoter, the successful ones more often: every newcomer adds a ticket."""

    def __init__(self) -> None:
        self._tickets: list[tuple[int, str]] = []

    def add(self, approved_s: int, member_id: str) -> None:
        self._tickets.append((approved_s, member_id))

    def draw(self, stage: Stage, at_s: int) -> str | None:
        """Someone approved before an instant who gains a ticket by it; None where luck finds nobody."""
        for _ in range(8):
            if not self._tickets:
                return None
            ticket = stage.chance.pick(self._tickets)
            if ticket[0] < at_s:
                self._tickets.append(ticket)
                return ticket[1]
        return None


class Shop:
    """One shop; ``weeks()`` tells its year, once."""

    def __init__(self, scale: Scale, seed: int, first_day: date = START_DEFAULT) -> None:
        self.scale = scale
        self.start_s = start_s_of(first_day)
        self._stage = Stage(seed, scale, self.start_s)
        self._tiers = (_Team(), _Team(), _Team())
        self._promoters = _Team()
        self._active: list[tuple[int, str]] = []
        self._buyers: Weighted[tuple[Person, str | None]] = Weighted()
        self._newcomers: list[tuple[Person, str | None, float]] = []
        self._suspensions: defaultdict[int, list[bool]] = defaultdict(list)
        self._suspended: set[str] = set()
        self._returning: defaultdict[int, list[str]] = defaultdict(list)
        self._plan()

    def weeks(self) -> Iterator[Week]:
        """The 52 weeks in order, each complete when it is given out."""
        for number in range(WEEKS):
            begin_s = self.start_s + number * WEEK_S
            self._arrive(number)
            honest = [member_id for approved_s, member_id in self._active if approved_s < begin_s]
            for at_s, label in self._scenes.pop(number, []):
                (RINGS.get(label) or LOOK_ALIKES[label])(self._stage, at_s, honest)
            self._discipline(number, honest)
            self._sell(number)
            if number in self._streams:
                self._stream(begin_s, honest)
            for person, promoter_id, activity in self._newcomers:
                self._buyers.add((person, promoter_id), activity)
            self._newcomers.clear()
            yield self._stage.close_week(number)

    def _plan(self) -> None:
        chance, scale = self._stage.chance, self.scale
        arrivals = [
            (self._arrival(0.4, 44), is_distributor)
            for is_distributor, count in ((True, scale.distributors), (False, scale.customers))
            for _ in range(count)
        ]
        self._arrivals: defaultdict[int, list[tuple[int, bool]]] = defaultdict(list)
        for at_s, is_distributor in sorted(arrivals):
            self._arrivals[(at_s - self.start_s) // WEEK_S].append((at_s, is_distributor))
        self._scenes: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
        for label, count in scale.scenes.items():
            for _ in range(count):
                # from the second week, so that there are honest promoters; early enough to play out within the year
                at_s = self.start_s + chance.whole(WEEK_S, 30 * WEEK_S)
                self._scenes[(at_s - self.start_s) // WEEK_S].append((at_s, label))
        for number in range(max(scale.distributors * _SUSPENDED_PERCENT // 100, 2)):
            self._suspensions[chance.whole(6, 44)].append(number % 2 == 0)
        self._streams = frozenset(chance.some(range(4, WEEKS - 1), _STREAMS))
        busyness = [week_busyness(self.start_s + number * WEEK_S) for number in range(WEEKS)]
        planned = scale.orders - _STREAMS * scale.stream_orders
        self._week_orders = [round(planned * share / sum(busyness)) for share in busyness]

    def _arrival(self, opening_share: float, last_week: int) -> int:
        chance = self._stage.chance
        if chance.happens(opening_share):
            return self.start_s + 60 + chance.whole(0, _OPENING_S)
        return self.start_s + 60 + chance.whole(0, last_week * WEEK_S)

    def _arrive(self, number: int) -> None:
        for at_s, is_distributor in self._arrivals.pop(number, []):
            person = self._stage.people.person(self._stage.people.home())
            if is_distributor:
                self._recruit(person, at_s)
            else:
                self._welcome(person, at_s)

    def _recruit(self, person: Person, at_s: int) -> None:
        stage = self._stage
        roll = stage.chance.share()
        tier = 0 if roll < _DEPTH_SHARES[0] else 1 if roll < _DEPTH_SHARES[1] else 2
        inviter = self._tiers[tier - 1].draw(stage, at_s) if tier else None
        if inviter is None:
            tier = 0
        approved_s = at_s + stage.chance.whole(1800, 30 * 3600)
        stage.join(person, at_s, invited_by=inviter)
        stage.approve(person, approved_s, inviter, "A" if tier == 0 else "B")
        self._tiers[tier].add(approved_s, person.member_id)
        self._promoters.add(approved_s, person.member_id)
        self._active.append((approved_s, person.member_id))
        self._newcomers.append((person, inviter, stage.chance.heavy(1.2, 60.0)))

    def _welcome(self, person: Person, at_s: int) -> None:
        stage, chance = self._stage, self._stage.chance
        promoter = self._promoters.draw(stage, at_s) if chance.happens(0.92) else None
        how = chance.share()
        stage.join(person, at_s, invited_by=promoter if how < 0.55 else None)
        if promoter and 0.55 <= how < 0.75:
            stage.bind(person, promoter, at_s + chance.whole(60, 5 * DAY_S))
        if chance.happens(_FIRST_ORDER_SHARE):
            # an eager newcomer buys within minutes, others take days
            wait_s = chance.whole(120, 1800) if chance.happens(0.3) else chance.whole(3600, 4 * DAY_S)
            stage.buy(person, at_s + wait_s, promoter, clicked=chance.happens(0.1))
        self._newcomers.append((person, promoter, chance.heavy(1.2, 60.0)))

    def _discipline(self, number: int, honest: list[str]) -> None:
        """Suspend those whose turn it is; every other one comes back after some weeks."""
        stage, chance = self._stage, self._stage.chance
        begin_s = self.start_s + number * WEEK_S
        for member_id in self._returning.pop(number, []):
            stage.restore(member_id, begin_s + chance.whole(0, WEEK_S - 1), "explained")
        turns = self._suspensions.pop(number, [])
        free = [member_id for member_id in honest if turns and member_id not in self._suspended]
        for comes_back, member_id in zip(turns, chance.some(free, len(turns)), strict=False):
            self._suspended.add(member_id)
            stage.suspend(member_id, begin_s + chance.whole(0, WEEK_S - 1), "complaints")
            if comes_back:
                self._returning[number + chance.whole(2, 6)].append(member_id)

    def _sell(self, number: int) -> None:
        stage, chance = self._stage, self._stage.chance
        if not self._buyers:
            return
        hours = hours_of(self.start_s + number * WEEK_S)
        first_orders = sum(1 for _ in self._newcomers) // 2
        for _ in range(max(self._week_orders[number] - first_orders, 0)):
            buyer, promoter_id = self._buyers.draw(chance)
            at_s = hours.draw(chance) + chance.whole(0, 3599)
            roll = chance.share()
            if roll < 0.004:
                # a distributor's own link, or a customer who names himself: never paid
                stage.buy(buyer, at_s, buyer.member_id, group="self_purchase", fraud=True)
            elif roll < 0.7:
                stage.buy(buyer, at_s, promoter_id, clicked=chance.happens(0.04))
            else:
                stage.buy(buyer, at_s, None)

    def _stream(self, begin_s: int, honest: list[str]) -> None:
        """A live stream: an evening in which one promoter sells one product at one price to many."""
        stage, chance = self._stage, self._stage.chance
        host = chance.pick(honest)
        product = chance.pick(stage.products)
        evening_s = begin_s + chance.whole(0, 6) * DAY_S + 20 * 3600
        for _ in range(self.scale.stream_orders):
            buyer, _promoter = self._buyers.draw(chance)
            if buyer.member_id != host:
                at_s = evening_s + int(5_400 * chance.share() ** 2)
                stage.buy(buyer, at_s, host, [(product, chance.whole(1, 2))], off_bps=2_000, group="live_stream")


def shop_of(scale: str, seed: int, first_day: date = START_DEFAULT) -> Shop:
    """A shop by the name of its scale."""
    return Shop(SCALES[scale], seed, first_day)

"""Sending a year of the demo shop so that the books at its end do not depend on how fast anything ran.

Each week goes in five steps: (1) all events but completions, in the order of their times; (2) wait for the
consumers; (3) the completions whose after-sales window ends within the week; (4) wait again; (5) let the week end,
which settles what is due. Refunds of a week thus always meet the same settled and unsettled orders. Every step may be
repeated, so a run that was interrupted anywhere is simply run again.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import orjson

from core.errors import Refusal
from core.limits import FUTURE_SECONDS_MAX
from shopside.client import Outage, PlatformClient, batches
from shopside.demo.scales import WEEK_S, WEEKS, rfc3339
from shopside.demo.shop import Shop
from shopside.demo.stage import Event, Week

CHECKED_WEEKS: Final = 6
"""Risk checks are asked for in the last weeks, when teams and rings are in place."""
REMEMBERED_PER_GROUP_MAX: Final = 60
"""Orders of each label kept for the closing report: enough to see how a group fares, few enough to look up."""
_CHECK_TRIES_MAX: Final = 120
_CHECK_PAUSE_S: Final = 2.5
"""A check whose sources are away is asked again for up to five minutes: a killed service is back by then."""


class ShopRejected(Exception):
    """The platform rejected an event of the shop: another shop's data is in the brand, or the contract has changed."""


@dataclass(slots=True)
class Tally:
    """What was sent, counted."""

    told: Callable[[int, Tally], None]
    """Called after every batch with the weeks that have ended and this tally."""
    weeks: int = 0
    """Weeks that have ended."""
    events: Counter[str] = field(default_factory=Counter)
    """By type."""
    statuses: Counter[str] = field(default_factory=Counter)
    """By the intake's answer."""
    checks: Counter[str] = field(default_factory=Counter)
    """Risk checks by outcome."""
    groups: Counter[str] = field(default_factory=Counter)
    """Orders by label."""
    orders: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Some order ids of each label."""
    members: int = 0
    distributors: list[str] = field(default_factory=list)
    """Some of the first distributors."""


async def deliver(client: PlatformClient, shop: Shop, labels: Path, told: Callable[[int, Tally], None]) -> Tally:
    """Send the whole year; labels go to a file of JSON Lines. ``told`` hears of each batch, with the weeks done.

    Raises ShopRejected, and ValueError when the platform's real clock has not reached the year's end.
    """
    clock = await client.clock()
    _refuse_future(clock, shop)
    tally = Tally(told=told)
    partial = labels.with_suffix(".partial")
    private = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(private, "wb") as label_file:
        for week in shop.weeks():
            for label in week.labels:
                label_file.write(orjson.dumps(asdict(label)) + b"\n")
            _remember(tally, week)
            await _deliver_week(client, week, _orders_to_check(week, shop.scale.checks // CHECKED_WEEKS), tally)
            await _end_week(client, week, simulated=bool(clock["simulated"]))
            tally.weeks = week.number
            told(tally.weeks, tally)
    partial.replace(labels)
    return tally


async def _deliver_week(client: PlatformClient, week: Week, checked: frozenset[str], tally: Tally) -> None:
    # a checked order ends a stretch: what came before it must be visible to the check
    stretches = groupby(week.events, key=_stretches(checked))
    for _, stretch in stretches:
        events = list(stretch)
        first = events[0]
        if first["id"] in checked:
            await client.drain()
            tally.checks[await _decision(client, first["data"])] += 1
        await _send(client, events, tally)
    await client.drain()
    await _send(client, week.completions, tally)
    await client.drain()


def _stretches(checked: frozenset[str]) -> Callable[[Event], int]:
    passed = 0

    def stretch_of(event: Event) -> int:
        nonlocal passed
        passed += event["id"] in checked
        return passed

    return stretch_of


async def _send(client: PlatformClient, events: Iterable[Event], tally: Tally) -> None:
    def serialised() -> Iterable[bytes]:
        for event in events:
            tally.events[event["type"]] += 1
            yield orjson.dumps(event)

    for batch in batches(serialised()):
        for answer in await client.send(batch):
            tally.statuses[answer.status] += 1
            if answer.problem is not None:
                raise ShopRejected(f"{answer.event_id}: {answer.problem.code}: {answer.problem.detail}")
        tally.told(tally.weeks, tally)


async def _decision(client: PlatformClient, order: dict[str, Any]) -> str:
    """The outcome for an order, asked again under another id while a source of the decision is away.

    The last decision before the payment counts, so the books do not depend on an outage.
    """
    for attempt in range(1, _CHECK_TRIES_MAX + 1):
        again = "" if attempt == 1 else f"-{attempt}"
        decision = await client.check(f"check-{order['order_id']}{again}", order)
        if not decision["missing"]:
            return str(decision["outcome"])
        await asyncio.sleep(_CHECK_PAUSE_S)
    raise Outage(f"the risk check of {order['order_id']} still misses {', '.join(decision['missing'])}")


async def _end_week(client: PlatformClient, week: Week, *, simulated: bool) -> None:
    if simulated:
        try:
            await client.move_clock(rfc3339(week.end_s))
        except Refusal as refusal:
            # an earlier run of the same or another shop has gone further
            if refusal.code != "clock_backwards":
                raise
        else:
            return
    await client.run("settle")


def _orders_to_check(week: Week, count: int) -> frozenset[str]:
    """Orders of a late week to be checked before they are paid: planted ones first, then others evenly."""
    if not count or week.number <= WEEKS - CHECKED_WEEKS:
        return frozenset()
    fraud = {label.id for label in week.labels if label.kind == "order" and label.fraud}
    paid = [event for event in week.events if event["type"] == "order.paid.v1"]
    planted = [event["id"] for event in paid if event["subject"] in fraud][:count]
    others = [event["id"] for event in paid if event["subject"] not in fraud]
    step = max(len(others) // max(count - len(planted), 1), 1)
    return frozenset(planted + others[::step][: count - len(planted)])


def _remember(tally: Tally, week: Week) -> None:
    for label in week.labels:
        if label.kind == "member":
            tally.members += 1
            continue
        tally.groups[label.group] += 1
        if len(tally.orders[label.group]) < REMEMBERED_PER_GROUP_MAX:
            tally.orders[label.group].append(label.id)
    if len(tally.distributors) < REMEMBERED_PER_GROUP_MAX:
        approved = [event["subject"] for event in week.events if event["type"] == "distributor.approved.v1"]
        tally.distributors += approved[: REMEMBERED_PER_GROUP_MAX - len(tally.distributors)]


def _refuse_future(clock: dict[str, Any], shop: Shop) -> None:
    if clock["simulated"]:
        return
    end_s = shop.start_s + WEEKS * WEEK_S
    latest = datetime.fromisoformat(str(clock["now"])) + timedelta(seconds=FUTURE_SECONDS_MAX)
    if end_s > latest.timestamp():
        raise ValueError(
            f"the shop's year ends {rfc3339(end_s)}, after the platform's clock; "
            "use `trefoil up --clock simulated`, or --start with an earlier day"
        )

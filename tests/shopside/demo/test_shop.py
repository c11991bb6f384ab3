"""The demo shop's year: the same every time, as the contract says, and as mixed as a real shop."""

import hashlib
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.limits import LEVELS_MAX
from events.envelope import Envelope
from events.shop import SHOP
from shopside.demo.look_alikes import LOOK_ALIKES
from shopside.demo.people import id_card_check
from shopside.demo.rings import RINGS
from shopside.demo.scales import SCALES, WEEK_S, WEEKS, start_s_of
from shopside.demo.shop import Shop, shop_of
from shopside.demo.stage import Week

ROOT = Path(__file__).resolve().parents[3]


def events(weeks: list[Week]) -> Iterator[dict[str, Any]]:
    for week in weeks:
        yield from week.events
        yield from week.completions


def fingerprint(shop: Shop) -> str:
    digest = hashlib.sha256()
    for week in shop.weeks():
        digest.update(orjson.dumps([week.events, week.completions, [label.id + label.group for label in week.labels]]))
    return digest.hexdigest()


@pytest.fixture(scope="module")
def year() -> list[Week]:
    return list(shop_of("small", 1).weeks())


def test_the_same_seed_makes_the_same_bytes() -> None:
    assert fingerprint(shop_of("small", 7)) == fingerprint(shop_of("small", 7))


def test_the_bytes_do_not_depend_on_the_process() -> None:
    """Another hash seed of Python, another process: the same year."""
    code = (
        "import hashlib, orjson, sys\n"
        "from shopside.demo.shop import shop_of\n"
        "weeks = [[week.events, week.completions] for week in shop_of('small', 7).weeks()]\n"
        "sys.stdout.write(hashlib.sha256(orjson.dumps(weeks)).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_another_seed_is_another_shop() -> None:
    assert fingerprint(shop_of("small", 1)) != fingerprint(shop_of("small", 2))


def test_two_seeds_share_no_id(year: list[Week]) -> None:
    other = list(shop_of("small", 2).weeks())
    assert not {event["subject"] for event in events(year)} & {event["subject"] for event in events(other)}


def test_every_event_is_of_the_contract(year: list[Week]) -> None:
    for event in events(year):
        Envelope.model_validate(event)
        {c.type: c.sent for c in SHOP}[event["type"]].model_validate(event["data"])
        assert event["subject"] == event["data"].get("order_id", event["data"].get("member_id"))


def test_event_ids_are_never_used_twice(year: list[Week]) -> None:
    ids = Counter(event["id"] for event in events(year))
    assert ids.most_common(1)[0][1] == 1


def test_every_kind_of_event_appears(year: list[Week]) -> None:
    assert {event["type"] for event in events(year)} == {contract.type for contract in SHOP}


def test_events_come_in_the_order_of_their_times_within_their_week(year: list[Week]) -> None:
    start_s = start_s_of(date(2025, 11, 3))
    for week in year:
        times_s = [datetime.fromisoformat(event["time"]).timestamp() for event in week.events]
        assert times_s == sorted(times_s)
        assert all(start_s + (week.number - 1) * WEEK_S <= at_s < start_s + week.number * WEEK_S for at_s in times_s)
        assert week.end_s == start_s + week.number * WEEK_S


def test_a_completion_is_delivered_in_the_week_in_which_its_window_ends(year: list[Week]) -> None:
    for week in year:
        for event in week.completions:
            window_end_s = (datetime.fromisoformat(event["data"]["completed_at"]) + timedelta(days=7)).timestamp()
            assert week.end_s - WEEK_S <= window_end_s < week.end_s


def test_completions_and_what_follows_come_after_the_payment(year: list[Week]) -> None:
    paid: set[str] = set()
    for event in events(year):
        if event["type"] == "order.paid.v1":
            paid.add(event["data"]["order_id"])
        elif event["type"].startswith("order."):
            assert event["data"]["order_id"] in paid


def test_no_team_is_deeper_than_three_tiers_but_for_those_who_try(year: list[Week]) -> None:
    labels = {label.id: label.group for week in year for label in week.labels if label.kind == "member"}
    depth: dict[str | None, int] = {None: 0}
    for event in events(year):
        if event["type"] == "distributor.approved.v1":
            member_id, inviter = event["data"]["member_id"], event["data"]["invited_by"]
            depth[member_id] = depth[inviter] + 1
            assert depth[member_id] <= LEVELS_MAX or labels[member_id] == "fourth_tier"
    assert Counter(depth.values())[LEVELS_MAX + 1] == 1
    assert {1, 2, 3} <= set(depth.values())


def test_members_are_registered_before_they_are_named(year: list[Week]) -> None:
    known: set[str] = set()
    for event in events(year):
        data = event["data"]
        named = {data.get(name) for name in ("buyer_id", "promoter_id", "invited_by", "member_id")} - {None}
        if event["type"] == "member.registered.v1":
            known.add(data["member_id"])
        assert named <= known


def test_every_member_and_order_has_one_label(year: list[Week]) -> None:
    labelled = Counter((label.kind, label.id) for week in year for label in week.labels)
    sent = {("member", event["subject"]) for event in events(year) if event["type"] == "member.registered.v1"}
    sent |= {("order", event["subject"]) for event in events(year) if event["type"] == "order.paid.v1"}
    assert set(labelled) == sent
    assert set(labelled.values()) == {1}


def test_every_pattern_is_planted_and_labelled(year: list[Week]) -> None:
    fraud = {label.group for week in year for label in week.labels if label.fraud}
    honest = {label.group for week in year for label in week.labels if not label.fraud}
    assert fraud == {*RINGS, "self_purchase"}
    assert {*LOOK_ALIKES, "ordinary", "live_stream"} <= honest


def test_labels_are_not_sent(year: list[Week]) -> None:
    sent = orjson.dumps(list(events(year))).decode()
    for group in (*RINGS, *LOOK_ALIKES, "fraud"):
        assert f'"{group}"' not in sent


def test_the_small_shop_has_about_three_hundred_members(year: list[Week]) -> None:
    assert 260 <= sum(label.kind == "member" for week in year for label in week.labels) <= 360


def test_base_rates(year: list[Week]) -> None:
    """Six refunds and two cancellations in a hundred honest orders; a carrier's few addresses carry 40 % of them."""
    weeks = [week for seed in range(1, 9) for week in shop_of("small", seed).weeks()]
    honest = {
        label.id for week in weeks for label in week.labels if label.kind == "order" and label.group == "ordinary"
    }
    kinds = Counter(event["type"] for event in events(weeks) if event["subject"] in honest)
    carried = sum(
        event["data"]["ip"].startswith("100.64.")
        for event in events(weeks)
        if event["type"] == "order.paid.v1" and event["subject"] in honest
    )
    assert 0.05 < kinds["order.refunded.v1"] / len(honest) < 0.07
    assert 0.012 < kinds["order.cancelled.v1"] / len(honest) < 0.028
    assert 0.37 < carried / len(honest) < 0.43


def test_buyers_follow_a_power_law(year: list[Week]) -> None:
    buys = Counter(event["data"]["buyer_id"] for event in events(year) if event["type"] == "order.paid.v1")
    busiest = [count for _, count in buys.most_common(len(buys) // 10)]
    assert sum(busiest) > 0.3 * buys.total()


def test_id_cards_have_valid_check_characters(year: list[Week]) -> None:
    assert id_card_check("11010519491231002") == "X"
    assert id_card_check("31010120000229001") == "5"
    cards = [
        shown["value"]
        for event in events(year)
        if event["type"] == "member.identified.v1"
        for shown in event["data"]["identifiers"]
        if shown["kind"] == "id_card"
    ]
    assert len(cards) > 50
    assert all(re.fullmatch(r"\d{17}[\dX]", card) and id_card_check(card[:17]) == card[17] for card in cards)


def test_people_share_nothing_by_accident(year: list[Week]) -> None:
    """Phones, union ids and ID cards belong to one member each; what is shared is planted."""
    owners: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for event in events(year):
        if event["type"] == "member.identified.v1":
            for shown in event["data"]["identifiers"]:
                if shown["kind"] in ("phone", "unionid", "id_card"):
                    owners[shown["kind"], shown["value"]].add(event["subject"])
    assert max(len(members) for members in owners.values()) == 1


def test_a_few_weeks_of_the_large_shop() -> None:
    """The large shop is told week by week; its plan is that of a brand with 12,600 distributors."""
    scale = SCALES["shop"]
    weeks = shop_of("shop", 1).weeks()
    first, second = next(weeks), next(weeks)
    assert first.number == 1
    assert len(second.events) < 100_000
    assert WEEKS == 52
    assert 9_000 < scale.distributors < 12_600
    assert 550_000 < scale.orders < 750_000

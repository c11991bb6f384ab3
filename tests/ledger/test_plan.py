"""Which rule pays whom how much for an order line."""

from datetime import timedelta
from typing import Any

import pytest

from ledger.domain.plan import DEFAULT_DOCUMENT, Plan, earn, in_force, read_plan
from tests.ledger.shop import DEFAULT_PLAN, T0, chain, day, paid


def plan(*rules: dict[str, Any], **other: Any) -> Plan:
    """The default plan with other rules."""
    named = [{"rule_id": f"r{n}", **rule} for n, rule in enumerate(rules, 1)]
    return read_plan({**DEFAULT_DOCUMENT, "rules": named, **other}, 1)


def fen(by: Plan, *lines_fen: int, **order: Any) -> list[int]:
    """What level 1 alone earns per line."""
    return [part.earned_fen for part in earn(by, paid(1, "o", *lines_fen, above=chain("A"), **order))]


def test_default_plan_pays_ten_four_and_one_percent_of_each_line_without_freight() -> None:
    earned = earn(DEFAULT_PLAN, paid(1, "o", 50_000, 33, above=chain("A", "B", "C")))
    assert [(part.level, part.member_id, part.line_id, part.rate_bps, part.earned_fen) for part in earned] == [
        (1, "A", "1", 1000, 5000),
        (1, "A", "2", 1000, 3),
        (2, "B", "1", 400, 2000),
        (2, "B", "2", 400, 1),
        (3, "C", "1", 100, 500),
        (3, "C", "2", 100, 0),
    ]
    assert DEFAULT_PLAN.after_sales_days == 7


def test_a_silent_person_earns_nothing_and_those_above_keep_their_level() -> None:
    earned = earn(DEFAULT_PLAN, paid(1, "o", 10_000, above=chain("A", "B", "C", silent=("B",))))
    assert [(part.member_id, part.earned_fen) for part in earned] == [("A", 1000), ("C", 100)]


def test_half_a_fen_is_rounded_up_per_line() -> None:
    assert fen(DEFAULT_PLAN, 5, 4, 14, 15) == [1, 0, 1, 2]


def test_a_fourth_person_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        earn(DEFAULT_PLAN, paid(1, "o", 100, above=chain("A", "B", "C", "D")))


@pytest.mark.parametrize(
    ("pay", "earned_fen"),
    [
        ({"rate_bps": 1000, "floor_fen": 300}, 300),
        ({"rate_bps": 1000, "cap_fen": 150}, 150),
        ({"rate_bps": 1000, "floor_fen": 5_000}, 2_000),  # never above the line
        ({"fixed_fen": 70}, 210),  # three pieces
        ({"fixed_fen": 70, "rate_bps": 1000}, 410),
        ({"fixed_fen": 1_000}, 2_000),
        ({"rate_bps": 0, "floor_fen": 300}, 0),  # an explicit 0 pays nothing
        ({}, 0),
    ],
)
def test_pay_of_three_pieces_for_twenty_yuan(pay: dict[str, int], earned_fen: int) -> None:
    assert fen(plan({"match": {}, "pay": pay}), 2_000, quantity=3) == [earned_fen]


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        ({"product_id": "p1"}, True),
        ({"product_id": "p2"}, False),
        ({"category": "tea"}, True),
        ({"category": "cups"}, False),
        ({"grade": "B"}, True),
        ({"grade": "S"}, False),
        ({"level": 1}, True),
        ({"level": 2}, False),
        ({"channel": "mini_program"}, True),
        ({"channel": "h5"}, False),
        ({"region": ["浙江", "江苏"]}, True),
        ({"region": ["上海"]}, False),
        ({"from": T0.isoformat()}, True),
        ({"from": (T0 + timedelta(seconds=1)).isoformat()}, False),
        ({"to": T0.isoformat()}, False),
        ({"to": (T0 + timedelta(seconds=1)).isoformat()}, True),
        ({"buyer": "new"}, True),
        ({"buyer": "returning"}, False),
        ({"product_id": "p1", "level": 2}, False),  # all of a match must hold
    ],
)
def test_match(match: dict[str, Any], taken: bool) -> None:
    rule = plan({"match": match, "pay": {"rate_bps": 500}})
    assert fen(rule, 1_000, new_buyer=True, region="浙江") == ([50] if taken else [])


def test_the_first_rule_that_matches_pays_even_if_it_pays_nothing() -> None:
    by = plan(
        {"match": {"product_id": "p1"}, "pay": {"rate_bps": 0}},
        {"match": {"category": "tea"}, "pay": {"rate_bps": 500}},
        {"match": {}, "pay": {"rate_bps": 9_000}},
    )
    earned = earn(by, paid(1, "o", 1_000, 1_000, above=chain("A")))
    assert [(part.rule_id, part.earned_fen) for part in earned] == [("r1", 0), ("r2", 50)]


def test_the_order_cap_is_split_by_largest_remainder_and_ties_go_to_the_lower_level() -> None:
    by = plan({"match": {}, "pay": {"rate_bps": 2_000}}, order_cap_bps=1_000)
    earned = earn(by, paid(1, "o", 1_000, above=chain("A", "B", "C")))
    assert [part.earned_fen for part in earned] == [34, 33, 33]


def test_the_plan_in_force_is_the_last_to_take_effect_by_the_instant() -> None:
    first, later = DEFAULT_PLAN, plan(effective_from=day(3).isoformat())
    second = read_plan(DEFAULT_DOCUMENT, 2)
    assert in_force([first, later], day(2)) is first
    assert in_force([first, later], day(3)) is later
    assert in_force([second, first], day(2)) is second
    assert in_force([later], day(2)) is None

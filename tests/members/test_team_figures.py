"""Figures of a team as of an instant: what distributors sold and earned by then, and who stood where."""

from typing import Any

from tests.graph.test_projector_tree import team
from tests.platform import Shop, at


async def figures(shop: Shop, days: float) -> dict[str, tuple[int, int, int]]:
    """Own and team GMV and commission of everybody below root, zeros left out."""
    found: list[dict[str, Any]] = (await shop.get("/v1/members/root/team", as_of=at(days)))["items"]
    rows = {row["member_id"]: (row["own_gmv_fen"], row["team_gmv_fen"], row["commission_fen"]) for row in found}
    return {member_id: row for member_id, row in rows.items() if any(row)}


async def test_figures_are_those_of_the_instant_asked_for(shop: Shop) -> None:
    """Refunds before and after the settlement, one that was told before its order, a cancellation, a blocked order."""
    await team(shop)
    e = shop.events
    codes = await shop.tell(
        e.refunded("early", "third", 0.5, line_1=10_000),
        e.paid("first", "c1", 50_000, 7_000, days=1, promoter_id="leaf"),
        e.paid("own", "leaf", 9_000, days=1, promoter_id="leaf"),
        e.completed("first", 2),
        e.refunded("r1", "first", 3, line_1=20_000),
        e.paid("second", "c2", 30_000, days=4, promoter_id="mid", freight_fen=900),
        e.paid("third", "c3", 40_000, days=5, promoter_id="leaf"),
        e.refunded("r2", "first", 12, line_1=99_000),
        e.cancelled("second", 13),
    )
    assert set(codes) <= {None, "refund_capped"}
    assert {days: await figures(shop, days) for days in (0.9, 1, 3, 4, 5, 12, 13)} == {
        0.9: {},
        1: {"leaf": (57_000, 0, 5_700), "mid": (0, 57_000, 2_280)},
        3: {"leaf": (37_000, 0, 3_700), "mid": (0, 37_000, 1_480)},
        4: {"leaf": (37_000, 0, 3_700), "mid": (30_000, 37_000, 4_480)},
        5: {"leaf": (67_000, 0, 6_700), "mid": (30_000, 67_000, 5_680)},
        12: {"leaf": (37_000, 0, 3_700), "mid": (30_000, 37_000, 4_480)},
        13: {"leaf": (37_000, 0, 3_700), "mid": (0, 37_000, 1_480)},
    }


async def test_without_an_instant_they_are_those_of_now(shop: Shop) -> None:
    start = await shop.start()
    await shop.move_clock(0, start)
    await team(shop)
    e = shop.events
    await shop.tell(e.paid("o", "c1", 50_000, days=1, start=start, promoter_id="leaf"))
    assert {row["team_gmv_fen"] for row in (await shop.get("/v1/members/root/team"))["items"]} == {0}
    await shop.move_clock(1, start)
    found = (await shop.get("/v1/members/root/team"))["items"]
    assert [(row["member_id"], row["team_count"], row["team_gmv_fen"]) for row in found] == [
        ("mid", 1, 50_000),
        ("leaf", 0, 0),
    ]

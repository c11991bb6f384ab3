"""Every identifier and text is bounded before anything is done with it, and again when its signs were made plain."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import limits
from privacy.kinds import KINDS, compatible, normalise
from tests.platform import Shop

TEXT_KINDS = sorted(KINDS.keys() - {"address"})
ONE_SIGN_IS_EIGHTEEN = "\ufdfa"
HANGZHOU = {"province": "浙江省", "city": "杭州市", "county": "余杭区", "detail": "文一西路969号"}


def identified(shop: Shop, kind: str, value: Any) -> dict[str, Any]:
    identifiers: dict[str, Any] = {kind: value}
    return shop.events.identified("m", **identifiers)


def problems(items: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    return [
        [(error["field"], error["code"]) for error in item["problem"]["errors"]] if item["problem"] else []
        for item in items
    ]


async def test_an_identifier_is_refused_beyond_the_bound_of_its_kind_and_taken_at_it(shop: Shop) -> None:
    most = {kind: KINDS[kind].chars_max for kind in TEXT_KINDS}
    taken = [identified(shop, kind, "1" * most[kind]) for kind in TEXT_KINDS]
    long = [identified(shop, kind, "1" * (most[kind] + 1)) for kind in TEXT_KINDS]
    longer_when_plain = [identified(shop, kind, ONE_SIGN_IS_EIGHTEEN * (most[kind] // 18 + 1)) for kind in TEXT_KINDS]
    assert problems(await shop.answers(*taken)) == [[] for _ in TEXT_KINDS]
    refused = [[("data.identifiers.0.value", "out_of_range")] for _ in TEXT_KINDS]
    assert problems(await shop.answers(*long)) == refused
    assert problems(await shop.answers(*longer_when_plain)) == refused


@pytest.mark.parametrize("part", ["province", "city", "county", "detail"])
async def test_each_part_of_an_address_is_bounded(shop: Shop, part: str) -> None:
    e = shop.events
    most = limits.ADDRESS_CHARS_MAX if part == "detail" else limits.REGION_CHARS_MAX
    texts = ["路" * most, "路" * (most + 1), ONE_SIGN_IS_EIGHTEEN * (most // 18 + 1)]
    orders = [e.paid(f"{part}{n}", "b", address=HANGZHOU | {part: text}) for n, text in enumerate(texts)]
    homes = [identified(shop, "address", HANGZHOU | {part: text}) for text in texts]
    ordered, seen = problems(await shop.answers(*orders)), problems(await shop.answers(*homes))
    assert [[code for _, code in one] for one in ordered] == [[], ["out_of_range"], ["out_of_range"]]
    assert [[code for _, code in one] for one in seen] == [[], ["out_of_range"], ["out_of_range"]]


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.in_orders and kind.name != "address"])
async def test_an_identifier_of_an_order_and_of_a_check_is_bounded(shop: Shop, kind: Any) -> None:
    long = {kind.in_orders: "1" * (kind.chars_max + 1)}
    order = shop.events.paid("o1", "b", **long)
    assert problems(await shop.answers(order)) == [[(f"data.{kind.in_orders}", "out_of_range")]]
    check = {"check_id": "c1", "stage": "order", "order": order["data"]}
    refused = await shop.post("/v1/risk/checks", "pipeline", check, status=422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("out_of_range", f"order.{kind.in_orders}")


async def test_an_identifier_that_a_person_types_is_bounded(shop: Shop) -> None:
    listing = {"kind": "phone", "value": "1" * (limits.PHONE_CHARS_MAX + 1), "reason": "test"}
    assert (await shop.post("/v1/risk/blacklist", "analyst", listing, status=422))["code"] == "out_of_range"
    account = "1" * (limits.PAYOUT_ACCOUNT_CHARS_MAX + 1)
    asked = {"member_id": "m", "amount_fen": 100, "channel": "bank", "payout_account": account}
    assert (await shop.post("/v1/withdrawals", "finance", asked, status=422))["code"] == "out_of_range"


async def test_an_event_is_bounded_in_names_and_in_attributes_nobody_knows(shop: Shop) -> None:
    e = shop.events
    names = {f"n{number}": 1 for number in range(limits.EVENT_NAMES_MAX + 1)}
    wide = [{**e.registered("m"), "data": names}, {**e.registered("m"), **names}]
    assert problems(await shop.answers(*wide)) == [[("event", "out_of_range")]] * 2
    much = {**e.registered("m"), "note": "x" * limits.ATTRIBUTES_BYTES_MAX}
    assert problems(await shop.answers(much)) == [[("extensions", "out_of_range")]]
    await shop.accept(
        {**e.registered("m"), "note": "x" * (limits.ATTRIBUTES_BYTES_MAX - 100)}, e.paid("o1", "b", *([1] * 1_000))
    )


async def test_a_bound_is_told_without_the_value(shop: Shop) -> None:
    secret = "张" * 65
    told = await shop.answers(identified(shop, "phone", secret))
    assert told[0]["problem"]["code"] == "out_of_range" and "张" not in str(told)


@given(kind=st.sampled_from(TEXT_KINDS), text=st.text(max_size=1_000))
def test_nothing_longer_than_its_bound_is_linked_on(kind: str, text: str) -> None:
    most = KINDS[kind].chars_max
    form = compatible(text, most)
    if form is None:
        assert normalise(kind, text) is None
    else:
        assert len(text) <= most and len(form) <= most


@given(part=st.sampled_from(["province", "city", "county", "detail"]), text=st.text(max_size=1_000))
def test_no_address_with_a_longer_part_is_linked_on(part: str, text: str) -> None:
    most = limits.ADDRESS_CHARS_MAX if part == "detail" else limits.REGION_CHARS_MAX
    if compatible(text, most) is None:
        assert normalise("address", HANGZHOU | {part: text}) is None

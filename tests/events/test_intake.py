"""Events by HTTP: repeats, conflicts, what is refused beside what is taken, and what comes too early or too late."""

import asyncio
import json
from typing import Any

import psycopg
import pytest

from events.log import Verified
from tests.platform import Running, Shop, at


def said(items: list[dict[str, Any]]) -> list[tuple[str, int | None, str | None]]:
    return [(item["status"], item["seq"], item["problem"] and item["problem"]["code"]) for item in items]


async def test_the_same_again_gets_the_first_number_and_another_content_is_a_conflict(shop: Shop) -> None:
    e = shop.events
    event = e.registered("m1", entry_channel="poster")
    (seq,) = await shop.accept(event)
    respelled = json.dumps(dict(reversed(event.items())), indent=3, ensure_ascii=False)
    answer = await shop.call("POST", "/v1/events", content=respelled)
    assert said(answer.json()["items"]) == [("duplicate", seq, None)]
    others = [
        {**event, "data": {**event["data"], "entry_channel": "link"}},
        {**event, "time": at(1)},
        {**event, "subject": "m1"},
        {**event, "type": "member.identified.v1", "data": e.identified("m1", phone="13800138000")["data"]},
    ]
    assert said(await shop.answers(*others)) == [("rejected", None, "event_conflict")] * 4
    # attributes nobody knows are no content; another source is another event
    assert said(await shop.answers({**event, "traceparent": "00-1"}, {**event, "source": "till"})) == [
        ("duplicate", seq, None),
        ("accepted", seq + 1, None),
    ]
    assert said(await shop.answers(event)) == [("duplicate", seq, None)]


async def test_answers_come_in_the_order_sent_and_a_bad_event_never_blocks_the_next(shop: Shop) -> None:
    e = shop.events
    first, second, third = (e.registered(name) for name in "abc")
    changed = {**first, "data": {**first["data"], "platform": "app"}}
    bad = {**e.registered("d"), "data": {"member_id": "d"}}
    items = await shop.answers(bad, first, first, {}, second, changed, second, third, bad)
    assert said(items) == [
        ("rejected", None, "missing_field"),
        ("accepted", 1, None),
        ("duplicate", 1, None),
        ("rejected", None, "missing_field"),
        ("accepted", 2, None),
        ("rejected", None, "event_conflict"),
        ("duplicate", 2, None),
        ("accepted", 3, None),
        ("rejected", None, "missing_field"),
    ]
    assert [item["id"] for item in items] == [
        event.get("id") for event in (bad, first, first, {}, second, changed, second, third, bad)
    ]


async def test_many_senders_of_the_same_events_at_once_make_one_log(shop: Shop) -> None:
    e = shop.events
    events = [e.registered(f"m{number}") for number in range(40)]
    answers = await asyncio.gather(*(shop.answers(*events[turn:], *events[:turn]) for turn in range(8)))
    seqs = {(item["id"], item["seq"]) for items in answers for item in items}
    assert len(seqs) == 40 and {seq for _, seq in seqs} == set(range(1, 41))
    assert sum(item["status"] == "accepted" for items in answers for item in items) == 40


async def test_what_comes_before_its_order_is_parked_and_applied_in_order(shop: Shop) -> None:
    e = shop.events
    await shop.tell(e.registered("p"), e.approved("p", days=-1, invited_by=None))
    early = await shop.accept(
        e.refunded("r1", "o1", 3, line_1=20_000),
        e.completed("o1", 2),
        e.completed("o1", 9),
        e.refunded("r2", "o1", 3, line_1=99_999),
    )
    await shop.drain()
    assert [(await shop.outcome(seq))["ledger"] for seq in early] == ["parked"] * 4
    assert await shop.balances("p") == {}
    assert await shop.tell(e.paid("o1", "c", 50_000, promoter_id="p")) == [None]
    outcomes = [await shop.outcome(seq) for seq in early]
    assert [(one["ledger"], one["code"]) for one in outcomes] == [
        ("applied", None),
        ("applied", None),
        ("none", None),
        ("applied", "refund_capped"),
    ]
    found = await shop.get("/v1/orders/o1")
    assert (found["completed_at"], found["lines"][0]["refunded_fen"]) == (at(2), 50_000)
    assert await shop.balances("p") == {}


async def test_refunds_twice_unknown_lines_and_conflicts(shop: Shop) -> None:
    e = shop.events
    await shop.tell(
        e.registered("p"), e.approved("p", days=-1, invited_by=None), e.paid("o1", "c", 10_000, 10_000, promoter_id="p")
    )
    codes = await shop.tell(
        e.refunded("r1", "o1", 2, line_1=1_000),
        e.refunded("r1", "o1", 2, line_1=1_000),
        e.refunded("r1", "o1", 2, line_1=2_000),
        e.refunded("r2", "o1", 2, line_9=2_000),
        e.cancelled("o1", 3),
        e.refunded("r3", "o1", 4, line_1=1),
    )
    assert codes == [None, None, "refund_conflict", "unknown_line", None, "refund_capped"]
    assert [line["refunded_fen"] for line in (await shop.get("/v1/orders/o1"))["lines"]] == [10_000, 10_000]
    assert await shop.balances("p") == {}


async def test_refused_events_are_listed_masked_and_can_be_sent_again(shop: Shop, real_clock_shop: Shop) -> None:
    """What the real clock calls too early, the same intake on a simulated clock takes when it is sent again."""
    e = real_clock_shop.events
    event = e.event("order.paid.v1", e.paid("o1", "c", phone="13912345678")["data"], time="2099-01-01T00:00:00Z")
    personal = {**e.registered("m"), "data": {"member_id": "m", "phnoe": "13912345678"}, "nickname": "13912345678"}
    assert [code for _, _, code in said(await real_clock_shop.answers(event, personal))] == [
        "in_the_future",
        "missing_field",
    ]
    for _ in range(2):  # the same refusal again is one row
        await real_clock_shop.answers(event)
    listed = (await real_clock_shop.get("/v1/events", status="rejected"))["items"]
    assert sorted(item["problem"]["code"] for item in listed) == ["in_the_future", "missing_field"]
    assert "13912345678" not in json.dumps(listed)
    refused = next(item for item in listed if item["problem"]["code"] == "in_the_future")
    assert (refused["id"], refused["via"], refused["event"]["data"]["order_id"]) == (event["id"], "http", "o1")
    assert refused["event"]["data"]["phone"] == "***"

    same_brand = Shop(real_clock_shop.brand, real_clock_shop.keys, shop.http, shop.parts)
    path = f"/v1/events/rejections/{refused['rejection_id']}/resend"
    assert (await shop.call("POST", path)).status_code == 404  # another brand's
    taken = await same_brand.post(path, "pipeline")
    assert (taken["status"], taken["seq"]) == ("accepted", 1)
    await same_brand.drain()
    assert (await same_brand.outcome(1))["ledger"] == "applied"
    listed = (await real_clock_shop.get("/v1/events", status="rejected"))["items"]
    assert [item["problem"]["code"] for item in listed] == ["missing_field"]


async def test_pages_of_refused_events(shop: Shop) -> None:
    await shop.answers(*({"id": f"bad{number}"} for number in range(5)))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await shop.get("/v1/events", status="rejected", limit="2", **cursor)
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == [f"bad{number}" for number in range(5)]


async def test_an_event_shows_its_outcome_in_each_book_and_no_personal_value(shop: Shop) -> None:
    e = shop.events
    seqs = await shop.accept(
        e.identified("m1", phone="13912345678"),
        e.event("promotion.clicked.v1", {"click_id": "k", "link_code": "L", "channel": "h5", "clicked_at": at()}),
        e.suspended("m1", 0),
    )
    await shop.drain()
    found = [await shop.get(f"/v1/events/{seq}") for seq in seqs]
    assert [(one["outcome"]["graph"], one["outcome"]["ledger"], one["outcome"]["code"]) for one in found] == [
        ("applied", "none", None),
        ("none", "none", None),
        ("refused", "none", "not_a_distributor"),
    ]
    assert found[0]["event"]["data"]["identifiers"] == [{"kind": "phone", "value": "***"}]
    assert found[0]["seq"] == seqs[0] and found[0]["accepted_at"].endswith("Z")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE event_log SET data = jsonb_set(data, '{platform}', '\"app\"') WHERE brand = %s AND seq = 2",
        "UPDATE event_log SET accepted_at = accepted_at - interval '1 day' WHERE brand = %s AND seq = 2",
        "UPDATE event_log SET subject = 'x' WHERE brand = %s AND seq = 2",
        "DELETE FROM event_log WHERE brand = %s AND seq = 2",
        "DELETE FROM event_log WHERE brand = %s AND seq >= 2",
    ],
)
async def test_the_hash_chain_shows_tampering(shop: Shop, installation: Running, change: str) -> None:
    """The owner takes the trigger off, changes a row, and puts it on again: the chain tells."""
    e = shop.events
    await shop.tell(*(e.registered(name) for name in "abc"))
    whole = await shop.get("/v1/log/verify")
    assert (whole["ok"], whole["events"]) == (True, 3)
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url) as owner:
        with pytest.raises(psycopg.errors.RestrictViolation):
            async with owner.transaction():
                await owner.execute(change.encode(), [shop.brand])
        async with owner.transaction():
            await owner.execute("ALTER TABLE event_log DISABLE TRIGGER event_log_append_only")
            await owner.execute(change.encode(), [shop.brand])
            await owner.execute("ALTER TABLE event_log ENABLE TRIGGER event_log_append_only")
    found = Verified(**await shop.get("/v1/log/verify"))
    assert (found.ok, found.first_bad_seq) in ((False, 2), (False, 3))

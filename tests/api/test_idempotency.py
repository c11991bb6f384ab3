"""The same write twice is one write: the first answer again, refusals included, whatever happens at the same moment."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx

from brands.room import forget_answers
from core.clock import wall_now
from tests.platform import Shop, at


def replayed(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("idempotent-replay") == "true")


async def with_key(shop: Shop, key: str, path: str, body: Any, role: str = "operator") -> httpx.Response:
    return await shop.call("POST", path, role, json=body, headers={"Idempotency-Key": key})


async def members(shop: Shop) -> None:
    e = shop.events
    await shop.tell(*(e.registered(n) for n in ("p", "c", "d")), e.approved("p", days=-1, invited_by=None))


async def money(shop: Shop, fen: int) -> None:
    """A distributor p with so much available: a tenth of an order that is long settled."""
    await members(shop)
    e = shop.events
    start = await shop.start()
    await shop.tell(e.paid("o", "c", fen * 10, promoter_id="p", start=start), e.completed("o", 2, start=start))
    await shop.move_clock(9, start)
    assert await shop.balances("p") == {"available_fen": fen}


async def test_the_first_answer_again(shop: Shop) -> None:
    await members(shop)
    body = {"member_id": "c", "promoter_id": "p", "channel": "h5", "at": at()}
    first = await with_key(shop, "k1", "/v1/bindings", body)
    again = await with_key(shop, "k1", "/v1/bindings", body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert not replayed(first) and replayed(again) and again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    other = await with_key(shop, "k1", "/v1/bindings", {**body, "channel": "app"})
    assert (other.status_code, other.json()["code"], replayed(other)) == (409, "idempotency_conflict", False)
    # without the key, or with another, it is another request
    assert (await with_key(shop, "k2", "/v1/bindings", body)).json()["code"] == "already_bound"
    assert (await shop.call("POST", "/v1/bindings", "operator", json=body)).json()["code"] == "already_bound"


async def test_refusals_are_first_answers_too(shop: Shop) -> None:
    """Refused by the graph, by the ledger, by the form of the request: what was refused once stays refused."""
    await members(shop)
    cases: list[tuple[str, Any, str, int]] = [
        ("/v1/bindings", {"member_id": "c", "promoter_id": "x", "channel": "h5", "at": at(5)}, "operator", 409),
        ("/v1/withdrawals", {"member_id": "p", "amount_fen": 100, "channel": "wechat"}, "finance", 409),
        ("/v1/withdrawals", {"member_id": "p", "amount_fen": 9, "channel": "wechat"}, "finance", 409),
        ("/v1/withdrawals/wd_nothing/reject", {"reason": "x"}, "finance", 404),
        ("/v1/members/nobody/tokens", {}, "pipeline", 404),
        ("/v1/bindings", {"member_id": "c"}, "operator", 422),
    ]
    for number, (path, body, role, status) in enumerate(cases):
        key = f"refused-{number}"
        first = await with_key(shop, key, path, body, role)
        assert (first.status_code, replayed(first)) == (status, False), first.text
        again = await with_key(shop, key, path, body, role)
        assert (again.content, replayed(again)) == (first.content, True), (path, again.text)
        other = await with_key(shop, key, path, {**body, "more": 1}, role)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict"), (path, other.text)
    # x has become a promoter by now; the old answer stays the answer
    e = shop.events
    await shop.tell(e.registered("x"), e.approved("x", days=-1, invited_by=None))
    assert (await with_key(shop, "refused-0", *cases[0][:2])).json()["code"] == "unknown_member"
    assert (await with_key(shop, "fresh", *cases[0][:2])).status_code == 201


async def test_what_is_never_kept(shop: Shop) -> None:
    await members(shop)
    body = {"member_id": "c", "promoter_id": "p", "channel": "h5"}
    for role, status in (("nobody", 401), ("finance", 403)):
        assert (await with_key(shop, "k", "/v1/bindings", body, role)).status_code == status
    assert (await with_key(shop, "k", "/v1/bindings", body)).status_code == 201


async def test_a_key_belongs_to_one_brand_and_path(shop: Shop, other_shop: Shop) -> None:
    for one in (shop, other_shop):
        await members(one)
        body = {"member_id": "c", "promoter_id": "p", "channel": "h5"}
        assert (await with_key(one, "k", "/v1/bindings", body)).status_code == 201
    moved = {"invited_by": None, "reason": "x"}
    assert (await with_key(shop, "k", "/v1/distributors/p/move", moved)).json()["code"] == "already_bound"


async def test_every_kind_of_write_takes_a_key(shop: Shop) -> None:
    events = [shop.events.registered("a"), {"id": "bad"}]
    first = await with_key(shop, "k", "/v1/events", events, "pipeline")
    again = await with_key(shop, "k", "/v1/events", events, "pipeline")
    assert again.content == first.content and replayed(again)
    assert [item["status"] for item in again.json()["items"]] == ["accepted", "rejected"]
    check = {"check_id": "c1", "stage": "order", "order": shop.events.paid("o", "a")["data"]}
    answers = [await with_key(shop, "k", "/v1/risk/checks", check, "pipeline") for _ in range(2)]
    assert answers[0].json() == answers[1].json() and answers[1].status_code == 200


async def test_keys_of_every_form(shop: Shop) -> None:
    await members(shop)
    body = {"member_id": "c", "promoter_id": "x", "channel": "h5"}
    for key in ("a/b c:{}%00", "k" * 128, "!"):
        answers = [await with_key(shop, key, "/v1/bindings", body) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [409, 409], answers[0].text
        assert replayed(answers[1])
    for key in ("k" * 129, "", "é"):
        headers = [(b"Idempotency-Key", key.encode("latin-1")), (b"Content-Type", b"application/json")]
        headers.append((b"Authorization", f"Bearer {shop.keys['operator']}".encode()))
        answer = await shop.http.post("/v1/bindings", content=json.dumps(body), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key"), key


async def test_ten_withdrawals_with_one_key_are_one(shop: Shop) -> None:
    await money(shop, 10_000)
    body = {"member_id": "p", "amount_fen": 1_000, "channel": "wechat"}
    answers = await asyncio.gather(*(with_key(shop, "k", "/v1/withdrawals", body, "finance") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["withdrawal_id"] for answer in answers}) == 1
    assert sorted(replayed(answer) for answer in answers) == [False, *[True] * 9]
    assert await shop.balances("p") == {"available_fen": 9_000, "in_withdrawal_fen": 1_000}
    listed = await shop.get("/v1/withdrawals", "finance")
    assert len(listed["items"]) == 1

    # ten different ones at once take what is there and no more
    answers = await asyncio.gather(
        *(with_key(shop, f"w{n}", "/v1/withdrawals", {**body, "amount_fen": 2_000}, "finance") for n in range(10))
    )
    codes = sorted(answer.json().get("code", "requested") for answer in answers)
    assert codes == [*["insufficient_available"] * 6, *["requested"] * 4]
    assert await shop.balances("p") == {"available_fen": 1_000, "in_withdrawal_fen": 9_000}


async def test_an_answer_that_was_forgotten_is_found_again_in_the_log(shop: Shop) -> None:
    """First answers are kept for two days; a command stays one command for ever, because its key is its event's id."""
    await members(shop)
    body = {"member_id": "c", "promoter_id": "p", "channel": "h5", "at": at()}

    async def forget(before: datetime) -> None:
        async with shop.parts.postgres.brand(shop.brand) as conn:
            await forget_answers(conn, shop.brand, before)

    first = await with_key(shop, "k", "/v1/bindings", body)
    await forget(wall_now() - timedelta(hours=1))
    assert replayed(await with_key(shop, "k", "/v1/bindings", body))
    await forget(wall_now() + timedelta(hours=1))
    again = await with_key(shop, "k", "/v1/bindings", body)
    assert not replayed(again)
    assert (again.status_code, again.json()) == (201, first.json())

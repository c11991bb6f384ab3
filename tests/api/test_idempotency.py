"""The same write twice is one write: the first answer again, refusals included, whatever happens at the same moment."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from api.app import make_app
from brands.answers import forget_answers
from core import limits
from core.clock import wall_now
from core.stores.postgres import lock
from events import aside
from events.consumer import consumer_lock
from ops.wiring import CONTRACTS, open_platform
from tests.platform import NewShop, Running, Shop, at


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
        ("/v1/brands", {"brand": "UPPER"}, "owner", 422),
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


async def test_what_is_not_there_yet_is_not_kept(shop: Shop) -> None:
    """Whether it is nowhere or somebody else's: it is asked for anew."""
    await members(shop)
    cases: list[tuple[str, Any, str]] = [
        ("/v1/withdrawals/wd_nothing/reject", {"reason": "x"}, "finance"),
        ("/v1/members/late/tokens", {}, "pipeline"),
        ("/v1/withdrawals", {"member_id": "c", "amount_fen": 100, "channel": "wechat"}, await shop.token("p")),
    ]
    for path, body, role in cases:
        for _ in range(2):
            answer = await with_key(shop, "k", path, body, role)
            assert (answer.status_code, replayed(answer)) == (404, False), answer.text
    await shop.tell(shop.events.registered("late"))
    assert (await with_key(shop, "k", "/v1/members/late/tokens", {}, "pipeline")).status_code == 201


async def test_a_key_belongs_to_one_person(shop: Shop) -> None:
    """Neither do strangers get an answer, nor can they spend a key, however they are called."""
    await money(shop, 10_000)
    e = shop.events
    await shop.tell(e.registered("finance"))
    body = {"member_id": "p", "amount_fen": 1_000, "channel": "wechat"}
    stranger = await with_key(shop, "k", "/v1/withdrawals", body, await shop.token("finance"))
    assert stranger.status_code == 404
    own = await with_key(shop, "k", "/v1/withdrawals", body, "finance")
    assert (own.status_code, replayed(own)) == (201, False)
    stranger = await with_key(shop, "k", "/v1/withdrawals", body, await shop.token("finance"))
    assert (stranger.status_code, replayed(stranger)) == (404, False)
    found = {own.json()["withdrawal_id"]}
    for number, person in enumerate(("finance2", "admin", await shop.token("p")), 2):
        other = await with_key(shop, "k", "/v1/withdrawals", body, person)
        assert (other.status_code, replayed(other)) == (201, False)
        found.add(other.json()["withdrawal_id"])
        assert len(found) == number
    assert replayed(await with_key(shop, "k", "/v1/withdrawals", body, "finance"))
    assert await shop.balances("p") == {"available_fen": 6_000, "in_withdrawal_fen": 4_000}


async def kept_bodies(shop: Shop) -> list[bytes]:
    async with shop.parts.postgres.brand(shop.brand) as conn:
        found = await conn.execute("SELECT body FROM first_answer WHERE body IS NOT NULL")
        return [bytes(row[0]) for row in await found.fetchall()]


async def test_secrets_are_shown_once_and_kept_nowhere(new_shop: NewShop) -> None:
    owner = await new_shop(owner=True)
    await members(owner)
    cases: list[tuple[str, Any, str, str]] = [
        ("/v1/brands", {"brand": f"s{owner.brand}"}, "admin", "keys"),
        ("/v1/members/c/tokens", {}, "pipeline", "token"),
    ]
    for path, body, role, secret in cases:
        first = await with_key(owner, "k", path, body, role)
        assert first.status_code == 201, first.text
        again = await with_key(owner, "k", path, body, role)
        assert (again.status_code, replayed(again)) == (201, True)
        said = first.json()
        hidden = said.pop(secret)
        assert again.json() == {**said, "shown": "once"}
        for text in hidden.values() if isinstance(hidden, dict) else [hidden]:
            assert not [kept for kept in await kept_bodies(owner) if text.encode() in kept]
    assert len(await kept_bodies(owner)) == 2


async def test_a_key_whose_request_is_worked_on_is_waited_for(shop: Shop) -> None:
    """The same request gets the first answer, another is in conflict at once."""
    await members(shop)
    body = {"member_id": "c", "promoter_id": "p", "channel": "h5", "at": at()}
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await lock(conn, consumer_lock(shop.brand, "graph"))
        first = asyncio.create_task(with_key(shop, "k", "/v1/bindings", body))
        while not await claims(shop):  # noqa: ASYNC110 -- it is claimed in the API
            await asyncio.sleep(0.02)
        other = await with_key(shop, "k", "/v1/bindings", {**body, "channel": "app"})
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
        second = asyncio.create_task(with_key(shop, "k", "/v1/bindings", body))
        await asyncio.sleep(0.1)
    answers = await asyncio.gather(first, second)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [replayed(answer) for answer in answers] == [False, True]


async def claims(shop: Shop) -> int:
    async with shop.parts.postgres.brand(shop.brand) as conn:
        found = await conn.execute("SELECT count(*) FROM first_answer WHERE claimed_by IS NOT NULL")
        row = await found.fetchone()
    return int(row[0]) if row else 0


async def as_if_killed_at_work(installation: Running, shop: Shop, *, until: datetime) -> None:
    """Put every kept answer back to a claim that nobody will ever settle."""
    async with await psycopg.AsyncConnection.connect(installation.settings.postgres_url) as owner:
        await owner.execute(
            "UPDATE first_answer SET status = NULL, headers = NULL, body = NULL, claimed_by = 'killed',"
            " claimed_until = %s WHERE brand = %s",
            [until, shop.brand],
        )


async def test_the_claim_of_a_killed_process_is_taken_over_and_the_work_is_done_once(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await money(shop, 10_000)
    body = {"member_id": "p", "amount_fen": 1_000, "channel": "wechat"}
    first = await with_key(shop, "k", "/v1/withdrawals", body, "finance")
    assert first.status_code == 201
    await as_if_killed_at_work(installation, shop, until=wall_now() + timedelta(hours=1))
    with monkeypatch.context() as patch:
        patch.setattr(limits, "COMMAND_WAIT_SECONDS_MAX", 0.2)
        held = await with_key(shop, "k", "/v1/withdrawals", body, "finance")
    assert (held.status_code, held.json()["code"]) == (409, "in_progress")
    assert int(held.headers["retry-after"]) >= 1
    await as_if_killed_at_work(installation, shop, until=wall_now() + timedelta(seconds=0.3))
    answers = await asyncio.gather(*(with_key(shop, "k", "/v1/withdrawals", body, "finance") for _ in range(5)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, first.content)}
    assert sorted(replayed(answer) for answer in answers) == [False, True, True, True, True]
    await as_if_killed_at_work(installation, shop, until=wall_now())
    other = await with_key(shop, "k", "/v1/withdrawals", {**body, "amount_fen": 2_000}, "finance")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert await shop.balances("p") == {"available_fen": 9_000, "in_withdrawal_fen": 1_000}


async def test_a_brand_whose_maker_was_killed_was_made_by_the_same_request(
    installation: Running, new_shop: NewShop
) -> None:
    """Its keys went with the answer; another key or another request meets a brand that exists."""
    owner = await new_shop(owner=True)
    body = {"brand": f"s{owner.brand}"}
    assert (await with_key(owner, "k", "/v1/brands", body, "admin")).status_code == 201
    await as_if_killed_at_work(installation, owner, until=wall_now())
    for again in [await with_key(owner, "k", "/v1/brands", body, "admin") for _ in range(2)]:
        assert (again.status_code, again.json()) == (201, {**body, "shown": "once"})
    for key in ("other", None):
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = await owner.call("POST", "/v1/brands", "admin", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "brand_exists")


async def test_a_replay_whose_asker_was_killed_is_answered_as_taken(installation: Running, shop: Shop) -> None:
    """Though the event waits no longer: it was dealt with at the place of this replay."""
    (seq,) = await shop.accept(shop.events.registered("m"))
    await shop.drain()
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await aside.put(conn, shop.brand, "graph", {seq: "a defect"}, wall_now())
    path, body = f"/v1/events/{seq}/replay", {"reason": "mended"}
    first = await with_key(shop, "k", path, body, "admin")
    assert (first.status_code, first.json()["consumers"]) == (202, ["graph"])
    await shop.drain()
    await as_if_killed_at_work(installation, shop, until=wall_now())
    again = await with_key(shop, "k", path, body, "admin")
    assert (again.status_code, again.json(), replayed(again)) == (202, first.json(), False)
    assert (await with_key(shop, "other", path, body, "admin")).status_code == 404


async def test_a_claim_is_held_for_as_long_as_the_work_goes_on(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await members(shop)
    monkeypatch.setattr(limits, "CLAIM_SECONDS", 0.3)
    body = {"member_id": "c", "promoter_id": "p", "channel": "h5", "at": at()}
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await lock(conn, consumer_lock(shop.brand, "graph"))
        first = asyncio.create_task(with_key(shop, "k", "/v1/bindings", body))
        await asyncio.sleep(1)  # three times as long as the claim
        second = asyncio.create_task(with_key(shop, "k", "/v1/bindings", body))
        await asyncio.sleep(0.5)
    answers = await asyncio.gather(first, second)
    assert [(answer.status_code, replayed(answer)) for answer in answers] == [(201, False), (201, True)]


async def test_keyed_work_holds_nothing_that_others_wait_for(shop: Shop, other_shop: Shop) -> None:
    """A hundred keyed writes wait for a graph that stands still: the other brand's are done, and no store is away."""
    for one in (shop, other_shop):
        await members(one)
    body = {"promoter_id": "p", "channel": "h5", "at": at()}
    await shop.tell(*(shop.events.registered(f"c{n}") for n in range(100)))
    async with shop.parts.postgres.brand(shop.brand) as conn:
        await lock(conn, consumer_lock(shop.brand, "graph"))
        standing = [
            asyncio.create_task(with_key(shop, f"k{n}", "/v1/bindings", {**body, "member_id": f"c{n}"}))
            for n in range(100)
        ]
        while await claims(shop) < 50:  # noqa: ASYNC110 -- they are claimed in the API
            await asyncio.sleep(0.02)
        events = [other_shop.events.registered(f"c{n}") for n in range(10)]
        sent = await with_key(other_shop, "e", "/v1/events", events, "pipeline")
        assert {item["status"] for item in sent.json()["items"]} == {"accepted"}
        bound = await with_key(other_shop, "b", "/v1/bindings", {**body, "member_id": "c"})
        assert bound.status_code == 201, bound.text
    codes = {answer.json().get("code") for answer in await asyncio.gather(*standing)}
    assert codes <= {None, "still_working"}  # the graph may need longer than a command waits, but no store is away
    await shop.drain()
    for n in range(100):
        done = await with_key(shop, f"k{n}", "/v1/bindings", {**body, "member_id": f"c{n}"})
        assert done.status_code == 201, done.text


async def test_a_keyed_check_works_without_postgres_as_one_without_a_key(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await members(shop)
    check = {"check_id": "c1", "stage": "order", "order": shop.events.paid("o", "c", promoter_id="p")["data"]}
    async with gate(installation.settings.postgres_url) as (url, shut):
        settings = installation.settings.model_copy(update={"postgres_url": url})
        app = make_app(lambda: open_platform(settings), CONTRACTS)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(base_url=installation.url, transport=transport, timeout=30) as client:
                served = Shop(shop.brand, shop.keys, client, shop.parts, shop.events)
                warm = await with_key(served, "k1", "/v1/risk/checks", check, "pipeline")
                assert warm.json()["outcome"] == "allow"
                await shut()
                answers = [
                    await with_key(served, "k2", "/v1/risk/checks", {**check, "check_id": "c2"}, "pipeline")
                    for _ in range(2)
                ]
                answers.append(await served.call("POST", "/v1/risk/checks", json={**check, "check_id": "c3"}))
                for answer in answers:
                    assert answer.status_code == 200, answer.text
                    assert (answer.json()["outcome"], answer.json()["missing"]) == ("review", ["postgres"])
                bound = {"member_id": "c", "promoter_id": "p", "channel": "h5"}
                away = await with_key(served, "k", "/v1/bindings", bound)
                assert (away.status_code, away.json()["code"]) == (503, "postgres_unavailable")
                assert int(away.headers["retry-after"]) >= 1


@asynccontextmanager
async def gate(url: str) -> AsyncIterator[tuple[str, Callable[[], Awaitable[None]]]]:
    """A way to a server that can be shut: its address, and what shuts it for good."""
    parts = urlsplit(url)
    inside: list[asyncio.StreamWriter] = []

    async def pass_through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(parts.hostname, parts.port)
        inside.extend((writer, inner_writer))
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer), return_exceptions=True)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def shut() -> None:
        server.close()
        for writer in inside:
            writer.close()

    server = await asyncio.start_server(pass_through, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    login = parts.netloc.rpartition("@")[0]
    try:
        yield urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}")), shut
    finally:
        await shut()


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
    assert [replayed(answer) for answer in answers] == [False, True]


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


@pytest.mark.parametrize(
    "member", ["%00", "%ff", "x" * 3_000, "%E6%96%87" * 3_000], ids=["nul", "bytes", "long", "wide"]
)
async def test_paths_of_every_form_take_a_key(shop: Shop, member: str) -> None:
    body = {"invited_by": "p", "reason": "x"}
    answers = [await with_key(shop, "k", f"/v1/distributors/{member}/move", body) for _ in range(2)]
    assert {answer.status_code for answer in answers} <= {409, 422}, answers[0].text
    assert answers[0].json() == answers[1].json()


async def test_headers_that_say_what_is_asked_belong_to_the_request(shop: Shop) -> None:
    """An event in binary mode has its attributes there, and a caller its preferences."""
    event = shop.events.registered("m")
    data = event.pop("data")

    async def send(key: str, *, event_id: str, **headers: str) -> httpx.Response:
        attributes = {f"ce-{name}": value for name, value in {**event, "id": event_id}.items()}
        named = {"Idempotency-Key": key, **attributes, **headers}
        return await shop.call("POST", "/v1/events", json=data, headers=named)

    first = await send("k", event_id="e1")
    again = await send("k", event_id="e1")
    assert replayed(again) and again.content == first.content
    assert (await send("s", event_id="e1", Prefer="status=strict")).status_code == 200
    strict = await send("s", event_id="e1", Prefer="status=strict")
    assert (replayed(strict), strict.headers["preference-applied"]) == (True, "status=strict")
    for other in (await send("k", event_id="e2"), await send("k", event_id="e1", Prefer="status=strict")):
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    (item,) = (await send("l", event_id="e2")).json()["items"]
    assert (item["id"], item["status"]) == ("e2", "accepted")


async def test_another_request_under_a_key_does_not_hide_what_became_of_the_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is told to ask again; the key is claimed by another request in between."""
    await members(shop)
    body = {"member_id": "c", "promoter_id": "p", "channel": "h5", "at": at()}
    with monkeypatch.context() as patch:
        patch.setattr(limits, "COMMAND_WAIT_SECONDS_MAX", 0.2)
        async with shop.parts.postgres.brand(shop.brand) as conn:
            await lock(conn, consumer_lock(shop.brand, "graph"))
            waits = await with_key(shop, "k", "/v1/bindings", body)
            assert (waits.status_code, waits.json()["code"]) == (503, "still_working")
            other = await with_key(shop, "k", "/v1/bindings", {**body, "channel": "app"})
            assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    await shop.drain()
    assert (await with_key(shop, "k", "/v1/bindings", body)).status_code == 201


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

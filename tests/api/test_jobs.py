"""Jobs over HTTP: started and waited for, looked at by whoever may start them, followed, ended."""

from __future__ import annotations

import json

import pytest

from api.jobs import result_of
from core import limits
from core.clock import wall_now
from core.errors import Refusal, unavailable
from core.stores.turns import free_turn
from events import jobs
from events.jobs import turn_name
from tests.platform import Shop

OBJECT = {
    "job_id", "kind", "state", "done", "total", "taken_up", "started_at", "finished_at", "result", "problem",
}  # fmt: skip


async def test_a_job_is_started_and_waited_for(shop: Shop) -> None:
    assert await shop.post("/v1/ops/run", "admin", {"job": "settle"}) == {
        "job": "settle",
        "done": True,
        "count": 0,
        "settled": 0,
    }
    assert (await shop.post("/v1/ops/run", "admin", {"job": "rebuild_graph"}))["count"] == 0
    assert (await shop.get("/v1/consistency"))["ok"]
    listed = await shop.get("/v1/jobs", "admin")
    assert [item["kind"] for item in listed["items"]] == ["consistency", "rebuild_graph", "settle"]
    assert all(set(item) == OBJECT and item["state"] == "done" for item in listed["items"])
    for item in listed["items"]:
        assert await shop.get(f"/v1/jobs/{item['job_id']}", "admin") == item


async def test_a_job_is_seen_by_whoever_may_start_its_kind(shop: Shop, other_shop: Shop) -> None:
    await shop.post("/v1/ops/run", "admin", {"job": "settle"})
    await shop.get("/v1/consistency")
    settled = (await shop.get("/v1/jobs", "admin", kind="settle"))["items"][0]["job_id"]
    (mine,) = (await shop.get("/v1/jobs", "analyst"))["items"]
    assert mine["kind"] == "consistency" and mine["result"]["ok"]
    assert (await shop.get("/v1/jobs", "finance"))["items"] == []
    assert (await shop.get("/v1/jobs", "analyst", kind="settle"))["items"] == []
    assert (await shop.get("/v1/jobs", "admin", state="failed"))["items"] == []
    for path in (f"/v1/jobs/{settled}", f"/v1/jobs/{settled}/events"):
        assert (await shop.call("GET", path, "analyst")).status_code == 404
        assert (await other_shop.call("GET", path, "admin")).status_code == 404
    assert (await other_shop.call("POST", f"/v1/jobs/{settled}/cancel", "admin")).status_code == 404


async def test_jobs_come_in_pages_the_latest_first(shop: Shop) -> None:
    for _ in range(3):
        await shop.post("/v1/ops/run", "admin", {"job": "settle"})
    first = await shop.get("/v1/jobs", "admin", limit="2")
    second = await shop.get("/v1/jobs", "admin", limit="2", cursor=first["next_cursor"])
    ids = [item["job_id"] for page in (first, second) for item in page["items"]]
    assert len(ids) == len(set(ids)) == 3 and second["next_cursor"] is None
    whole = await shop.get("/v1/jobs", "admin")
    assert [item["job_id"] for item in whole["items"]] == ids


async def test_who_waits_too_long_is_told_where_to_look_and_can_follow_and_end_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "JOB_WAIT_SECONDS_MAX", 0)
    async with free_turn(shop.parts.postgres, turn_name(shop.brand, "consistency")) as held:
        assert held is not None  # no worker begins it
        answer = await shop.call("GET", "/v1/consistency", "analyst")
        said = answer.json()
        assert answer.status_code == 202
        assert said == {"job_id": said["job_id"], "kind": "consistency", "state": "queued", "done": 0, "total": None}
        path = answer.headers["Location"]
        assert path == f"/v1/jobs/{said['job_id']}"
        assert (await shop.call("GET", "/v1/consistency", "auditor")).json() == said  # joined
        seen = []
        key = {"Authorization": f"Bearer {shop.keys['analyst']}"}
        async with shop.http.stream("GET", f"{path}/events", headers=key) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            async for line in stream.aiter_lines():
                if not line.startswith("data:"):
                    continue
                seen.append(json.loads(line.removeprefix("data:")))
                if len(seen) == 1:
                    cancelled = await shop.post(f"{path}/cancel", "analyst")
    assert [one["state"] for one in seen] == ["queued", "cancelled"] and set(seen[0]) == OBJECT
    assert seen[-1] == cancelled == await shop.get(path, "analyst")
    assert await shop.post(f"{path}/cancel", "analyst") == cancelled  # it stays as it is


async def test_a_job_that_failed_answers_with_its_problem(shop: Shop) -> None:
    async with free_turn(shop.parts.postgres, turn_name(shop.brand, "consistency")) as held:
        assert held is not None
        async with shop.parts.postgres.brand(shop.brand) as conn:
            job_id = await jobs.ask(conn, shop.brand, "consistency", {}, wall_now())
            for _ in range(limits.POISON_TRIES_MAX):
                assert await jobs.take(conn, shop.brand, "consistency", wall_now()) is not None
    answer = await shop.call("GET", "/v1/consistency", "analyst")
    assert (answer.status_code, answer.json()["code"]) == (500, "job_lost")
    found = await shop.get(f"/v1/jobs/{job_id}", "analyst")
    assert (found["state"], found["problem"]["code"]) == ("failed", "job_lost")


async def test_asking_for_the_head_starts_and_follows_nothing(shop: Shop) -> None:
    head = await shop.call("HEAD", "/v1/consistency", "analyst")
    assert (head.status_code, head.headers["content-type"]) == (200, "application/json")
    assert (await shop.get("/v1/jobs", "analyst"))["items"] == []
    async with free_turn(shop.parts.postgres, turn_name(shop.brand, "consistency")) as held:
        assert held is not None  # a job that does not end would be followed for ever
        async with shop.parts.postgres.brand(shop.brand) as conn:
            job_id = await jobs.ask(conn, shop.brand, "consistency", {}, wall_now())
        head = await shop.call("HEAD", f"/v1/jobs/{job_id}/events", "analyst")
    assert head.status_code == 200 and head.headers["content-type"].startswith("text/event-stream")


async def test_a_store_that_was_away_says_when_to_ask_again(shop: Shop) -> None:
    async with free_turn(shop.parts.postgres, turn_name(shop.brand, "consistency")) as held:
        assert held is not None
        async with shop.parts.postgres.brand(shop.brand) as conn:
            job_id = await jobs.ask(conn, shop.brand, "consistency", {}, wall_now())
            assert await jobs.take(conn, shop.brand, "consistency", wall_now()) is not None
            away = unavailable("neo4j")
            await jobs.finish(conn, shop.brand, job_id, "failed", wall_now(), problem=away.as_problem())
            record = await jobs.read(conn, shop.brand, job_id)
    assert record is not None
    with pytest.raises(Refusal) as raised:
        result_of(record)
    assert raised.value == away

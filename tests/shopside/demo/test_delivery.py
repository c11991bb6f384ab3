"""Delivery in steps: what is sent when, and that an interrupted run simply goes on."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from shopside.client import PlatformClient
from shopside.demo.delivery import ShopRejected, Tally, deliver
from shopside.demo.scales import WEEKS
from shopside.demo.shop import shop_of


class Recorder(httpx.AsyncBaseTransport):
    """Answers like an intake that takes everything, and writes down what was asked in which order."""

    def __init__(self, *, simulated: bool = True, now: str = "2025-11-03T00:00:00Z") -> None:
        self.calls: list[tuple[str, Any]] = []
        self.seen: set[str] = set()
        self.simulated, self.now = simulated, now
        self.degraded_checks = 0
        self.reject: str | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        path = request.url.path
        self.calls.append((path, body))
        if path == "/v1/events":
            items = []
            for event in body or ():
                if event["type"] == self.reject:
                    problem = {"status": 422, "code": "unknown_field", "detail": "no", "errors": []}
                    items.append({"id": event["id"], "status": "rejected", "problem": problem})
                    continue
                status = "duplicate" if event["id"] in self.seen else "accepted"
                self.seen.add(event["id"])
                items.append({"id": event["id"], "status": status, "seq": 1, "problem": None})
            return httpx.Response(200, json={"items": items})
        if path == "/v1/risk/checks":
            missing = ["redis"] if self.degraded_checks else []
            self.degraded_checks = max(self.degraded_checks - 1, 0)
            return httpx.Response(200, json={"outcome": "allow", "missing": missing})
        if path == "/v1/ops/clock" and body:
            if body["now"] < self.now:
                return httpx.Response(409, json={"code": "clock_backwards", "status": 409})
            self.now = body["now"]
        return httpx.Response(200, json={"now": self.now, "simulated": self.simulated})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    keys = {"pipeline": "p", "admin": "a", "auditor": "r", "analyst": "n"}
    content = {"base_url": "http://shop.test", "brands": {"demo": {"keys": keys}}}
    (tmp_path / "credentials.json").write_text(json.dumps(content))
    return tmp_path


async def run(data: Path, recorder: Recorder) -> Tally:
    client = PlatformClient(data, "demo", transport=recorder)
    try:
        return await deliver(client, shop_of("small", 1), data / "demo-labels.jsonl", lambda weeks, tally: None)
    finally:
        await client.close()


async def test_each_week_goes_in_five_steps(data: Path) -> None:
    recorder = Recorder()
    await run(data, recorder)
    steps: list[str] = []
    for path, body in recorder.calls[1:]:
        if path == "/v1/events":
            completions = {event["type"] == "order.completed.v1" for event in body}
            assert len(completions) == 1, "completions travel apart from everything else"
            steps.append("completions" if completions == {True} else "events")
        else:
            steps.append(path.removeprefix("/v1/ops/").removeprefix("/v1/risk/"))
    weeks = " ".join(steps).split(" clock")
    assert weeks.pop() == ""
    assert len(weeks) == WEEKS
    assert set(weeks[:40]) <= {"events drain drain", " events drain drain", " events drain completions drain"}
    assert all(" drain checks events" in week for week in weeks[-6:])
    assert all(week.endswith("drain completions drain") for week in weeks[-6:])


async def test_a_second_run_sends_the_same_and_moves_nothing_back(data: Path) -> None:
    recorder = Recorder()
    first = await run(data, recorder)
    before = recorder.now
    labels = (data / "demo-labels.jsonl").read_bytes()
    second = await run(data, recorder)
    assert first.statuses == {"accepted": first.events.total()}
    assert second.statuses == {"duplicate": first.events.total()}
    assert recorder.now == before
    assert (data / "demo-labels.jsonl").read_bytes() == labels
    assert ("/v1/ops/run", {"job": "settle"}) in recorder.calls


async def test_with_the_real_clock_each_week_ends_with_a_settlement(data: Path) -> None:
    recorder = Recorder(simulated=False, now="2027-01-01T00:00:00Z")
    await run(data, recorder)
    assert recorder.calls.count(("/v1/ops/run", {"job": "settle"})) == WEEKS
    assert all(body is None for path, body in recorder.calls if path == "/v1/ops/clock")


async def test_a_year_that_ends_after_the_real_clock_is_refused_before_anything_is_sent(data: Path) -> None:
    recorder = Recorder(simulated=False, now="2026-01-01T00:00:00Z")
    with pytest.raises(ValueError, match="--clock simulated"):
        await run(data, recorder)
    assert [path for path, _ in recorder.calls] == ["/v1/ops/clock"]


async def test_checks_are_asked_before_the_payment_of_their_order(data: Path) -> None:
    recorder = Recorder()
    tally = await run(data, recorder)
    paid: set[str] = set()
    checked: list[str] = []
    for path, body in recorder.calls:
        if path == "/v1/risk/checks":
            assert body["check_id"] == f"check-{body['order']['order_id']}"
            assert body["order"]["order_id"] not in paid
            checked.append(body["order"]["order_id"])
        elif path == "/v1/events":
            paid |= {event["subject"] for event in body if event["type"] == "order.paid.v1"}
    assert 40 <= len(checked) <= 50
    assert len(set(checked)) == len(checked)
    assert set(checked) <= paid
    assert tally.checks == {"allow": len(checked)}


async def test_a_check_without_its_sources_is_asked_again_under_another_id(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopside.demo.delivery._CHECK_PAUSE_S", 0.0)
    recorder = Recorder()
    recorder.degraded_checks = 2
    await run(data, recorder)
    ids = [body["check_id"] for path, body in recorder.calls if path == "/v1/risk/checks"]
    assert ids[1:3] == [f"{ids[0]}-2", f"{ids[0]}-3"]
    assert ids[3].count("-") == ids[0].count("-")


async def test_a_rejected_event_stops_the_run_and_is_named(data: Path) -> None:
    recorder = Recorder()
    recorder.reject = "order.paid.v1"
    with pytest.raises(ShopRejected, match=r"o1-\d+\.paid: unknown_field"):
        await run(data, recorder)
    assert not (data / "demo-labels.jsonl").exists()

"""The client: bodies within the bounds, outages waited out, refusals told apart from outages."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from core.errors import Refusal
from core.limits import BODY_BYTES_MAX, EVENTS_PER_BATCH_MAX
from shopside.client import CredentialsMissing, Outage, PlatformClient, batches, read_credentials

Answering = Callable[[httpx.Request], httpx.Response]


def write_credentials(data: Path, base_url: str) -> None:
    content = {"base_url": base_url, "brands": {"demo": {"keys": {"pipeline": "secret-p", "admin": "secret-a"}}}}
    (data / "credentials.json").write_text(json.dumps(content))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_credentials(tmp_path, "http://first.test")
    return tmp_path


def client(data: Path, answer: Answering, outage_wait_s_max: float = 10.0) -> PlatformClient:
    return PlatformClient(data, "demo", httpx.MockTransport(answer), outage_wait_s_max)


def test_batches_keep_the_order_and_the_bounds() -> None:
    small = [b"%d" % number for number in range(2_500)]
    assert [len(batch) for batch in batches(small)] == [EVENTS_PER_BATCH_MAX, EVENTS_PER_BATCH_MAX, 500]
    assert [event for batch in batches(small) for event in batch] == small


def test_batches_stay_below_two_megabytes() -> None:
    large = [b"x" * 700_000] * 5
    bodies = [b"[" + b",".join(batch) + b"]" for batch in batches(large)]
    assert [len(batch) for batch in batches(large)] == [2, 2, 1]
    assert all(len(body) <= BODY_BYTES_MAX for body in bodies)


def test_a_batch_may_fill_the_body_to_the_last_byte() -> None:
    whole = (BODY_BYTES_MAX - 2 - 1) // 2
    exact = [b"x" * whole, b"x" * (BODY_BYTES_MAX - 3 - whole)]
    assert len(list(batches(exact))) == 1
    assert len(list(batches([exact[0], exact[1] + b"x"]))) == 2


async def test_an_outage_is_waited_out_with_the_same_body(data: Path) -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        if len(bodies) == 1:
            raise httpx.ConnectError("refused")
        if len(bodies) == 2:
            return httpx.Response(503, json={"code": "postgres_unavailable"})
        if len(bodies) == 3:
            return httpx.Response(429, headers={"Retry-After": "0"}, json={"code": "too_many_requests"})
        return httpx.Response(200, json={"items": [{"id": "e1", "status": "accepted", "seq": 1, "problem": None}]})

    answers = await client(data, answer).send([b'{"id": "e1"}'])
    assert bodies == [b'[{"id": "e1"}]'] * 4
    assert [one.status for one in answers] == ["accepted"]


async def test_a_restarted_platform_is_found_on_its_new_address(data: Path) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host == "first.test":
            write_credentials(data, "http://second.test")
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={"now": None, "simulated": True})

    assert (await client(data, answer).clock())["simulated"] is True
    assert asked == ["first.test", "second.test"]


async def test_an_outage_that_does_not_end_is_told(data: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Outage, match="GET /v1/ops/clock"):
        await client(data, answer, outage_wait_s_max=0.3).clock()


async def test_a_refusal_is_not_tried_again(data: Path) -> None:
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(403, json={"status": 403, "code": "forbidden_role", "detail": "another role"})

    with pytest.raises(Refusal) as refused:
        await client(data, answer).drain()
    assert (refused.value.status, refused.value.code, asked) == (403, "forbidden_role", 1)


async def test_each_call_carries_the_key_of_its_role(data: Path) -> None:
    keys: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        keys[request.url.path] = request.headers["Authorization"]
        return httpx.Response(200, json={"items": [], "outcome": "allow"})

    opened = client(data, answer)
    await opened.send([])
    await opened.check("c1", {"order_id": "o1"})
    await opened.run("settle")
    assert keys == {
        "/v1/events": "Bearer secret-p",
        "/v1/risk/checks": "Bearer secret-p",
        "/v1/ops/run": "Bearer secret-a",
    }


def test_missing_credentials_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CredentialsMissing, match="trefoil up"):
        read_credentials(tmp_path, "demo")
    write_credentials(tmp_path, "http://first.test")
    with pytest.raises(CredentialsMissing, match="trefoil brand add other"):
        read_credentials(tmp_path, "other")

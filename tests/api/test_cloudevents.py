"""Every CloudEvents mode over HTTP, as the public SDK writes it, and a status of its own for who asks."""

import base64
import json
from datetime import datetime
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.platform import T0, Shop, at

STRICT = {"Prefer": "status=strict"}


def completed(event_id: str, order_id: str = "o1", *, at_once: bool = True, as_bytes: bool = False) -> CloudEvent:
    data: dict[str, Any] = {"order_id": order_id, "completed_at": at() if at_once else 5}
    attributes = {
        "id": event_id,
        "source": "shop/茶",
        "type": "order.completed.v1",
        "time": datetime.fromisoformat(T0.isoformat()),
        "subject": order_id,
        "datacontenttype": "application/json",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    return CloudEvent(attributes, json.dumps(data).encode() if as_bytes else data)


async def sent(shop: Shop, message: HTTPMessage, **headers: str) -> httpx.Response:
    return await shop.call("POST", "/v1/events", content=message.body, headers={**message.headers, **headers})


async def kept(shop: Shop, answer: httpx.Response) -> Any:
    """The event of the log that an answer speaks of."""
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    assert item["status"] == "accepted", item
    return (await shop.get(f"/v1/events/{item['seq']}"))["event"]


@pytest.mark.parametrize("as_bytes", [False, True], ids=["data", "bytes"])
@pytest.mark.parametrize("write", [to_structured_event, to_binary_event], ids=["structured", "binary"])
async def test_what_the_sdk_writes_is_kept(shop: Shop, write: Any, as_bytes: bool) -> None:
    message = write(completed("e1", as_bytes=as_bytes))
    event = await kept(shop, await sent(shop, message))
    assert event == {
        "id": "e1",
        "source": "shop/茶",
        "type": "order.completed.v1",
        "subject": "o1",
        "time": event["time"],
        "data": {"order_id": "o1", "completed_at": at()},
    }
    assert datetime.fromisoformat(event["time"]) == T0


async def test_a_batch_of_what_the_sdk_writes_is_kept_in_order(shop: Shop) -> None:
    written = [JSONFormat().write(completed(f"e{n}", f"o{n}", as_bytes=n == 1)) for n in range(3)]
    message = HTTPMessage({"content-type": "application/cloudevents-batch+json"}, b"[" + b",".join(written) + b"]")
    answer = await sent(shop, message)
    assert [(item["id"], item["status"]) for item in answer.json()["items"]] == [
        (f"e{n}", "accepted") for n in range(3)
    ]
    seqs = [item["seq"] for item in answer.json()["items"]]
    orders = [(await shop.get(f"/v1/events/{seq}"))["event"]["data"]["order_id"] for seq in seqs]
    assert orders == ["o0", "o1", "o2"]


async def test_data_in_base64_are_the_same_data(shop: Shop) -> None:
    event = shop.events.completed("o1", 3)
    data = json.dumps(event.pop("data"), indent=2).encode()
    encoded = {**event, "data_base64": base64.b64encode(data).decode()}
    (first,) = await shop.answers(encoded)
    (again,) = await shop.answers({**event, "data": json.loads(data)})
    assert (first["status"], again["status"], again["seq"]) == ("accepted", "duplicate", first["seq"])


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ("!", "data_base64", "bad_json"),
        (5, "data_base64", "bad_json"),
        (None, "data_base64", "bad_json"),
        (base64.b64encode(b"{").decode(), "data_base64", "bad_json"),
        (base64.b64encode(b"[" * 40 + b"]" * 40).decode(), "data_base64", "bad_json"),
        (base64.b64encode(b"5").decode(), "data", "wrong_type"),
        (base64.b64encode(b'{"order_id": "o1"}').decode(), "data.completed_at", "missing_field"),
    ],
)
async def test_wrong_base64_is_refused(shop: Shop, given: Any, field: str, code: str) -> None:
    event = shop.events.completed("o1", 3)
    del event["data"]
    (item,) = await shop.answers({**event, "data_base64": given})
    assert (item["status"], item["problem"]["errors"][0]["field"], item["problem"]["code"]) == ("rejected", field, code)


async def test_an_event_has_its_data_once(shop: Shop) -> None:
    (item,) = await shop.answers({**shop.events.completed("o1", 3), "data_base64": "e30="})
    assert item["problem"]["code"] == "unknown_field"


# --- a status of its own --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [to_structured_event, to_binary_event], ids=["structured", "binary"])
async def test_who_asks_is_told_by_the_status(shop: Shop, write: Any) -> None:
    taken = await sent(shop, write(completed("e1")), **STRICT)
    assert (taken.status_code, taken.headers["preference-applied"]) == (200, "status=strict")
    assert taken.json()["items"][0]["status"] == "accepted"
    again = await sent(shop, write(completed("e1")), **STRICT)
    assert (again.status_code, again.json()["items"][0]["status"]) == (200, "duplicate")
    conflict = await sent(shop, write(completed("e1", "other")), **STRICT)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "event_conflict")
    wrong = await sent(shop, write(completed("e2", at_once=False)), **STRICT)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_time")
    for refused in (conflict, wrong):
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["preference-applied"] == "status=strict"


@pytest.mark.parametrize(
    "prefer", ["return=minimal, status=strict", 'Status = "strict"', "status=strict; why=x", "wait=1,status=strict,x"]
)
async def test_the_preference_may_stand_among_others(shop: Shop, prefer: str) -> None:
    answer = await sent(shop, to_structured_event(completed("e1", at_once=False)), Prefer=prefer)
    assert answer.status_code == 422


@pytest.mark.parametrize("prefer", [None, "status=lenient", "strict", "status", "return=minimal"])
async def test_without_it_the_item_says_so(shop: Shop, prefer: str | None) -> None:
    headers = {"Prefer": prefer} if prefer else {}
    answer = await sent(shop, to_structured_event(completed("e1", at_once=False)), **headers)
    assert (answer.status_code, answer.json()["items"][0]["status"]) == (200, "rejected")
    assert "preference-applied" not in answer.headers


async def test_several_events_are_told_apart_by_their_items(shop: Shop) -> None:
    events = [shop.events.completed("o1", 3), shop.events.event("order.completed.v1", {})]
    answer = await shop.call("POST", "/v1/events", json=events, headers=STRICT)
    assert [item["status"] for item in answer.json()["items"]] == ["accepted", "rejected"]
    assert "preference-applied" not in answer.headers


async def test_a_refusal_told_by_the_status_can_be_seen_and_sent_again(shop: Shop) -> None:
    await sent(shop, to_structured_event(completed("e1", at_once=False)), **STRICT)
    (listed,) = (await shop.get("/v1/events", status="rejected"))["items"]
    assert (listed["id"], listed["problem"]["code"]) == ("e1", "bad_time")

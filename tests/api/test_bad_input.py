"""Everything a caller can get wrong: a problem with a stable code that names the field, nothing else disturbed."""

import base64
import json
from typing import Any

import httpx
import pytest

from tests.platform import Shop, at, order


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and first field of an answer that must be a problem of the one shape."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= body.keys()
    assert body["status"] == answer.status_code
    assert body["type"].endswith(f":{body['code']}")
    errors = body.get("errors", [])
    assert all(error.keys() == {"field", "code", "message"} for error in errors)
    if errors:
        assert errors[0]["code"] == body["code"]
    return answer.status_code, body["code"], errors[0]["field"] if errors else None


def changed(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one value replaced; ``path`` is dotted; the value ``...`` takes the field away."""
    copy: dict[str, Any] = json.loads(json.dumps(data))
    *steps, last = path.split(".")
    place: Any = copy
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    key = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return copy


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


PAID = order("o", "c", 1_000, 2_000, phone="13912345678", address={"detail": "文一西路969号"}, freight_fen=0)
PERSONAL = "13912345678"

WRONG_ORDERS = [
    ("order_id", ..., "missing_field"),
    ("order_id", "", "bad_id"),
    ("order_id", "a/b", "bad_id"),
    ("order_id", "x" * 129, "bad_id"),
    ("order_id", "a\x00b", "bad_id"),
    ("order_id", "a\nb", "bad_id"),
    ("order_id", "a\x7fb", "bad_id"),
    ("order_id", "a\x85b", "bad_id"),
    ("order_id", 5, "wrong_type"),
    ("order_id", None, "wrong_type"),
    ("order_id", ["o"], "wrong_type"),
    ("buyer_id", {"id": "c"}, "wrong_type"),
    ("promoter_id", "a/b", "bad_id"),
    ("channel", "", "out_of_range"),
    ("channel", "h\x005", "bad_text"),
    ("channel", "x" * 1_001, "out_of_range"),
    ("phone", PERSONAL * 100, "out_of_range"),
    ("phone", 13_912_345_678, "wrong_type"),
    ("address.detail", "\x00", "bad_text"),
    ("address.street", PERSONAL, "unknown_field"),
    ("placed_at", "2026-11-01T08:00:00", "bad_time"),
    ("placed_at", "2026-11-01", "bad_time"),
    ("placed_at", "2026-13-01T08:00:00Z", "bad_time"),
    ("placed_at", "2026-02-30T08:00:00Z", "bad_time"),
    ("placed_at", "0001-01-01T00:00:00Z", "bad_time"),
    ("placed_at", "9999-12-31T23:59:59-23:59", "bad_time"),
    ("placed_at", 1_772_438_400, "bad_time"),
    ("placed_at", "now", "bad_time"),
    ("lines", [], "out_of_range"),
    ("lines", {}, "wrong_type"),
    ("lines", [PAID["lines"][0]] * 2, "duplicate_line"),
    ("lines", [{**PAID["lines"][0], "line_id": str(n)} for n in range(1_001)], "out_of_range"),
    ("lines", [{**PAID["lines"][0], "line_id": str(n), "paid_fen": 10**12} for n in range(101)], "out_of_range"),
    ("lines.0", 7, "wrong_type"),
    ("lines.1.paid_fen", -1, "out_of_range"),
    ("lines.1.paid_fen", 10**12 + 1, "out_of_range"),
    ("lines.1.paid_fen", 2**63, "out_of_range"),
    ("lines.1.paid_fen", 10**30, "wrong_type"),
    ("lines.1.paid_fen", "100", "wrong_type"),
    ("lines.1.paid_fen", 100.0, "wrong_type"),
    ("lines.1.paid_fen", 1e3, "wrong_type"),
    ("lines.1.paid_fen", True, "wrong_type"),
    ("lines.1.paid_fen", None, "wrong_type"),
    ("lines.1.quantity", 0, "out_of_range"),
    ("lines.1.quantity", 10**6 + 1, "out_of_range"),
    ("lines.1.quantity", False, "wrong_type"),
    ("lines.1.line_id", "x" * 129, "bad_id"),
    ("lines.1.discount_fen", 5, "unknown_field"),
    ("lines.1.quantity", nested(20), "wrong_type"),
    ("freight_fen", -1, "out_of_range"),
    ("coupon", "X", "unknown_field"),
]
_FIELDS = {"lines.0": "data.lines.0"}


@pytest.mark.parametrize("number", range(0, len(WRONG_ORDERS), 10))
async def test_wrong_orders_are_refused_one_by_one(standing_shop: Shop, number: int) -> None:
    cases = WRONG_ORDERS[number : number + 10]
    e = standing_shop.events
    events = [e.event("order.paid.v1", changed(PAID, path, value)) for path, value, _ in cases]
    items = await standing_shop.answers(*events)
    for (path, _, code), item in zip(cases, items, strict=True):
        found = item["problem"]
        assert (item["status"], item["seq"]) == ("rejected", None)
        field = f"data.{path}"
        assert (found["status"], found["code"], found["errors"][0]["field"]) == (422, code, field), found
        assert PERSONAL not in json.dumps(found)
    # the same orders before they are paid for: the check names the same fields
    for path, value, code in cases[:3]:
        body = {"check_id": "bad-1", "stage": "order", "order": changed(PAID, path, value)}
        answer = await standing_shop.call("POST", "/v1/risk/checks", json=body)
        field = f"order.{path}"
        assert problem(answer) == (422, code, field)


async def test_the_bounds_themselves_are_fine(shop: Shop) -> None:
    e = shop.events
    gift = {**PAID["lines"][0], "paid_fen": 0}
    lines = [{**PAID["lines"][0], "line_id": str(n), "paid_fen": 10**11, "quantity": 10**6} for n in range(1_000)]
    events = [
        e.event("order.paid.v1", {**PAID, "order_id": "x" * 128, "lines": lines}),
        e.event("order.paid.v1", {**PAID, "order_id": "零元 gift%2F|:{}", "lines": [gift]}),
        {**e.registered("m"), "id": "i" * 128, "subject": "", "time": "2026-03-02t16:00:00.123456789+08:00"},
    ]
    assert await shop.tell(*events) == [None] * 3
    found = await shop.call("GET", "/v1/orders/%E9%9B%B6%E5%85%83%20gift%252F%7C%3A%7B%7D", "operator")
    assert found.json()["lines"] == [{"line_id": "1", "paid_fen": 0, "refunded_fen": 0}]
    big = await shop.get(f"/v1/orders/{'x' * 128}")
    assert len(big["lines"]) == 1_000


WRONG_ENVELOPES = [
    ("specversion", "0.3", "unknown_value"),
    ("specversion", 1.0, "unknown_value"),
    ("specversion", ..., "missing_field"),
    ("id", ..., "missing_field"),
    ("id", "x" * 129, "bad_id"),
    ("id", "a\x00b", "bad_id"),
    ("id", "a/b", "bad_id"),
    ("id", 17, "wrong_type"),
    ("source", "", "out_of_range"),
    ("source", "s\x00", "bad_text"),
    ("source", "trefoil:/v1/bindings", "reserved_source"),
    ("type", "order.paid", "unknown_type"),
    ("type", "distributor.moved.v1", "unknown_type"),
    ("type", "x\\u0000y", "unknown_type"),
    ("type", None, "wrong_type"),
    ("time", "yesterday", "bad_time"),
    ("time", ..., "missing_field"),
    ("subject", "a\x00", "bad_text"),
    ("data", ..., "missing_field"),
    ("data", [], "wrong_type"),
    ("data", "{}", "wrong_type"),
    ("brand", "another", "brand_differs"),
    ("brand", 5, "brand_differs"),
    ("note", "\x00", "bad_text"),
    ("note", {"deep": ["\x00"]}, "bad_text"),
]


async def test_wrong_envelopes_are_refused_and_kept(shop: Shop) -> None:
    good = shop.events.registered("m")
    events = [{**changed({**good, "note": 1, "brand": shop.brand, "subject": "m"}, path, value), "n": n}
              for n, (path, value, _) in enumerate(WRONG_ENVELOPES)]  # fmt: skip
    items = await shop.answers(*events, good)
    for (path, _, code), item in zip(WRONG_ENVELOPES, items, strict=False):
        field = "extensions" if path == "note" else path
        assert item["status"] == "rejected"
        assert (item["problem"]["code"], item["problem"]["errors"][0]["field"]) == (code, field), (path, item)
    assert items[-1]["status"] == "accepted"
    listed = (await shop.get("/v1/events", status="rejected", limit="200"))["items"]
    assert len(listed) == len(WRONG_ENVELOPES)


async def test_a_literal_escape_is_no_nul(shop: Shop) -> None:
    """``\\u0000`` spelled out with a backslash is text like any other, wherever it stands."""
    e = shop.events
    text = "a\\u0000b\\\\u0000"
    events = [
        {**e.registered("m1", entry_channel=text), "note": text, text: 1},
        {**e.registered("m2"), "type": text, "source": text},
        {**e.registered("m3"), "type": "\\\x00", "\x00": "\x00\x00"},
    ]
    items = await shop.answers(*events)
    assert [item["status"] for item in items] == ["accepted", "rejected", "rejected"]
    assert len((await shop.get("/v1/events", status="rejected"))["items"]) == 2


async def test_an_identifier_of_an_unknown_kind_is_not_repeated(shop: Shop) -> None:
    e = shop.events
    bad = e.event(
        "member.identified.v1",
        {"member_id": "m", "seen_at": at(), "identifiers": [{"kind": PERSONAL, "value": "x"}, {"value": "y"}]},
    )
    (item,) = await shop.answers(bad)
    assert [(error["field"], error["code"]) for error in item["problem"]["errors"]] == [
        ("data.identifiers.0", "unknown_value"),
        ("data.identifiers.1", "missing_field"),
    ]
    assert PERSONAL not in json.dumps(item)
    assert PERSONAL not in json.dumps(await shop.get("/v1/events", status="rejected"))


async def test_bodies_that_are_unusable_as_a_whole_store_nothing(shop: Shop) -> None:
    e = shop.events

    async def send(content: bytes, **headers: str) -> tuple[int, str, str | None]:
        return problem(await shop.call("POST", "/v1/events", content=content, headers=headers))

    good = json.dumps(e.registered("m")).encode()
    for content in (b"", b"{", b"null", b"5", b'"x"', b"true", b"[1]", b"[[]]", b"[" + good + b",null]", b"NaN",
                    good + good, b"[" * 2_000, b"{'a': 1}"):  # fmt: skip
        assert await send(content) == (400, "bad_json", None), content[:40]
    assert await send(b"[" + good + b', {"id": "\xff\xfe"}]') == (400, "bad_encoding", None)
    assert await send(b"\xef\xbb\xbf\xff") == (400, "bad_encoding", None)
    thousand_and_one = json.dumps([e.registered(f"m{n}") for n in range(1_001)]).encode()
    assert await send(thousand_and_one) == (400, "batch_too_large", None)
    large = b"[" + good + b" " * (2 * 1024 * 1024) + b"]"
    assert await send(large) == (413, "body_too_large", None)

    async def chunks() -> Any:
        for _ in range(40):
            yield b" " * 65_536

    chunked = await shop.call("POST", "/v1/events", content=chunks())
    assert problem(chunked) == (413, "body_too_large", None)
    assert (await shop.get("/v1/events", status="rejected"))["items"] == []
    assert (await shop.get("/v1/log/verify"))["events"] == 0
    empty = await shop.call("POST", "/v1/events", content=b"[]")
    assert (empty.status_code, empty.json()) == (200, {"items": []})
    thousand = await shop.answers(*json.loads(thousand_and_one)[:1_000])
    assert {item["status"] for item in thousand} == {"accepted"}


async def test_what_json_can_say_and_nothing_can_keep_refuses_its_own_event(shop: Shop) -> None:
    good = [json.dumps({**shop.events.registered(f"m{n}"), "note": '],[{"\\'}) for n in range(3)]
    unusable = [
        ('{"id": "a", "note": "\\ud800"}', "bad_text", "a"),
        ('{"id": "b", "\\udfff": 1}', "bad_text", "b"),
        ('{"id": "\\ud800"}', "bad_text", None),
        ('{"id": "c", "n": 1e400}', "out_of_range", "c"),
        ('{"id": "d", "n": [-1e999]}', "out_of_range", "d"),
        ('{"id": "e", "n": ' + "9" * 5_000 + "}", "out_of_range", "e"),
        (json.dumps({"id": "f", "data": nested(40)}), "bad_json", "f"),
        (json.dumps({"id": "g", "data": nested(500)}), "bad_json", "g"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "bad_json", None),
        ('{"a":' + "[" * 50_000 + "]" * 50_000 + "}", "bad_json", None),
    ]
    for text, code, told in unusable:
        body = f"[{good[0]}, {text} ,\n{good[1]}]"
        answer = await shop.call("POST", "/v1/events", content=body.encode())
        assert answer.status_code == 200, (text[:40], answer.text[:200])
        first, item, last = answer.json()["items"]
        assert (first["status"], last["status"]) in (("accepted",) * 2, ("duplicate",) * 2)
        assert (item["status"], item["problem"]["code"], item["id"]) == ("rejected", code, told), text[:40]
        alone = await shop.call("POST", "/v1/events", content=text.encode())
        assert alone.json()["items"] == [item], text[:40]
    together = f"[{','.join([*(text for text, *_ in unusable), good[2]])}]"
    items = (await shop.call("POST", "/v1/events", content=together.encode())).json()["items"]
    assert [item["status"] for item in items] == [*["rejected"] * len(unusable), "accepted"]
    listed = (await shop.get("/v1/events", status="rejected", limit="200"))["items"]
    assert len(listed) == len({text for text, *_ in unusable})  # the same again is listed once
    for refused in listed:
        again = await shop.post(f"/v1/events/rejections/{refused['rejection_id']}/resend", "pipeline")
        assert (again["status"], again["problem"], again["id"]) == ("rejected", refused["problem"], refused["id"])
    assert (await shop.get("/v1/events", status="rejected", limit="200"))["items"] == listed
    # what is no JSON is none, whatever stands beside it
    for text in ('{"n": NaN}', '{"n": 01}', '{"n": 1e400', "{'a': 1e400}", '{"a": 1e400}}', "1e400", "[1e400]"):
        answer = await shop.call("POST", "/v1/events", content=f"[{good[0]},{text}]".encode())
        assert problem(answer) == (400, "bad_json", None), text
    bad = '{"n":1e400}'
    many = f"[{','.join([bad] * 1_001)}]"
    assert problem(await shop.call("POST", "/v1/events", content=many.encode())) == (400, "batch_too_large", None)


async def test_a_body_is_taken_for_json_when_nobody_says_what_it_is_and_none_needs_no_type(standing_shop: Shop) -> None:
    bodies = {"/v1/events": [], "/v1/risk/checks": {"check_id": "c"}, "/v1/bindings": {}, "/v1/ops/run": {"job": "x"}}
    for path, body in bodies.items():
        content = json.dumps(body).encode()
        bare = await standing_shop.call("POST", path, "admin", content=content)
        named = await standing_shop.call("POST", path, "admin", json=body)
        assert "content-type" not in bare.request.headers
        assert (bare.status_code, bare.content) == (named.status_code, named.content), path
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": "0"}
    drained = await standing_shop.call("POST", "/v1/ops/drain", "admin", content=b"", headers=form)
    assert drained.status_code == 200, drained.text


async def test_what_binary_mode_brings_is_refused_as_the_same_event_whole(shop: Shop) -> None:
    event = shop.events.registered("m")
    del event["data"]
    binary = {f"ce-{name}": value for name, value in event.items()} | {"content-type": "application/json"}
    endless = ['{"a":' * 2_000 + "1" + "}" * 2_000, "[" * 100_000 + "]" * 100_000]
    for data in ('{"n": 1e400}', '{"n": "\\ud800"}', json.dumps(nested(32)), json.dumps(nested(31)),
                 *endless, '{"n": ' + "9" * 5_000 + "}"):  # fmt: skip
        whole = f'{json.dumps(event)[:-1]}, "data": {data}}}'
        expected = await shop.call("POST", "/v1/events", content=whole.encode())
        answer = await shop.call("POST", "/v1/events", content=data.encode(), headers=binary)
        assert (answer.status_code, answer.json()) == (200, expected.json()), data[:40]
        assert answer.json()["items"][0]["status"] == "rejected"
    for data in ("", "{", "NaN", '1, "id": "other"', "1}", '{"n": 1e400}, "id": 1', "1e400, 1"):
        answer = await shop.call("POST", "/v1/events", content=data.encode(), headers=binary)
        assert problem(answer) == (400, "bad_json", None), data
    twice = [*binary.items(), ("ce-id", "other")]
    key = ("Authorization", f"Bearer {shop.keys['pipeline']}")
    answer = await shop.http.post("/v1/events", content=b"{}", headers=[*twice, key])
    assert problem(answer) == (400, "bad_json", None)
    structured = {**binary, "content-type": "Application/CloudEvents+JSON"}
    whole = json.dumps(shop.events.registered("m2"))
    answer = await shop.call("POST", "/v1/events", content=whole.encode(), headers=structured)
    assert answer.json()["items"][0]["status"] == "accepted"


async def test_a_name_that_is_a_value_is_not_repeated(shop: Shop) -> None:
    """Nor by the first answer that is kept for the same request again."""
    names = (PERSONAL, f"tel{PERSONAL}", "李雷的电话", "a@example.com", "x" * 41)
    wrong = shop.events.paid("o", "c")
    wrong["data"] |= dict.fromkeys(names, 1)
    wrong["data"]["couponCode"] = 1
    sent = await shop.call("POST", "/v1/events", json=wrong, headers={"Idempotency-Key": "k"})
    told = [error["field"] for error in sent.json()["items"][0]["problem"]["errors"]]
    assert sorted(told) == ["data.***"] * len(names) + ["data.couponCode"]
    check = {"check_id": "c", "stage": "order", "order": {**PAID, PERSONAL: 1}, PERSONAL: 1}
    answers = [
        sent,
        await shop.call("POST", "/v1/risk/checks", "admin", json=check),
        await shop.call("POST", "/v1/bindings", "admin", json={PERSONAL: 1}),
    ]
    async with shop.parts.postgres.brand(shop.brand) as conn:
        found = await (await conn.execute("SELECT body FROM first_answer")).fetchall()
    assert len(found) == 1
    for text in (*(answer.content for answer in answers), *(bytes(row[0]) for row in found)):
        assert not [name for name in names if name.encode() in text]


async def test_what_is_no_object_is_listed_without_being_shown(shop: Shop) -> None:
    """Other ways in may bring anything; the list shows an event or nothing."""
    for event in ("13912345678", ["13912345678"], 5, None):
        (taken,) = await shop.parts.intake.take(shop.brand, [event], "stream")
        assert taken.status == "rejected"
    listed = (await shop.get("/v1/events", status="rejected"))["items"]
    assert [item["event"] for item in listed] == [None] * 4


async def test_bodies_come_as_they_are_and_as_json(standing_shop: Shop) -> None:
    paths = ("/v1/events", "/v1/risk/checks", "/v1/bindings", "/v1/ops/run")
    for path in paths:
        for coding in ("gzip", "br", "deflate", "identity, gzip", "x"):
            headers = {"content-encoding": coding, "content-type": "application/json"}
            answer = await standing_shop.call("POST", path, "admin", content=b"{}", headers=headers)
            assert problem(answer) == (415, "unsupported_encoding", None), (path, coding)
            assert answer.headers["accept-encoding"] == "identity"
        for media_type in ("text/plain", "text/csv", "application/xml", "multipart/form-data; boundary=x", "json",
                           "application/x-www-form-urlencoded", "application/json; charset=gbk",
                           "application/json; profile=x; charset=utf-16"):  # fmt: skip
            headers = {"content-type": media_type}
            answer = await standing_shop.call("POST", path, "admin", content=b"{}", headers=headers)
            assert problem(answer) == (415, "unsupported_media_type", None), (path, media_type)
            assert "application/json" in answer.headers["accept"]
        for fine in ("application/json", "application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', "",
                     "application/json; charset=utf-8; x=y", "application/json;charset=utf-8;",
                     "application/json; x=y; charset=utf-8", "application/cloudevents+json; x=y"):  # fmt: skip
            headers = {"content-type": fine, "content-encoding": "identity"}
            answer = await standing_shop.call("POST", path, "admin", content=b"{}", headers=headers)
            assert answer.status_code != 415, (path, fine)
    for path in paths:
        for body in ("{}".encode("utf-16-le"), "{}".encode("utf-16"), "{}".encode("utf-32-be"), b"\xef\xbb\xbf{}"):
            headers = {"content-type": "application/json"}
            answer = await standing_shop.call("POST", path, "admin", content=body, headers=headers)
            assert problem(answer) == (400, "bad_encoding", None), (path, body)
    # who may not come in learns that first
    packed = {"content-encoding": "gzip"}
    assert (await standing_shop.call("POST", "/v1/events", None, content=b"", headers=packed)).status_code == 401


def token_of(payload: bytes, header: bytes = b'{"alg":"HS256","typ":"JWT"}') -> str:
    parts = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (header, payload, b"signed by nobody"))
    return ".".join(parts)


async def test_keys_and_tokens_nobody_would_write(standing_shop: Shop) -> None:
    """Whatever stands behind Bearer: 401, never an error of ours."""
    brand = standing_shop.brand.encode()
    keys = [
        token_of(b'{"brand":"a\\u0000","sub":"m"}'),
        token_of(b'{"brand":"\\ud800","sub":"m"}'),
        token_of(b'{"brand":["x"],"sub":"m"}'),
        token_of(b'{"brand":"' + b"x" * 5_000 + b'"}'),
        token_of(b'{"brand":"' + brand + b'","sub":"m0","exp":1e400}'),
        token_of(b'{"brand":"' + brand + b'","sub":5,"exp":' + b"9" * 5_000 + b"}"),
        token_of(b"[" * 5_000),
        token_of(b'{"a":' * 2_000 + b"1" + b"}" * 2_000),
        token_of(b"{}", b'{"alg":"none"}'),
        token_of(b"{}", b'{"alg":["HS256"]}'),
        token_of(b"{}", b"[" * 5_000),
        token_of(b"\xff\xfe"),
        "..",
        "a.b.c",
        "tf_admin_" + "x" * 32,
        "tf_admin_" + "x" * 20_000,
        "é" * 30,
        "tf_admin_%00",
    ]
    for key in keys:
        headers = [(b"Authorization", b"Bearer " + key.encode("latin-1"))]
        answer = await standing_shop.http.get("/v1/members/m0", headers=headers)
        assert problem(answer)[:2] == (401, "wrong_key"), key[:60]


async def test_every_binding_of_cloudevents_is_the_same_event(shop: Shop) -> None:
    event = {**shop.events.registered("m1"), "id": "事件 1", "subject": "m1"}
    content = json.dumps(event).encode()
    data = json.dumps(event["data"]).encode()
    structured = {"content-type": "application/cloudevents+json; charset=utf-8"}
    batch = {"content-type": "application/cloudevents-batch+json"}
    binary = {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "%E4%BA%8B%E4%BB%B6%201",
        "ce-source": event["source"],
        "ce-type": event["type"],
        "ce-time": event["time"],
        "ce-subject": "m1",
        "ce-note": "%00a",
    }
    ways = [
        (content, structured),
        (b"[" + content + b"]", batch),
        (content, {}),
        (b"[" + content + b"]", {"content-type": "Application/JSON"}),
        (data, {**binary, "ce-note": "x"}),
        (data, binary),
        (data, {**binary, "ce-note": "x", "ce-id": "a%2Fb"}),
        (b"[1]", {**binary, "ce-note": "x"}),
        (data, {k: v for k, v in binary.items() if k not in ("ce-time", "ce-note")}),
    ]
    items = []
    for body, headers in ways:
        answer = await shop.call("POST", "/v1/events", content=body, headers=headers)
        assert answer.status_code == 200
        items += answer.json()["items"]
    assert [(item["status"], item["seq"]) for item in items] == [
        ("accepted", 1),
        *[("duplicate", 1)] * 4,
        *[("rejected", None)] * 4,
    ]
    assert [item["problem"]["code"] for item in items[5:]] == ["bad_text", "bad_id", "wrong_type", "missing_field"]


async def test_instants_more_than_a_day_ahead_are_refused_by_the_real_clock(real_clock_shop: Shop) -> None:
    e = real_clock_shop.events
    far = "2099-01-01T00:00:00Z"
    items = await real_clock_shop.answers(
        {**e.registered("a"), "time": far},
        e.registered("b", registered_at=far),
        e.event("order.paid.v1", {**PAID, "paid_at": far}),
        e.event("order.completed.v1", {"order_id": "o", "completed_at": far}),
        e.registered("c"),
    )
    assert [item["problem"] and item["problem"]["errors"][0]["field"] for item in items] == [
        "time",
        "data.registered_at",
        "data.paid_at",
        "data.completed_at",
        None,
    ]
    assert {item["problem"]["code"] for item in items[:4]} == {"in_the_future"}
    moved = await real_clock_shop.call("POST", "/v1/ops/clock", "owner", json={"now": far})
    assert problem(moved) == (409, "clock_is_real", None)
    reading = await real_clock_shop.get("/v1/ops/clock", "owner")
    assert not reading["simulated"]
    bound = {"member_id": "c", "promoter_id": "b", "channel": "h5", "at": far}
    answer = await real_clock_shop.call("POST", "/v1/bindings", "operator", json=bound)
    assert problem(answer) == (422, "in_the_future", "at")


def cursor(*place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(place)).encode()).decode()


READS = [
    ("/v1/members/%00", {}, "member_id"),
    ("/v1/members/a%0Ab", {}, "member_id"),
    (f"/v1/members/{'x' * 129}", {}, "member_id"),
    ("/v1/orders/%00", {}, "order_id"),
    ("/v1/risk/decisions/%C2%85", {}, "decision_id"),
    ("/v1/events/0", {}, "seq"),
    ("/v1/events/-1", {}, "seq"),
    ("/v1/events/x", {}, "seq"),
    ("/v1/events/99999999999999999999", {}, "seq"),
    ("/v1/events", {}, "status"),
    ("/v1/events", {"status": "accepted"}, "status"),
    ("/v1/events", {"status": "rejected", "limit": "201"}, "limit"),
    ("/v1/events", {"status": "rejected", "limit": "0"}, "limit"),
    ("/v1/events", {"status": "rejected", "limit": "x"}, "limit"),
    ("/v1/events", {"status": "rejected", "cursor": "x"}, "cursor"),
    ("/v1/events", {"status": "rejected", "cursor": "é"}, "cursor"),
    ("/v1/events", {"status": "rejected", "cursor": "x" * 1_001}, "cursor"),
    ("/v1/events", {"status": "rejected", "cursor": cursor("yesterday", "x")}, "cursor"),
    ("/v1/events", {"status": "rejected", "cursor": cursor("2026-01-01T00:00:00Z", "\x00")}, "cursor"),
    ("/v1/events", {"status": "rejected", "cursor": cursor("2026-01-01T00:00:00Z")}, "cursor"),
    ("/v1/events", {"status": "rejected", "cursor": base64.urlsafe_b64encode(b"\xff\xfe").decode()}, "cursor"),
    ("/v1/members/m0/team", {"cursor": cursor(True, "m")}, "cursor"),
    ("/v1/members/m0/team", {"cursor": cursor(2**63, "m")}, "cursor"),
    ("/v1/members/m0/team", {"depth": "4"}, "depth"),
    ("/v1/members/m0/team", {"as_of": "2026-03-02"}, "as_of"),
    ("/v1/members/m0/uplines", {"levels": "0"}, "levels"),
    ("/v1/members/m0/uplines", {"as_of": "\x00"}, "as_of"),
    ("/v1/members/m0/binding", {"as_of": "1"}, "as_of"),
    ("/v1/ledger/members/m0", {"as_of": "2026-02-30T00:00:00Z"}, "as_of"),
    ("/v1/ledger/members/m0/entries", {"cursor": cursor(1.5, 2)}, "cursor"),
    ("/v1/ledger/members/m0/entries", {"cursor": cursor({"a": 1}, 2)}, "cursor"),
    ("/v1/ledger/trial-balance", {"as_of": "x"}, "as_of"),
    ("/v1/withdrawals", {"status": "paid"}, "status"),
    ("/v1/withdrawals", {"member_id": "a/b"}, "member_id"),
    ("/v1/withdrawals", {"cursor": cursor("1")}, "cursor"),
    ("/v1/risk/blacklist", {"cursor": cursor(1)}, "cursor"),
]


async def test_reads_with_garbage(standing_shop: Shop) -> None:
    for path, query, field in READS:
        answer = await standing_shop.call("GET", path, "admin", params=query or None)
        status, _, named = problem(answer)
        assert (status, named) == (422, field), (path, query, answer.text)


async def test_unknown_paths_and_methods_are_problems_too(standing_shop: Shop) -> None:
    for path in ("/", "/v1", "/v1/nothing", "/v1/members/", "/v1/members/a/b", "/v1/members/a%2Fb", "/v1/orders/../x"):
        assert problem(await standing_shop.call("GET", path))[:2] == (404, "not_found"), path
    wrong = await standing_shop.call("PUT", "/v1/events", json={})
    assert problem(wrong) == (405, "method_not_allowed", None)
    assert wrong.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert problem(await standing_shop.call("PATCH", "/v1/members/m0", "admin"))[0] == 405


def _raw(text: str) -> dict[str, Any]:
    return {"content": text.encode(), "headers": {"content-type": "application/json"}}


_BOUND = {"member_id": "a", "promoter_id": "b", "channel": "h5"}
_ASKED = {"member_id": "m0", "amount_fen": 9, "channel": "wechat"}
_MOVED = {"invited_by": "m0", "reason": "x"}
COMMANDS: list[tuple[str, dict[str, Any], tuple[int, str, str | None]]] = [
    ("/v1/bindings", {"json": {}}, (422, "missing_field", "member_id")),
    ("/v1/bindings", {"json": []}, (422, "wrong_type", "body")),
    ("/v1/bindings", _raw("{"), (400, "bad_json", "body")),
    ("/v1/bindings", _raw(""), (422, "missing_field", "body")),
    ("/v1/bindings", _raw("null"), (422, "wrong_type", "body")),
    ("/v1/bindings", {"content": b'{"member_id": "\xff"}'}, (400, "bad_encoding", None)),
    ("/v1/bindings", {"json": {**_BOUND, "member_id": "a\x00"}}, (422, "bad_id", "member_id")),
    ("/v1/bindings", {"json": {**_BOUND, "x": 1}}, (422, "unknown_field", "x")),
    ("/v1/bindings", {"json": {**_BOUND, "channel": 5}}, (422, "wrong_type", "channel")),
    ("/v1/distributors/m1/move", {"json": {"reason": "x"}}, (422, "missing_field", "invited_by")),
    ("/v1/distributors/m1/move", {"json": {"invited_by": "m0", "reason": ""}}, (422, "out_of_range", "reason")),
    ("/v1/distributors/m1/move", {"json": {**_MOVED, "dry_run": 1}}, (422, "wrong_type", "dry_run")),
    ("/v1/distributors/%00/move", {"json": _MOVED}, (422, "bad_id", "member_id")),
    ("/v1/withdrawals", {"json": {**_ASKED, "amount_fen": 0}}, (422, "out_of_range", "amount_fen")),
    ("/v1/withdrawals", {"json": {**_ASKED, "amount_fen": "9"}}, (422, "wrong_type", "amount_fen")),
    ("/v1/withdrawals", {"json": {**_ASKED, "amount_fen": True}}, (422, "wrong_type", "amount_fen")),
    ("/v1/withdrawals", {"json": {**_ASKED, "amount_fen": 10**40}}, (422, "out_of_range", "amount_fen")),
    ("/v1/withdrawals", {"json": {**_ASKED, "channel": "cash"}}, (422, "unknown_value", "channel")),
    ("/v1/risk/checks", {"content": b"{"}, (400, "bad_json", None)),
    ("/v1/risk/checks", {"json": []}, (422, "wrong_type", "body")),
    ("/v1/risk/checks", {"json": {"check_id": "c", "stage": "order"}}, (422, "missing_field", "order")),
    ("/v1/risk/checks", {"json": {"check_id": "c", "stage": "later", "order": PAID}}, (422, "unknown_value", "stage")),
    ("/v1/risk/blacklist", {"json": {"kind": "address", "value": "x", "reason": "y"}}, (422, "unknown_value", "kind")),
    ("/v1/ops/run", {"json": {"job": "everything"}}, (422, "unknown_value", "job")),
    ("/v1/ops/clock", {"json": {"now": "2026-01-01"}}, (422, "bad_time", "now")),
    ("/v1/ops/clock", {"json": {"now": "2001-01-01T00:00:00Z"}}, (409, "clock_backwards", None)),
]  # fmt: skip


async def test_commands_with_garbage(standing_shop: Shop) -> None:
    before = await standing_shop.get("/v1/log/verify")
    for path, request, expected in COMMANDS:
        answer = await standing_shop.call("POST", path, "owner" if path == "/v1/ops/clock" else "admin", **request)
        assert problem(answer) == expected, (path, request, answer.text)
    assert await standing_shop.get("/v1/log/verify") == before


async def test_bodies_no_parser_likes(standing_shop: Shop) -> None:
    """Deep nesting, lone surrogates, endless numbers: a problem, never an error of ours."""
    bodies = [
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        "[" * 100_000,
        '{"\\ud800": 1}',
        '{"member_id": "\\ud800", "promoter_id": "b", "channel": "h5"}',
        '{"member_id": ' + "9" * 5_000 + "}",
        '{"member_id": NaN, "promoter_id": Infinity}',
        '{"member_id": "a", "member_id": "b"}',
        '{"' + "x" * 100_000 + '": 1}',
    ]
    for path in ("/v1/bindings", "/v1/withdrawals", "/v1/risk/checks", "/v1/ops/run", "/v1/events"):
        for body in bodies:
            answer = await standing_shop.call("POST", path, "admin", **_raw(body))
            if path == "/v1/events" and answer.status_code == 200:
                assert answer.json()["items"][0]["status"] == "rejected"
                continue
            assert problem(answer)[0] in (400, 422), (path, body[:40], answer.text[:200])
            assert len(answer.content) < 10_000, (path, body[:40])

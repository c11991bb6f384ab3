"""Risk checks over HTTP: the default rulebook, first decisions, evidence, and what a check decides for the books."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import pytest

from graph.flows.live import LiveGraph
from risk.domain.rulebook import DEFAULT_RULES, FEATURES, Rule, Rulebook
from risk.flows.check import OrderToCheck
from tests.platform import T0, Running, Shop, at, order

OWN: dict[str, Any] = {"phone": "13912345678", "device": "device-1", "payout_account": "6222020200112233445"}


async def team(shop: Shop) -> None:
    """root ← mid ← leaf; mid owns a phone, a device, a payout account, a unionid and an ID card."""
    e = shop.events
    identity: dict[str, Any] = {"unionid": "oUnion-mid-0001", "id_card": "11010519491231002X"}
    await shop.tell(
        *(e.registered(name) for name in ("root", "mid", "leaf")),
        e.approved("root", invited_by=None),
        e.approved("mid", invited_by="root"),
        e.approved("leaf", invited_by="mid"),
        e.identified("mid", **OWN, **identity, ip="203.0.113.7"),
    )


async def check(shop: Shop, check_id: str, data: dict[str, Any], status: int = 200) -> dict[str, Any]:
    body = {"check_id": check_id, "stage": "order", "order": data}
    found: dict[str, Any] = await shop.post("/v1/risk/checks", "pipeline", body, status)
    return found


CASES: list[tuple[str, dict[str, Any], dict[str, Any], str, list[str]]] = [
    # what, identifiers of the buyer, fields of the order, outcome, rules
    ("nothing in common", {}, {}, "allow", []),
    ("the same unionid", {"unionid": "oUnion-mid-0001"}, {}, "block", ["same_identity"]),
    ("the same ID card", {"id_card": "11010519491231002x"}, {}, "block", ["same_identity"]),
    ("one phone", {"phone": OWN["phone"]}, {}, "review", ["shared_tie"]),
    ("one payout account", {"payout_account": "6222 0202 0011 2233 445"}, {}, "review", ["shared_tie"]),
    ("one device", {"device": OWN["device"]}, {}, "review", ["shared_tie"]),
    ("a phone named", {}, {"phone": "+86 139-1234-5678"}, "review", ["shared_tie"]),
    ("a device named", {}, {"device_id": OWN["device"]}, "review", ["shared_tie"]),
    ("the same phone owned and named", {"phone": OWN["phone"]}, {"phone": OWN["phone"]}, "review", ["shared_tie"]),
    ("two ties", {"phone": OWN["phone"], "device": OWN["device"]}, {}, "block", ["shared_ties"]),
    ("one owned and one named", {"phone": OWN["phone"]}, {"device_id": OWN["device"]}, "block", ["shared_ties"]),
    ("two named", {}, {"phone": OWN["phone"], "payout_account": OWN["payout_account"]}, "block", ["shared_ties"]),
    ("an IP alone", {"ip": "203.0.113.7"}, {"ip": "203.0.113.7"}, "allow", []),
    ("the own link", {}, {"promoter_id": "buyer"}, "block", ["self_purchase"]),
]


@pytest.mark.parametrize(("what", "own", "named", "outcome", "rules"), CASES, ids=[case[0] for case in CASES])
async def test_the_default_rulebook(
    shop: Shop, what: str, own: dict[str, Any], named: dict[str, Any], outcome: str, rules: list[str]
) -> None:
    """The same from the check, and from the books for an order nobody checked; every refusal shows its paths."""
    await team(shop)
    e = shop.events
    if own:
        await shop.tell(e.identified("buyer", **own))
    data: dict[str, Any] = {"promoter_id": "leaf", **named}
    said = await check(shop, "k", order("checked", "buyer", **data))
    assert (said["outcome"], [reason["rule"] for reason in said["reasons"]], said["missing"]) == (outcome, rules, [])
    await shop.tell(e.paid("unchecked", "buyer", 10_000, **data))
    booked = await shop.get("/v1/orders/unchecked")
    assert (booked["decision"]["outcome"], [reason["rule"] for reason in booked["decision"]["reasons"]]) == (
        outcome,
        rules,
    )
    for reason in (*said["reasons"], *booked["decision"]["reasons"]):
        assert reason["message"] and reason["points"] > 0
        assert reason["evidence"], reason
        for evidence in reason["evidence"]:
            assert len(evidence["path"]) >= 2
            assert all(node.keys() == {"kind", "id"} for node in evidence["path"])
        if reason["rule"] in ("shared_tie", "shared_ties", "same_identity"):
            assert {evidence["path"][-1]["id"] for evidence in reason["evidence"]} == {"mid"}
    states = {"allow": {"frozen"}, "review": {"held"}, "block": {"voided"}}[outcome]
    assert {part["state"] for part in booked["commissions"]} <= states
    earned = await shop.balances("leaf")
    assert earned == {"allow": {"pending_fen": 1_000}, "review": {"held_fen": 1_000}, "block": {}}[outcome]


async def test_a_buyer_in_the_chain_is_reviewed(shop: Shop) -> None:
    await team(shop)
    said = await check(shop, "k", order("o", "root", promoter_id="leaf"))
    assert (said["outcome"], [reason["rule"] for reason in said["reasons"]]) == ("review", ["buyer_in_chain"])


async def test_the_same_check_gets_the_first_decision(shop: Shop) -> None:
    await team(shop)
    data = order("o", "buyer", promoter_id="leaf", phone=OWN["phone"])
    first = await check(shop, "k", data)
    assert await check(shop, "k", dict(reversed(data.items()))) == first
    await shop.tell(shop.events.identified("buyer", device=OWN["device"]))
    assert await check(shop, "k", data) == first
    assert (await check(shop, "k2", data))["outcome"] == "block"
    conflict = await check(shop, "k", {**data, "order_id": "o2"}, status=409)
    assert conflict["code"] == "check_conflict"
    stored = await shop.get(f"/v1/risk/decisions/{first['decision_id']}")
    instants = [datetime.fromisoformat(one.pop("evaluated_at")) for one in (stored, first)]
    assert stored == first and instants[0] == instants[1]
    replay = await shop.post(f"/v1/risk/decisions/{first['decision_id']}/replay", "analyst")
    assert replay["agrees"] and replay["decision"]["decision_id"] == first["decision_id"]
    assert replay["replayed"]["outcome"] == "review"


async def test_the_last_decision_before_the_order_counts(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    data = order("o", "buyer", 10_000, promoter_id="leaf")
    await check(shop, "k1", {**data, "phone": OWN["phone"]})
    last = await check(shop, "k2", data)
    assert last["outcome"] == "allow"
    await shop.tell(e.event("order.paid.v1", data))
    after = await check(shop, "k3", {**data, "phone": OWN["phone"]})
    assert after["outcome"] == "review"
    booked = (await shop.get("/v1/orders/o"))["decision"]
    assert (booked["decision_id"], booked["outcome"]) == (last["decision_id"], "allow")
    assert await shop.balances("leaf") == {"pending_fen": 1_000}


async def test_cypher_can_only_worsen_what_the_check_said(shop: Shop) -> None:
    """Allowed at the till; then a tie comes to light before the order is processed. And the other way round."""
    await team(shop)
    e = shop.events
    better = order("o1", "b1", promoter_id="leaf")
    worse = order("o2", "b2", 10_000, promoter_id="leaf", phone=OWN["phone"])
    both = order("o3", "b3", promoter_id="leaf", phone=OWN["phone"])
    said = {
        name: (await check(shop, name, data))["outcome"] for name, data in (("1", better), ("2", worse), ("3", both))
    }
    assert said == {"1": "allow", "2": "review", "3": "review"}
    plain = order("o2", "b2", 10_000, promoter_id="leaf")
    await shop.tell(
        e.identified("b1", unionid="oUnion-mid-0001"),
        e.identified("b3", id_card="11010519491231002X"),
        e.event("order.paid.v1", better),
        e.event("order.paid.v1", plain),  # paid without naming the phone: the graph finds nothing
        e.event("order.paid.v1", both),
    )
    decided = {name: (await shop.get(f"/v1/orders/{name}"))["decision"] for name in ("o1", "o2", "o3")}
    assert {name: one["outcome"] for name, one in decided.items()} == {"o1": "block", "o2": "review", "o3": "block"}
    assert [reason["rule"] for reason in decided["o1"]["reasons"]] == ["same_identity"]
    assert [reason["rule"] for reason in decided["o2"]["reasons"]] == ["shared_tie"]
    assert {reason["rule"] for reason in decided["o3"]["reasons"]} == {"shared_tie", "same_identity"}
    assert await shop.balances("leaf") == {"held_fen": 1_000}


async def test_a_device_is_as_good_as_new_an_hour_later(shop: Shop) -> None:
    await team(shop)
    e = shop.events
    named: dict[str, Any] = {"promoter_id": "leaf", "device_id": "till-7"}
    for number in range(30):
        for attempt in range(2):
            said = await check(shop, f"k{number}-{attempt}", order(f"o{number}", f"b{number % 11}", **named))
            assert said["outcome"] == "allow"
    await shop.tell(*(e.paid(f"o{n}", f"b{n % 11}", **named) for n in range(30)))
    one_more = await check(shop, "one more", order("o30", "b0", **named))
    assert [reason["rule"] for reason in one_more["reasons"]] == ["device_velocity"]
    assert (await check(shop, "later", order("o31", "b0", days=1.05, **named)))["outcome"] == "allow"


async def test_the_blacklist_reviews_until_it_is_lifted(shop: Shop) -> None:
    await team(shop)
    data = order("o", "buyer", promoter_id="leaf", phone="13800138000")
    listing = {"kind": "phone", "value": "138 0013 8000", "reason": "test"}
    entry = await shop.post("/v1/risk/blacklist", "analyst", listing, 201)
    assert "13800138000" not in json.dumps(entry)
    await shop.drain()
    said = await check(shop, "k1", data)
    assert (said["outcome"], [reason["rule"] for reason in said["reasons"]]) == ("review", ["blacklisted"])
    lifted = await shop.call("DELETE", f"/v1/risk/blacklist/{entry['entry_id']}", "analyst")
    assert lifted.json()["status"] == "lifted"
    await shop.drain()
    assert (await check(shop, "k2", data))["outcome"] == "allow"


class _CountingGraph:
    """The real graph, counting the reads that are opened."""

    def __init__(self, graph: LiveGraph) -> None:
        self._graph = graph
        self.reads = 0

    @asynccontextmanager
    async def reading(self, *args: Any) -> AsyncIterator[Any]:
        self.reads += 1
        async with self._graph.reading(*args) as tx:
            yield tx


async def test_allow_makes_no_graph_call(installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await team(shop)
    checks, graph = installation.parts.checks, _CountingGraph(installation.parts.live)
    monkeypatch.setattr(checks, "_graph", graph)
    asked = OrderToCheck("o", "buyer", "leaf", T0, 10_000, {})
    allowed = await checks.check(shop.brand, "k1", "order", asked, "print", T0, None)
    assert (allowed.outcome, graph.reads) == ("allow", 0)
    await shop.tell(shop.events.identified("buyer", phone=OWN["phone"]))
    refused = await checks.check(shop.brand, "k2", "order", replace(asked, order_id="o2"), "print", T0, None)
    assert (refused.outcome, graph.reads) == ("review", 1)


def test_a_rule_that_errors_counts_as_its_own_outcome() -> None:
    rules = [
        Rule("fine", "strong_ties > 5", "review", 1, "m"),
        Rule("no such feature", "height > 3", "block", 7, "m"),
        Rule("no truth value", "strong_ties / buyer_orders > 1", "review", 3, "m"),
    ]
    verdict = Rulebook(9, rules).judge({"buyer_orders": 0, "strong_ties": 1})
    assert [(hit.rule, hit.outcome, hit.error is not None) for hit in verdict.hits] == [
        ("no such feature", "block", True),
        ("no truth value", "review", True),
    ]
    assert (verdict.outcome, verdict.score) == ("block", 10)


@pytest.mark.parametrize("rule", DEFAULT_RULES, ids=lambda rule: str(rule.rule))
def test_every_default_rule_reads_known_features_and_can_hit(rule: Rule) -> None:
    """A rule names features of the table only; with nothing known it is silent, and some value makes it hit."""
    book = Rulebook(1, [rule])
    assert book.judge({}).hits == ()
    hits = [
        hit
        for name, value in FEATURES.items()
        for hit in book.judge({name: True if isinstance(value, bool) else 1_000}).hits
    ]
    hits += book.judge({"strong_ties": 1}).hits
    assert hits and all(hit.error is None for hit in hits), asdict(rule)


async def test_checks_answer_at_other_instants(shop: Shop) -> None:
    """Before the promoter was one, there is no chain to tie anybody to."""
    await team(shop)
    early = order("o", "buyer", days=-1, promoter_id="leaf", phone=OWN["phone"])
    assert (await check(shop, "k", early))["outcome"] == "allow"
    assert (await check(shop, "k2", {**early, "placed_at": at()}))["outcome"] == "review"


async def test_a_field_that_is_null_is_one_left_out(shop: Shop) -> None:
    """The same check, however its order spells that it names nothing."""
    await team(shop)
    data = order("o", "b")
    said = await check(shop, "k", data)
    nulls = {name: None for name in ("promoter_id", "device_id", "phone", "region") if name not in data}
    assert nulls and await check(shop, "k", {**data, **nulls}) == said
    assert (await check(shop, "k", {**data, "phone": "13912345678"}, status=409))["code"] == "check_conflict"

"""An installation that is upgraded: its graph has the shape of an earlier model, is made anew, and serves meanwhile."""

import asyncio
from typing import Any

import pytest

from core import limits
from core.stores.postgres import lock
from events.consumer import consumer_lock
from events.room import Unwatched
from privacy.kinds import KINDS
from tests.graph.test_projector_tree import team
from tests.platform import Running, Shop, order

PHONE = "13800138000"
_FIRST_MODEL = (
    """MATCH (m:Member)-[r:OWNS|SEEN_AT]->(x) WHERE m.key STARTS WITH $prefix
       CREATE (m)-[old:$($edges[x.kind])]->(x) SET old = properties(r) DELETE r""",
    """MATCH (o:Order)-[r:NAMES]->(x) WHERE o.key STARTS WITH $prefix
       CREATE (o)-[old:$($edges[x.kind])]->(x) SET old.seq = r.seq DELETE r""",
    "MATCH (x:Identifier) WHERE x.key STARTS WITH $prefix REMOVE x:Identifier, x.kind",
    "MATCH (w:Watermark {key: $space}) REMOVE w.model",
)
"""What makes a graph of the second model one of the first: types by kind, no label they share, no number."""


async def count(installation: Running, text: str, **params: Any) -> int:
    """The one number a query answers."""
    async with installation.parts.graph.reading() as tx:
        record = await (await tx.run(text, **params)).single()
    assert record is not None
    return int(record[0])


async def make_old(installation: Running, shop: Shop) -> str:
    """Put a brand's graph into the shape of the first model; answers its space."""
    parts = installation.parts
    space = await parts.live.space(shop.brand)
    params: dict[str, Any] = {
        "prefix": f"{space}|",
        "space": space,
        "edges": {name: kind.edge for name, kind in KINDS.items()},
    }
    async with parts.postgres.brand(shop.brand) as conn:
        await lock(conn, consumer_lock(shop.brand, "graph"))
        for text in _FIRST_MODEL:
            async with parts.graph.writing() as tx:
                await (await tx.run(text, **params)).consume()
    return space


async def risky(shop: Shop, check_id: str) -> list[list[str]]:
    """Paths that tie a buyer with the phone of a person above, as a check shows them."""
    asked = {"check_id": check_id, "stage": "order", "order": order("o9", "c2", promoter_id="leaf", phone=PHONE)}
    found = await shop.post("/v1/risk/checks", "pipeline", asked)
    (reason,) = (reason for reason in found["reasons"] if reason["rule"] == "shared_tie")
    return [[node["kind"] for node in evidence["path"]] for evidence in reason["evidence"]]


async def test_a_graph_of_an_earlier_model_is_made_anew_by_itself(
    installation: Running, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SPACE_GRACE_SECONDS", 0.0)  # nobody else reads this brand
    e = shop.events
    await team(shop)
    await shop.tell(
        e.identified("mid", phone=PHONE, device="device-of-mid", ip="203.0.113.7"),
        e.identified("c1", id_card="11010519491231002X", payout_account="wx-1"),
        e.bound("c1", "leaf"),
        e.paid("o1", "c1", phone=PHONE, ip="203.0.113.7"),
    )
    whole, paths = await shop.get("/v1/consistency"), await risky(shop, "before")
    assert whole["ok"] and paths == [["order", "phone", "member"]]

    old = await make_old(installation, shop)
    assert not (await shop.get("/v1/consistency"))["ok"]  # nothing it holds of identifiers can be seen
    assert await risky(shop, "meanwhile") == paths  # as the wire knows them
    assert (await shop.get("/v1/members/c1/uplines"))["items"]

    await shop.tell(e.paid("o2", "c1", phone=PHONE))  # the worker looks, and finds what an older one left
    await asyncio.sleep(limits.SPACE_KEEP_SECONDS)
    assert await installation.parts.live.space(shop.brand) != old
    ties = (await shop.get("/v1/orders/o2"))["decision"]
    assert [reason["rule"] for reason in ties["reasons"]] == ["shared_tie"]
    healed = await shop.get("/v1/consistency")
    assert healed["ok"] and healed["graph"]["edges"] == whole["graph"]["edges"] + 1
    assert await risky(shop, "after") == paths

    held = "MATCH (n:Member|Order|Account|Device|Phone|IdCard|Ip) WHERE n.key STARTS WITH $prefix RETURN count(n)"
    assert await count(installation, held, prefix=f"{old}|") > 0
    assert (await installation.parts.jobs["sweep_graph"].run(shop.brand, {}, Unwatched()))["count"] >= 1
    assert await count(installation, held, prefix=f"{old}|") == 0
    assert (await shop.get("/v1/consistency")) == healed

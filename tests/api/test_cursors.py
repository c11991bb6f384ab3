"""Cursors: sealed for one brand, one list and one choice of filters; every list goes on to its end."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from core.clock import wall_now
from events import aside
from tests.platform import Shop, at


async def refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor"), answer.text
    assert answer.json()["errors"][0]["field"] == "cursor"


async def pages(shop: Shop, path: str, role: str, name: str = "items", **query: str) -> list[list[dict[str, Any]]]:
    """Every page of a list, with the cursors as they are given."""
    found, cursor = [], None
    while True:
        answer = await shop.get(path, role, **query, **({"cursor": cursor} if cursor else {}))
        found.append(answer[name])
        if (cursor := answer["next_cursor"]) is None:
            return found


async def test_a_cursor_tells_nothing_and_holds_for_its_own_list_only(shop: Shop, other_shop: Shop) -> None:
    for one in (shop, other_shop):
        e = one.events
        await one.tell(
            e.registered("secret-root"),
            e.approved("secret-root", invited_by=None),
            *(e.registered(f"secret-{n}") for n in range(4)),
            *(e.approved(f"secret-{n}", invited_by="secret-root") for n in range(4)),
        )
    path = "/v1/members/secret-root/team"
    token = await shop.token("secret-root")
    first = (await shop.call("GET", path, token, params={"limit": "2"})).json()
    cursor = first["next_cursor"]
    raw = base64.urlsafe_b64decode(cursor)
    assert b"secret" not in raw and "secret" not in cursor
    # on it goes, however many are asked for at a time
    for limit in ("1", "2", "200"):
        answer = await shop.call("GET", path, token, params={"limit": limit, "cursor": cursor})
        assert answer.status_code == 200 and answer.json()["items"]
    foreign: list[tuple[Shop, str, dict[str, str]]] = [
        (shop, path, {"depth": "1"}),
        (shop, path, {"as_of": "2026-03-02T08:00:00Z"}),
        (shop, "/v1/members/secret-0/team", {}),
        (other_shop, path, {}),
        (shop, "/v1/risk/blacklist", {}),
        (shop, "/v1/withdrawals", {}),
    ]
    for one, there, query in foreign:
        await refused(await one.call("GET", there, "admin", params={**query, "cursor": cursor}))
    changed = bytearray(raw)
    for place in (0, len(raw) // 2, len(raw) - 1):
        changed[place] ^= 1
        tampered = base64.urlsafe_b64encode(bytes(changed)).decode()
        await refused(await shop.call("GET", path, token, params={"cursor": tampered}))
        changed[place] ^= 1
    for text in (cursor[:-4], cursor + "AAAA", "", "AAAA", "\x00", "\ud7ff", "=" * 9):
        await refused(await shop.call("GET", path, token, params={"cursor": text}))


async def test_every_list_goes_on_to_its_end(shop: Shop) -> None:
    e = shop.events
    await shop.tell(e.registered("p"), e.approved("p", invited_by=None), e.registered("c"))
    await shop.tell(*(e.paid(f"o{n}", "c", 10_000 + n, promoter_id="p") for n in range(5)))
    await shop.answers(*({"id": f"bad{n}"} for n in range(5)))
    for n in range(5):
        listing = {"kind": "ip", "value": f"203.0.113.{n}", "reason": "t"}
        await shop.post("/v1/risk/blacklist", "analyst", listing, 201)
    lists: list[tuple[str, str, dict[str, str]]] = [
        ("/v1/events", "auditor", {"status": "rejected"}),
        ("/v1/risk/blacklist", "auditor", {}),
        ("/v1/ledger/members/p/entries", "auditor", {"as_of": at(30)}),
    ]
    for path, role, query in lists:
        whole = (await shop.get(path, role, **query))["items"]
        assert len(whole) >= 5
        found = await pages(shop, path, role, limit="2", **query)
        assert [item for items in found for item in items] == whole and len(found) > 2, path


async def test_all_that_was_set_aside_is_listed(shop: Shop) -> None:
    seqs = await shop.accept(*(shop.events.registered(f"m{n}") for n in range(5)))
    await shop.drain()
    async with shop.parts.postgres.brand(shop.brand) as conn:
        for consumer in ("graph", "ledger"):
            await aside.put(conn, shop.brand, consumer, dict.fromkeys(seqs, "for a test"), wall_now())
    try:
        found = await pages(shop, "/v1/ops/consumers", "admin", "set_aside", limit="3")
        assert [len(items) for items in found] == [3, 3, 3, 1]
        places = [(item["seq"], item["consumer"]) for items in found for item in items]
        assert places == sorted(((seq, name) for seq in seqs for name in ("graph", "ledger")), reverse=True)
        # what was dealt with is not replayed again
        async with shop.parts.postgres.brand(shop.brand) as conn:
            await aside.replayed(conn, shop.brand, "graph", {seqs[0]: seqs[-1]})
        asked = await shop.post(f"/v1/events/{seqs[0]}/replay", "admin", {"reason": "t"}, 202)
        assert asked["consumers"] == ["ledger"]
        async with shop.parts.postgres.brand(shop.brand) as conn:
            await aside.replayed(conn, shop.brand, "ledger", {seqs[0]: seqs[-1]})
        again = await shop.call("POST", f"/v1/events/{seqs[0]}/replay", "admin", json={"reason": "t"})
        assert (again.status_code, again.json()["code"]) == (404, "not_found")
    finally:
        async with shop.parts.postgres.brand(shop.brand) as conn:
            for consumer in ("graph", "ledger"):
                await aside.replayed(conn, shop.brand, consumer, dict.fromkeys(seqs, seqs[-1]))

"""Law: how the log is cut into batches changes nothing the graph finds, and nothing it holds.

The same random stream of facts is projected whole, one by one, and in random cuts, each into a brand of its own.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.stores.neo4j import Graph
from graph.domain.facts import (
    Approved,
    BindAsked,
    Fact,
    Identified,
    Moved,
    Ordered,
    Registered,
    Standing,
)
from graph.findings import Finding, OrderFound, finding_of
from graph.flows.live import LiveGraph
from graph.flows.project import project
from graph.flows.read import members_facts
from privacy.tokens import Token, Tokens
from tests.platform import T0, Running

MEMBERS = st.sampled_from("abcdef")
INSTANTS = st.sampled_from([-200, -90, -1, 0, 1, 90, 179, 180, 181]).map(lambda days: T0 + timedelta(days=days))


@st.composite
def tokens(draw: st.DrawFn, *kinds: str) -> Tokens:
    """A few identifiers out of very few, so that people share them; the third of each kind never links."""
    chosen = draw(st.lists(st.sampled_from(kinds), max_size=2, unique=True))
    numbers = {kind: draw(st.integers(1, 3)) for kind in chosen}
    return {kind: (Token(f"{kind}-{number}", number < 3),) for kind, number in numbers.items()}


def facts() -> st.SearchStrategy[Fact]:
    """One fact of any kind; its number is given later."""
    return st.one_of(
        st.builds(
            Registered,
            st.just(0),
            MEMBERS,
            INSTANTS,
            st.sampled_from(["customer", "employee"]),
            st.none(),
            st.just("h5"),
            st.sampled_from([None, "account-1", "account-2"]),
            st.none() | MEMBERS,
            st.none(),
        ),
        st.builds(Identified, st.just(0), MEMBERS, INSTANTS, tokens("phone", "device", "ip", "id_card")),
        st.builds(Approved, st.just(0), MEMBERS, INSTANTS, st.sampled_from([None, "A"]), st.booleans(), st.none()),
        st.builds(Approved, st.just(0), MEMBERS, INSTANTS, st.none(), st.just(True), MEMBERS),
        st.builds(Standing, st.just(0), MEMBERS, INSTANTS, st.sampled_from(["active", "suspended"])),
        st.builds(BindAsked, st.just(0), MEMBERS, MEMBERS, INSTANTS, st.just("request")),
        st.builds(Moved, st.just(0), MEMBERS, st.none() | MEMBERS, INSTANTS),
        st.builds(
            Ordered,
            st.just(0),
            st.sampled_from(["o1", "o2", "o3", "o4", "o5"]),
            MEMBERS,
            st.none() | MEMBERS,
            INSTANTS,
            st.just(10_000),
            st.sampled_from(["print-1", "print-2"]),
            tokens("phone", "device", "ip"),
        ),
    )


LONG_AGO = T0 - timedelta(days=300)
OPENING: list[Fact] = [
    *(Identified(0, member, LONG_AGO, {}) for member in "abcd"),
    *(Approved(0, member, LONG_AGO, "B", inviter_given=True, inviter_id=None) for member in "ab"),
    Approved(0, "c", LONG_AGO, "B", inviter_given=True, inviter_id="b"),
]
"""A small team to begin with, so that much of what follows is not refused at once."""

STREAMS = st.lists(facts(), min_size=6, max_size=22).map(
    lambda listed: [replace(fact, seq=seq) for seq, fact in enumerate([*OPENING, *listed], 1)]
)


async def _projected(graph: Graph, stream: Sequence[Fact], cuts: Sequence[int]) -> tuple[Any, Any]:
    brand, after = f"split-{secrets.token_hex(6)}", 0
    found: list[Finding] = []
    for upto in [*cuts, len(stream)]:
        if upto > after:
            found += map(finding_of, await project(graph, brand, after, upto, b"", stream[after:upto]))
            after = upto
    facts_held = await members_facts(LiveGraph(graph), brand, "abcdef")
    held = [member._replace(key=member.key.removeprefix(brand)) for member in facts_held]
    for member in held:
        for edges in (member.bound, member.invited, member.seen, member.orders):
            edges.sort()
    return sorted(found, key=lambda finding: finding.seq), held


def _without_order(found: Sequence[Finding]) -> list[Finding]:
    """Findings with their ties in one order: which tie is told first says nothing."""
    return [
        replace(one, effect=replace(one.effect, ties=tuple(sorted(one.effect.ties, key=repr))))
        if isinstance(one.effect, OrderFound)
        else one
        for one in found
    ]


async def test_batches_change_nothing(installation: Running) -> None:
    loop, graph = asyncio.get_running_loop(), installation.parts.graph

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(stream=STREAMS, cuts=st.lists(st.integers(1, 28), max_size=5).map(sorted))
    def law(stream: list[Fact], cuts: list[int]) -> None:
        def run(cuts: Sequence[int]) -> tuple[Any, Any]:
            return asyncio.run_coroutine_threadsafe(_projected(graph, stream, cuts), loop).result(60)

        whole, whole_held = run([])
        for way in (range(1, len(stream)), [cut for cut in cuts if cut < len(stream)]):
            found, held = run(way)
            assert _without_order(found) == _without_order(whole)
            assert held == whole_held

    await asyncio.to_thread(law)

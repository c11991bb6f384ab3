"""Law: whatever was told, in whatever order, a check finds the chain that the order is then frozen with."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import limits
from core.clock import microseconds
from core.stores.neo4j import Graph
from events import facts
from events.consumer import Logged
from graph.contracts import DistributorMoved
from graph.findings import Finding, finding_of
from graph.flows.project import project
from graph.reactions import graph_fact
from risk.flows.wire import operations
from risk.store.wire import Answered, Asked, Stand, Wire
from tests.platform import T0, Running

MEMBERS = st.sampled_from("abcdef")
INSTANTS = st.builds(
    lambda days, microseconds: T0 + timedelta(days=days, microseconds=microseconds),
    st.sampled_from([-400, -200, -180, -90, -1, 0, 1, 90, 180, 360]),
    st.integers(-1, 1),
)
LONG_AGO = T0 - timedelta(days=600)


def paid(number: int, buyer: str, promoter: str | None, placed_at: datetime) -> facts.Paid:
    """An order of one line."""
    line = facts.PaidLine("1", "p", "tea", 1, 10_000)
    return facts.Paid(f"o{number}", buyer, "h5", placed_at, placed_at, (line,), promoter)


TREE = st.one_of(
    st.builds(facts.Registered, MEMBERS, st.just("h5"), INSTANTS, invited_by=st.none() | MEMBERS),
    st.builds(facts.BindingAsked, MEMBERS, MEMBERS, st.just("h5"), INSTANTS),
    st.builds(facts.BindingAsked, st.sampled_from("ef"), st.sampled_from("abc"), st.just("h5"), INSTANTS),
    st.builds(facts.Approved, MEMBERS, INSTANTS, st.none(), st.none() | MEMBERS),
    st.builds(facts.Approved, MEMBERS, INSTANTS),
    st.builds(facts.Suspended, MEMBERS, st.just("test"), INSTANTS),
    st.builds(facts.Restored, MEMBERS, st.just("test"), INSTANTS),
    st.builds(DistributorMoved, MEMBERS, st.none() | MEMBERS, st.just("test"), INSTANTS),
    st.builds(paid, st.integers(1, 9), MEMBERS, st.none() | MEMBERS, INSTANTS),
)
OPENING: tuple[Any, ...] = (
    *(facts.Registered(member, "h5", LONG_AGO) for member in "abcde"),
    *(facts.Approved(member, LONG_AGO, "B", None) for member in "ab"),
    facts.Approved("c", LONG_AGO, "B", "b"),
)
PROBES = st.lists(st.tuples(MEMBERS, st.none() | MEMBERS, INSTANTS), min_size=2, max_size=5)


async def _tell(graph: Graph, wire: Wire, brand: str, after: int, told: Sequence[Any]) -> list[Finding]:
    """Let the graph decide facts, tell the wire what it found, and answer the findings."""
    logged = [Logged(seq, "", fact, f"{fact}".encode(), b"") for seq, fact in enumerate(told, after + 1)]
    upto = after + len(logged)
    outcomes = await project(graph, brand, after, upto, b"", [f for f in map(graph_fact, logged) if f is not None])
    found = [finding_of(outcome) for outcome in outcomes]
    findings = {finding.seq: finding for finding in found}
    pending = [op for one in logged for op in operations(one, findings.get(one.seq), latest=None, wanted=False)]
    assert await wire.apply(brand, after, Stand(upto, None), pending) == upto
    return found


def _asked(buyer: str, promoter: str | None, placed_at: datetime, order_id: str = "o") -> Asked:
    at = microseconds(placed_at)
    return Asked(order_id, buyer, promoter or "", at, at, (), (), (("buyer", f"member:{buyer}"),))


async def _agree(graph: Graph, wire: Wire, history: Sequence[Any], probes: Sequence[Any]) -> None:
    brand, stands = f"chain-{secrets.token_hex(6)}", len(OPENING) + len(history)
    await _tell(graph, wire, brand, 0, [*OPENING, *history])
    for number, (buyer, promoter, placed_at) in enumerate(probes, 100):
        said = await wire.check(brand, _asked(buyer, promoter, placed_at, f"o{number}"))
        (found,) = await _tell(graph, wire, brand, stands, [paid(number, buyer, promoter, placed_at)])
        stands += 1
        assert found.order is not None
        frozen = [(person.level, person.member_id) for person in found.order.chain]
        assert said.known
        assert [(person["level"], person["member_id"]) for person in said.chain] == frozen
    await wire.forget(brand)


async def test_a_check_finds_the_chain_that_is_frozen(installation: Running) -> None:
    loop, parts = asyncio.get_running_loop(), installation.parts

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(history=st.lists(TREE, min_size=4, max_size=20), probes=PROBES)
    def law(history: list[Any], probes: list[Any]) -> None:
        checked = _agree(parts.graph, parts.wire, history, probes)
        asyncio.run_coroutine_threadsafe(checked, loop).result(300)

    await asyncio.to_thread(law)


@pytest.mark.parametrize("order", ["as they came", "the other way round"])
async def test_a_wire_that_had_to_forget_says_so(installation: Running, order: str) -> None:
    """Of more bindings than are kept the latest stay, and before these nothing is certain."""
    wire, brand = installation.parts.wire, f"long-{secrets.token_hex(6)}"
    half_years = [T0 + timedelta(days=180 * number) for number in range(limits.WIRE_INTERVALS_MAX + 3)]
    bound = [
        {
            "op": "bound",
            "member_id": "m",
            "promoter_id": f"p{number}",
            "since_us": microseconds(since),
            "until_us": microseconds(since + timedelta(days=180)),
        }
        for number, since in enumerate(half_years)
    ]
    told = bound if order == "as they came" else bound[::-1]
    await wire.apply(brand, 0, Stand(1, None), told)

    async def at(instant: datetime) -> Answered:
        return await wire.check(brand, _asked("m", None, instant))

    for number, since in enumerate(half_years):
        said = await at(since)
        assert said.known == (number >= 3)
        assert not said.known or [person["member_id"] for person in said.chain] == [f"p{number}"]
    assert (await at(half_years[-1] + timedelta(days=180))).chain == []
    await wire.forget(brand)

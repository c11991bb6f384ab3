"""Chains as long as the bound on the search for loops, and longer: no ring is ever closed."""

import secrets
from datetime import timedelta

from core.limits import LOOP_HOPS_MAX
from graph.domain.facts import BindAsked, Identified
from graph.flows.project import project
from tests.platform import T0, Running

LONG_AGO = T0 - timedelta(days=10)
LAST = LOOP_HOPS_MAX + 1


async def test_no_ring_is_closed_however_long_the_chain(installation: Running) -> None:
    """``m0`` is bound to ``m1``, that one to ``m2``, and so on: as many stand above ``m1`` as are looked at."""
    graph, space = installation.parts.graph, f"long-{secrets.token_hex(4)}"
    names = [*(f"m{n}" for n in range(LAST + 1)), "head", "other", "below", "under", "alone"]
    known = [Identified(seq, name, LONG_AGO, {}) for seq, name in enumerate(names, 1)]
    await project(graph, space, 0, len(names), b"", known)
    async with graph.writing() as tx:
        chain = await tx.run(
            "UNWIND $names AS name MATCH (m:Member {key: $space + '|' + name})"
            " SET m.standing = ['active'], m.standing_at = [$at], m.standing_seq = [0]"
            " WITH m, name WHERE name STARTS WITH 'm'"
            " MATCH (p:Member {key: $space + '|m' + (toInteger(substring(name, 1)) + 1)})"
            # two ways up from everybody, as from one who has renewed a binding
            " UNWIND [1, 2] AS way CREATE (m)-[:BOUND_TO {seq: 0, valid_from: $at, valid_to: $until}]->(p)",
            names=names,
            space=space,
            at=LONG_AGO,
            until=T0 + timedelta(days=100),
        )
        await chain.consume()
    asked = [
        ("below", "head", None),
        ("under", "other", None),
        ("alone", "m0", None),  # nobody stands below: whoever stands above, it closes no ring
        (f"m{LAST}", "m1", "would_loop"),
        (f"m{LAST}", "m0", "would_loop"),  # one person more than are looked at
        ("head", "m0", "would_loop"),  # no ring, but nobody has looked far enough to know
        ("other", "m1", None),
    ]
    begin = len(names) + 1
    bound = [BindAsked(begin + n, member, promoter, T0, "request") for n, (member, promoter, _) in enumerate(asked)]
    found = await project(graph, space, len(names), len(names) + len(asked), b"", bound)
    assert [one.code for one in found] == [code for _, _, code in asked]

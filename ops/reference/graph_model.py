"""The page of the graph: nodes, relationships, their properties and who writes them, read out of the query files.

What the files under ``cypher/`` make (``CREATE``, ``MERGE``) and set; a name without a label in a file stands for a
member, for that is what the tree is made of. Labels of kinds of identifiers come from the one table of kinds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from core.stores.queries import ROOT
from ops.reference.markdown import code, codes, page, table
from privacy.kinds import KINDS

_KEY: Final = re.compile(r"FOR \(n:(\w+)\) REQUIRE n\.(\w+) IS UNIQUE")
_CLAUSE: Final = re.compile(
    r"\b(OPTIONAL MATCH|MATCH|MERGE|CREATE|ON CREATE SET|ON MATCH SET|SET|WITH|UNWIND|RETURN|FOREACH|CALL|WHERE"
    r"|DELETE)\b"
)
_NODE: Final = re.compile(r"\((\w*)(?::(\w+))?\s*(?:\{([^}]*)\})?\)")
_EDGE: Final = re.compile(
    r"\((?P<a>\w*)(?::\w+)?[^()]*\)-\[(?P<r>\w*):(?P<type>\w+)\s*(?:\{(?P<props>[^}]*)\})?\]->\((?P<b>\w*)"
)
_SET: Final = re.compile(r"(?<![\w.])(\w+)\.(\w+)\s*=(?!=)")
_PROPERTY: Final = re.compile(r"(?:^|,)\s*(\w+)\s*:")
_TREE: Final = "Member"
SYSTEM: Final = {
    "Watermark": "where the graph in a space stands, with the outcomes of its last stretch",
    "Space": "in which space a brand's live graph lies",
}


NODES_MEAN: Final = {
    "Member": "a person of the brand: customer, distributor or employee; bare until it is registered",
    "Account": "an account of a member on a platform of the shop, as a token",
    "Identifier": "something by which persons are known or found, as a token; also bears the label of its kind",
    "Order": "a paid order, for what ties its buyer to those who earn",
}
EDGES_MEAN: Final = {
    "ACCOUNT_OF": "whose account it is",
    "BOUGHT_THROUGH": "the buyer's orders that earned for this promoter, counted",
    "BOUND_TO": "whose customer the member is from one instant to another",
    "INVITED_BY": "who stands above a distributor; the tree in which money goes up",
    "OWNS": "an identifier that ties: the same one with two members says something of both",
    "SEEN_AT": "an identifier that ties nobody by itself: an IP address, a postal address",
    "NAMES": "an identifier that the order named",
    "PLACED_BY": "the buyer",
    "PROMOTED_BY": "a person of the frozen chain, at this level",
}
PROPERTIES_MEAN: Final = {
    "approved_at": "when the member was approved as a distributor",
    "approved_seq": "number of the event that approved it",
    "brand": "the brand it belongs to",
    "building": "of an address: token of the building without the unit",
    "closed_seq": "number of the event that ended it",
    "data_print": "keyed hash of the order's data: another content shows",
    "entry_channel": "how the member came, in the shop's words",
    "fenced": "which worker may write now",
    "first_order_seq": "number of the event of the member's first order",
    "first_seen": "earliest instant at which it was seen",
    "first_seq": "number of the first event that spoke of the member",
    "grade": "rank of a distributor now",
    "grades": "ranks so far, with the instants from which they held",
    "grades_seq": "number of the event that last set a rank",
    "how": "what bound them: a request, an order, a registration",
    "key": "space of the brand's graph and id; unique",
    "kind": "of a member: customer or employee; of an identifier: its kind",
    "last_seen": "latest instant at which it was seen",
    "level": "distance from the buyer, 1 to 3",
    "links": "false for what must never tie two persons",
    "live": "the space that is read",
    "log_hash": "hash of the log at the watermark",
    "member_id": "the id that the shop chose",
    "model": "version of the graph's model",
    "order_id": "the id that the shop chose",
    "outcomes": "what was made of the last stretch, until it stands in Postgres",
    "paid_fen": "sum of the lines in fen, without freight",
    "place": "of an address: locker or institution, where many strangers meet",
    "placed_at": "when the order was placed",
    "platform": "the platform of the account, in the shop's words",
    "registered_at": "when the member was registered; none: it is bare",
    "seq": "number of the event it comes from",
    "standing": "whether the distributor was active or suspended, change by change",
    "standing_at": "the instants of those changes",
    "standing_seq": "number of the event that last changed it",
    "times": "how often it was seen",
    "token": "keyed hash of the value; the value itself is not in the graph",
    "valid_from": "from when it holds",
    "valid_to": "until when it holds, that instant excluded",
}


class Edge(NamedTuple):
    """A kind of relationship between two kinds of nodes."""

    source: str
    type: str
    target: str


@dataclass
class Written:
    """What is written of a kind of node or relationship, and by which files."""

    properties: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


@dataclass
class Model:
    """Everything the query files write."""

    nodes: dict[str, Written] = field(default_factory=lambda: defaultdict(Written))
    edges: dict[Edge, Written] = field(default_factory=lambda: defaultdict(Written))


def keys() -> dict[str, str]:
    """The unique key of each label, as the schema declares it."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "cypher" / "schema").glob("*.cypher"))]
    return {label: key for text in texts for label, key in _KEY.findall(text)}


def model() -> Model:
    """What the files write, in the order of the files."""
    found = Model()
    for path in sorted((ROOT / "cypher").glob("*/*.cypher")):
        if path.parent.name != "schema":
            _read(found, path.relative_to(ROOT / "cypher").with_suffix("").as_posix(), path.read_text(encoding="utf-8"))
    return found


def _read(found: Model, name: str, text: str) -> None:
    """Clause by clause, so that a name means what the nearest clause before says it means."""
    nodes: dict[str, list[str]] = {}
    edges: dict[str, list[Edge]] = {}
    for clause, body in _clauses(re.sub(r"//.*", "", text)):
        writes = clause in ("CREATE", "MERGE")
        for variable, label, properties in _NODE.findall(body):
            if label:
                nodes[variable] = [label]
                if writes:
                    _note(found, name, nodes[variable], properties)
        for match in _EDGE.finditer(body):
            made = [
                Edge(source, match["type"], target)
                for source in nodes.get(match["a"], [_TREE])
                for target in nodes.get(match["b"], [_TREE])
            ]
            edges[match["r"]] = made
            if writes:
                for edge in made:
                    found.edges[edge].properties.update(_PROPERTY.findall(match["props"] or ""))
                    found.edges[edge].files.add(name)
        if clause.endswith("SET"):
            for variable, property_name in _SET.findall(body):
                if variable in edges and variable not in nodes:
                    for edge in edges[variable]:
                        found.edges[edge].properties.add(property_name)
                        found.edges[edge].files.add(name)
                else:
                    _note(found, name, nodes.get(variable, [_TREE]), f"{property_name}:")


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    parts = _CLAUSE.split(text)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _note(found: Model, name: str, labels: list[str], properties: str) -> None:
    for label in labels:
        found.nodes[label].properties.update(_PROPERTY.findall(properties))
        found.nodes[label].files.add(name)


def graph_model_page() -> str:
    """Nodes, relationships, and a picture of both."""
    found, unique = model(), keys()
    unkeyed = [kind.label for kind in KINDS.values() if kind.label not in unique]
    labels = [label for label in unique if label not in SYSTEM]
    return page(
        "The graph",
        "Read out of `cypher/` and `privacy/kinds.py`. Every key begins with the space of its brand's graph: the "
        "brand, "
        "or the brand and a number once the graph was made anew. Identifiers stand in it as tokens alone.",
        _picture(found),
        "## Nodes",
        table(
            ("label", "means", "unique", "properties", "written by"),
            (
                (
                    code(label),
                    NODES_MEAN.get(label, ""),
                    code(unique[label]),
                    codes(sorted(found.nodes[label].properties)),
                    codes(sorted(found.nodes[label].files)),
                )
                for label in labels
            ),
        ),
        f"Identifiers bear the label of their kind besides: {codes(unkeyed)}." if unkeyed else "",
        "## Relationships",
        table(
            ("from", "type", "to", "means", "properties", "written by"),
            (
                (
                    code(e.source),
                    code(e.type),
                    code(e.target),
                    EDGES_MEAN.get(e.type, ""),
                    codes(sorted(w.properties)),
                    codes(sorted(w.files)),
                )
                for e, w in sorted(found.edges.items())
            ),
        ),
        "`seq` is the number of the event that made it. Edges of the tree are closed (`valid_to`, `closed_seq`), never "
        "deleted. `links` is false for what must never tie two persons.",
        "## Properties",
        table(
            ("property", "means"),
            ((code(name), PROPERTIES_MEAN.get(name, "")) for name in properties(found)),
        ),
        "## Beside the graph",
        table(
            ("label", "unique", "properties", "what it is", "written by"),
            (
                (
                    code(label),
                    code(unique[label]),
                    codes(sorted(found.nodes[label].properties)),
                    what,
                    codes(sorted(found.nodes[label].files)),
                )
                for label, what in SYSTEM.items()
            ),
        ),
    )


def properties(found: Model) -> list[str]:
    """Every property that is written of a node or relationship, by name."""
    written = (*found.nodes.values(), *found.edges.values())
    return sorted({name for one in written for name in one.properties})


def _picture(found: Model) -> str:
    lines = [f"  {edge.source} -->|{edge.type}| {edge.target}" for edge in sorted(found.edges)]
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])

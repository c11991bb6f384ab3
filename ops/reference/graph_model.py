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
_SYSTEM: Final = {
    "Watermark": "where the graph in a space stands, with the outcomes of its last stretch",
    "Space": "in which space a brand's live graph lies",
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
    labels = [label for label in unique if label not in _SYSTEM]
    return page(
        "The graph",
        "Read out of `cypher/` and `privacy/kinds.py`. Every key begins with the space of its brand's graph: the "
        "brand, "
        "or the brand and a number once the graph was made anew. Identifiers stand in it as tokens alone.",
        _picture(found),
        "## Nodes",
        table(
            ("label", "unique", "properties", "written by"),
            (
                (
                    code(label),
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
            ("from", "type", "to", "properties", "written by"),
            (
                (code(e.source), code(e.type), code(e.target), codes(sorted(w.properties)), codes(sorted(w.files)))
                for e, w in sorted(found.edges.items())
            ),
        ),
        "`seq` is the number of the event that made it. Edges of the tree are closed (`valid_to`, `closed_seq`), never "
        "deleted. `links` is false for what must never tie two persons.",
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
                for label, what in _SYSTEM.items()
            ),
        ),
    )


def _picture(found: Model) -> str:
    lines = [f"  {edge.source} -->|{edge.type}| {edge.target}" for edge in sorted(found.edges)]
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])

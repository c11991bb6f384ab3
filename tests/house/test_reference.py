"""The pages under docs/reference are what the code says now."""

import re

import pytest

from core.stores.queries import ROOT
from ledger.domain.accounts import Account
from ops.reference.graph_model import keys, model
from ops.reference.pages import FOLDER, PAGES, REFRESH
from ops.reference.stores import chart
from tests.house.query_files import CYPHER
from tests.house.sources import files


@pytest.mark.parametrize("name", PAGES)
def test_page_is_fresh(name: str) -> None:
    path = FOLDER / name
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    assert written == PAGES[name](), f"{path.relative_to(ROOT)} is stale: run `{REFRESH}`"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES), f"run `{REFRESH}`"


def test_the_graph_is_read_whole() -> None:
    """No label without a key or a writer, no edge to a label that is none."""
    found, unique = model(), keys()
    assert set(found.nodes) == set(unique)
    assert {edge.source for edge in found.edges} | {edge.target for edge in found.edges} <= set(unique)
    assert all(written.files for written in (*found.nodes.values(), *found.edges.values()))
    assert {name for written in found.edges.values() for name in written.files} <= set(CYPHER)


def test_every_variable_of_the_environment_is_a_setting() -> None:
    """What the code, the compose file or the Makefile names; variables of the tests are the tests' own."""
    kept = [path for path in files() if path.suffix in {".py", ".yml"} or path.name in {"Makefile", "Dockerfile"}]
    named = {
        name for path in kept for name in re.findall(r"TREFOIL_[A-Z0-9_]*[A-Z0-9]", path.read_text(encoding="utf-8"))
    }
    said = (FOLDER / "settings.md").read_text(encoding="utf-8")
    assert not {name for name in named if f"`{name}`" not in said and not name.startswith("TREFOIL_TEST")}


def test_the_chart_is_read_whole() -> None:
    """The accounts of the books stand in the table that the migrations write."""
    accounts = [account for account, _, _ in chart()]
    assert len(accounts) == len(set(accounts))
    assert {member.value for member in Account} <= set(accounts)

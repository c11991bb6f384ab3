"""The pages under docs/reference are what the code says now."""

import pytest

from core.stores.queries import ROOT
from ledger.domain.accounts import Account
from ops.reference.graph_model import keys, model
from ops.reference.pages import FOLDER, PAGES, REFRESH
from ops.reference.stores import chart
from tests.house.query_files import CYPHER


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


def test_the_chart_is_read_whole() -> None:
    """The accounts of the books stand in the table that the migrations write."""
    accounts = [account for account, _, _ in chart()]
    assert len(accounts) == len(set(accounts))
    assert {member.value for member in Account} <= set(accounts)

"""Pages written by hand name what is there, and their examples hold."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from privacy.kinds import KINDS, normalise
from privacy.masks import mask
from tests.house.sources import ROOMS, ROOT, files

_PAGES = [path for path in files() if path.suffix == ".md"]
_PATH = re.compile(
    r"`((?:[\w.-]+/)+[\w.-]*(?:\.(?:py|cypher|sql|lua|md|csv|toml|yml))?|\w+\.(?:toml|yml))`"
)  # a path in code signs, with a folder in it
_BY_HAND = [page for page in _PAGES if not page.is_relative_to(ROOT / "docs" / "reference")]
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
_AT_THE_TOP = {path.name for path in ROOT.iterdir() if path.is_dir()}


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", _BY_HAND, ids=where)
def test_every_path_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = [path for path in _PATH.findall(text) if path.split("/")[0] in _AT_THE_TOP and not path.startswith(".")]
    assert not [path for path in named if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", _PAGES, ids=where)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert not [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]


def test_rules_are_cited_from_the_project_itself() -> None:
    """A section sign in code leads to a page that is not here."""
    texts = {
        path: path.read_text(encoding="utf-8") for path in files() if path.suffix in {".py", ".sql", ".cypher", ".lua"}
    }
    assert not [where(path) for path, text in texts.items() if re.search(r"\N{SECTION SIGN}\d|[Dd]omain [s]heet", text)]


def test_the_readme_says_where_things_are() -> None:
    """Each package at the top, and each folder of query text, has its row."""
    _, _, table = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Where things are")
    first_cells = " ".join(re.findall(r"^\| (`.+?) \|", table, re.MULTILINE))
    named = set(re.findall(r"`(\w+)/`", first_cells))
    packages = {room for room in ROOMS if (ROOT / room).is_dir()}
    assert packages | {"cypher", "docs", "lua", "sql", "tests"} == named


def test_the_floors_name_every_room() -> None:
    floors = (ROOT / "docs" / "rooms.md").read_text(encoding="utf-8").partition("## The floors")[2]
    picture = floors.split("```")[1]
    assert {room for room in ROOMS if (ROOT / room).is_dir()} <= set(re.findall(r"\w+", picture))


def _tables(*headings: str) -> Iterator[tuple[str, list[str]]]:
    """Rows of the tables with these headings on the page of identifiers, each with the title it stands under."""
    title, inside = "", False
    for line in (ROOT / "docs" / "concepts" / "identifiers.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ")
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if tuple(cells) == headings:
            inside = True
        elif not cells:
            inside = False
        elif inside and set(cells) != {"---"}:
            yield title, cells


_KIND_OF = {
    "Phones": "phone",
    "Devices": "device",
    "IP addresses": "ip",
    "ID cards": "id_card",
    "Payout accounts": "payout_account",
    "Union ids": "unionid",
    "Addresses": "address",
}
_REGION = {"province": "浙江省", "city": "杭州市", "county": "余杭区"}


def test_identifiers_are_spelled_as_the_page_says() -> None:
    seen = set()
    for title, (sent, spelled, ties) in _tables("sent", "spelled", "ties"):
        kind = _KIND_OF[title]
        seen.add(kind)
        found = normalise(kind, {**_REGION, "detail": sent} if kind == "address" else sent)
        assert found is not None
        value = " ".join(filter(None, found.value.split("|"))) if kind == "address" else found.value
        assert (value, "yes" if found.links else "no") == (spelled, ties), sent
    assert seen == set(KINDS)


def test_identifiers_are_masked_as_the_page_says() -> None:
    rows = list(_tables("kind", "value", "shown"))
    assert rows
    for _, (kind, value, shown) in rows:
        assert mask(kind, value) == shown

"""Markdown as these pages use it: a heading, sentences, tables."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

_NOTE = "<!-- Written by `make reference` from the code; edit the code, not this page. -->"


def page(title: str, *blocks: str) -> str:
    """A page: its title, and blocks with an empty line between them."""
    return "\n\n".join([f"# {title}", _NOTE, *(block.strip("\n") for block in blocks if block)]) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; cells are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """Text as it stands in code; nothing for nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def codes(texts: Iterable[object]) -> str:
    """Several of them."""
    return ", ".join(code(text) for text in texts)


def promise(thing: object) -> str:
    """The first paragraph of what something promises, on one line."""
    paragraph = (inspect.getdoc(thing) or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).replace("``", "`")


def yes(value: bool) -> str:
    """A mark for yes, nothing for no."""
    return "yes" if value else ""


def _cell(cell: object) -> str:
    return " ".join(str(cell).split()).replace("|", "\\|")

"""The pages of limits and of settings."""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin

from core import limits, settings
from ops.reference.markdown import code, codes, page, table

_UNITS: Final = {
    "SECONDS": "s", "MS": "ms", "HOURS": "h", "DAYS": "days", "BYTES": "bytes", "CHARS": "characters", "FEN": "fen",
    "EVENTS": "events", "ITEMS": "items", "LINES": "lines",
}  # fmt: skip
_SECTION: Final = re.compile(r"# -+ (.+?) -+$")


def limits_page() -> str:
    """Every bound with its reason."""
    sections: dict[str, list[tuple[str, str, str]]] = {}
    for section, name, reason in _bounds(inspect.getsource(limits)):
        sections.setdefault(section, []).append((code(name), _with_unit(name, getattr(limits, name)), reason))
    blocks = [
        f"## {title.capitalize()}\n\n{table(('name', 'value', 'reason'), rows)}" for title, rows in sections.items()
    ]
    return page("Limits", "Every bound of the platform with its reason, from `core/limits.py`.", *blocks)


def _bounds(source: str) -> Iterator[tuple[str, str, str]]:
    """Section, name and reason of each bound: the comment on its lines, else the one above."""
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    section = ""
    told = dict(sorted(comments.items()))
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        titles = [found[1] for line, text in told.items() if line < node.lineno and (found := _SECTION.match(text))]
        section = titles[-1] if titles else ""
        own = [told[line] for line in range(node.lineno, (node.end_lineno or node.lineno) + 1) if line in told]
        reason = own or [told.get(node.lineno - 1, "")]
        yield section, node.target.id, " ".join(text.strip("# ") for text in reason)


def _with_unit(name: str, value: int | float) -> str:
    unit = next((_UNITS[word] for word in reversed(name.split("_")) if word in _UNITS), "")
    return f"{value:,} {unit}".strip()


def settings_page() -> str:
    """Every setting."""
    rows = [
        (
            code(f"{settings.PREFIX}{name.upper()}"),
            _type(info.annotation),
            code(info.default) if info.default not in (None, "") else "none",
            " ".join((info.description or "").split()).replace("``", "`"),
        )
        for name, info in settings.Settings.model_fields.items()
    ]
    _, *said = [" ".join(text.split()).replace("``", "`") for text in (inspect.getdoc(settings) or "").split("\n\n")]
    return page("Settings", *said, table(("variable", "type", "default", "meaning"), rows))


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return codes(get_args(annotation))
    parts = [part for part in get_args(annotation) if part is not type(None)] or [annotation]
    name = str(parts[0].__name__)
    return {"str": "text"}.get(name, name)

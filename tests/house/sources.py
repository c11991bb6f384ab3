"""The project's own files, as the house tests read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    *("api", "brands", "core", "events", "evidence", "graph", "intake", "ledger", "local", "members", "ops", "privacy"),
    *("reports", "risk", "shopside", "worker"),
)
_NOT_OURS = {"node_modules", "__pycache__", "build", "dist", "results"}


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project: no caches, no installed packages, no data of a running platform."""
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        hidden = path.name.startswith(".") and path.name not in (".ci", ".gitignore", ".dockerignore")
        if hidden or path.name in _NOT_OURS or path.name.endswith(".egg-info") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


@cache
def modules(*rooms: str) -> tuple[tuple[str, ast.Module], ...]:
    """Path (from the root) and syntax tree of every Python file of the given rooms (none: of all)."""
    wanted = rooms or ROOMS
    return tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8")))
        for path in files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in wanted
    )

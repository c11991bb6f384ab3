"""Every page by name, and the folder they lie in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.stores.queries import ROOT
from ops.reference import answers, bounds, events, graph_model, identifiers, metrics, rooms, stores

FOLDER: Final = ROOT / "docs" / "reference"
REFRESH: Final = "make reference"
"""The command that writes the pages anew."""

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "events.md": events.events_page,
    "outcomes.md": answers.outcomes_page,
    "roles.md": answers.roles_page,
    "consumers.md": rooms.consumers_page,
    "kinds.md": identifiers.kinds_page,
    "graph-model.md": graph_model.graph_model_page,
    "accounts.md": stores.accounts_page,
    "queries.md": stores.queries_page,
    "limits.md": bounds.limits_page,
    "settings.md": bounds.settings_page,
    "metrics.md": metrics.metrics_page,
}


def write() -> list[str]:
    """Write what is stale and drop what is no page any more; answers the names of both."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in ((name, make()) for name, make in PAGES.items()):
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    for path in sorted(FOLDER.glob("*.md")):
        if path.name not in PAGES:
            path.unlink()
            changed.append(path.name)
    return changed

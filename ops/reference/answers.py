"""The pages of what the platform answers: outcomes and codes, and who may call what."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from api.app import make_app
from api.auth import OPEN
from api.codes import ANSWERS, CODES, STATUSES
from api.platform import Platform
from ops.reference.markdown import code, codes, page, table
from ops.wiring import CONTRACTS


def outcomes_page() -> str:
    """Statuses and codes."""
    groups = [
        f"## {title}\n\n" + table(("code", "meaning"), ((code(name), meaning) for name, meaning in group.items()))
        for title, group in CODES.items()
    ]
    return page(
        "Outcomes and codes",
        "An event is answered at once, and dealt with a moment later. `GET /v1/events/{seq}` tells the outcome.",
        "## When it is sent",
        table(("status", "meaning"), ((code(name), meaning) for name, meaning in ANSWERS.items())),
        "## When it is dealt with, by each consumer",
        table(("status", "meaning"), ((code(name), meaning) for name, meaning in STATUSES.items())),
        "A code stands in the `code` of a problem, in `errors[]` beside the field it is about, or in the outcome of an "
        "event. It is never renamed. Codes of an import's report: [importing](../guides/import.md).",
        *groups,
    )


def roles_page() -> str:
    """Every route with who may call it."""
    app = make_app(_closed, CONTRACTS)
    rows = []
    for path, methods in app.openapi()["paths"].items():
        for method, said in methods.items():
            roles = sorted(set(said["x-roles"]) - {"admin"})
            admin = "admin of the brand that owns the installation" if said.get("x-owner") else "admin only"
            who = "anybody" if set(roles) == OPEN else codes(roles) or admin
            rows.append((path, code(method.upper()), code(path), said["summary"], who))
    others = [path for route in app.routes if (path := getattr(route, "path", ""))]
    return page(
        "Who may call what",
        "Every route of the API with the roles that may call it, besides admin. `member` is a member's own token: it "
        "sees "
        "itself alone. Without a key: 401; with another role: 403 `forbidden_role`; another brand's or another "
        "member's thing: 404.",
        table(("method", "path", "what it does", "roles"), (row[1:] for row in sorted(rows))),
        f"Open to anybody, and served by the framework itself: {codes(sorted(others))}.",
    )


def _closed() -> AbstractAsyncContextManager[Platform]:
    raise AssertionError("nobody is served by an app that is only looked at")

"""Plan versions as rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core.stores.postgres import Connection
from core.stores.queries import sql
from ledger.domain.plan import Plan, read_plan


@dataclass(frozen=True, slots=True)
class _Row:
    version: int
    document: dict[str, Any]


_PUBLISHED = sql("ledger/plans_published", _Row)
_SEED = sql("ledger/plan_seed")


async def published(conn: Connection) -> list[Plan]:
    """Every published version of every plan of the brand."""
    return [read_plan(row.document, row.version) for row in await _PUBLISHED.run(conn)]


async def seed(conn: Connection, document: Mapping[str, Any], person: str, at: datetime) -> None:
    """Publish a document as version 1 of its plan unless the plan has one."""
    text = orjson.dumps(document).decode()
    await _SEED.run(conn, plan_id=document["plan_id"], document=text, person=person, at=at)

"""A page of a team: who stands where from the graph, what they sold and earned from the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.stores.postgres import Postgres
from graph.flows import read as graph
from graph.flows.live import LiveGraph
from ledger.flows import read as ledger


@dataclass(frozen=True, slots=True)
class TeamRow:
    """One distributor of a team. Own figures and those of everybody below it are never added up."""

    level: int
    member_id: str
    grade: str | None
    status: str | None
    direct_count: int
    team_count: int
    customer_count: int
    own_gmv_fen: int
    team_gmv_fen: int
    commission_fen: int


async def team_page(
    tree: LiveGraph,
    postgres: Postgres,
    brand: str,
    member_id: str,
    as_of: datetime,
    depth: int,
    after: tuple[int, str],
    count: int,
) -> list[TeamRow]:
    """Distributors below a member as of an instant, level by level, with their figures of that instant.

    GMV is net of refunds, of orders they promoted themselves; an order counts from its payment, a refund or a
    cancellation from the instant it names, commission by effective time.
    """
    found = await graph.team(tree, brand, member_id, as_of, depth, after, count)
    people = {row.member_id for row in found}.union(*(row.team for row in found))
    async with postgres.brand(brand) as conn:
        sales = await ledger.sales(conn, people, as_of)
    return [
        TeamRow(
            level=row.level,
            member_id=row.member_id,
            grade=row.grade,
            status=row.status,
            direct_count=row.direct_count,
            team_count=len(row.team),
            customer_count=row.customer_count,
            own_gmv_fen=sales[row.member_id].own_gmv_fen,
            team_gmv_fen=sum(sales[below].own_gmv_fen for below in row.team),
            commission_fen=sales[row.member_id].commission_fen,
        )
        for row in found
    ]

"""Balances, statements, the trial balance and the proof of the chain."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import Request

from api.answers.ledger import Balances, BooksVerified, Statement, TrialBalance
from api.auth import MEMBER, READERS, caller
from api.document import gives
from api.paging import Cursor, Limit, page, read_cursor
from api.platform import platform
from api.scoped import roles, router
from api.times import AsOf, PathId
from core import limits
from core.clock import iso
from core.errors import not_found
from events import log
from events.shop import GRAPH
from evidence.verify import verify
from graph.reactions import MAKES_MEMBERS
from ledger.flows import read
from ledger.flows.read import WITHDRAWAL_KINDS, Kind, StatementLine

routes = router("ledger")


@routes.get(
    "/v1/ledger/members/{member_id}", summary="A member's balances", **gives(Balances), **roles(*READERS, MEMBER)
)
async def read_balances(request: Request, member_id: PathId, as_of: AsOf = None) -> dict[str, Any]:
    parts, who = platform(request), caller(request)
    who.may_see_member(member_id)
    at = as_of or await parts.clock.now()
    async with parts.postgres.brand(who.brand) as conn:
        found = await read.balances(conn, member_id, at)
        booked = await read.entries(conn, member_id, at, None, 1)
    if not booked:
        await _known(request, member_id)
    return asdict(found)


@routes.get(
    "/v1/ledger/members/{member_id}/entries",
    summary="A member's statement, the latest booked first",
    **gives(Statement),
    **roles("finance", "auditor", MEMBER),
)
async def list_statement_entries(
    request: Request,
    member_id: PathId,
    as_of: AsOf = None,
    limit: Limit = limits.PAGE_ITEMS_DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    parts, who = platform(request), caller(request)
    who.may_see_member(member_id)
    at = as_of or await parts.clock.now()
    before = await read_cursor(request, cursor, int, int)
    async with parts.postgres.brand(who.brand) as conn:
        found = await read.entries(conn, member_id, at, (before[0], before[1]) if before else None, limit + 1)
    if not found and not before:
        await _known(request, member_id)
    last = found[:limit][-1:]
    return await page(request, [_entry(row) for row in found], limit, lambda _: (last[0].number, last[0].place))


@routes.get(
    "/v1/ledger/trial-balance",
    summary="The balance of each account, payees summed",
    **gives(TrialBalance),
    **roles("finance", "auditor"),
)
async def read_trial_balance(request: Request, as_of: AsOf = None) -> dict[str, Any]:
    parts = platform(request)
    at = as_of or await parts.clock.now()
    async with parts.postgres.brand(caller(request).brand) as conn:
        return asdict(await read.trial_balance(conn, at))


@routes.get(
    "/v1/ledger/verify",
    summary="Prove that log and books are what the platform wrote",
    **gives(BooksVerified),
    **roles("finance", "auditor"),
)
async def verify_books(request: Request) -> dict[str, Any]:
    """Also the log's chain, the evidence of every table of the books, and the seals that are kept."""
    parts = platform(request)
    found = await verify(parts.postgres, parts.keyring, caller(request).brand)
    return {
        "ok": found.ok,
        "journals": found.journals,
        "head_hash": found.head_hash,
        "content_hash": found.content_hash,
        "findings": [asdict(one) for one in found.findings],
    }


async def _known(request: Request, member_id: str) -> None:
    """404 for a member this brand does not know: no event that was taken speaks of it."""
    brand = caller(request).brand
    async with platform(request).postgres.brand(brand) as conn:
        if not await log.first_told(conn, brand, [member_id], MAKES_MEMBERS, GRAPH):
            raise not_found("member")


def _entry(row: StatementLine) -> dict[str, Any]:
    of_withdrawal = row.kind in WITHDRAWAL_KINDS
    return {
        "journal": str(row.number),
        "kind": row.kind,
        "account": row.account,
        "debit_fen": max(row.amount_fen, 0),
        "credit_fen": max(-row.amount_fen, 0),
        "order_id": None if of_withdrawal else row.subject,
        "refund_id": row.cause.partition("/")[0] if row.kind == Kind.CLAWBACK else None,
        "withdrawal_id": row.subject if of_withdrawal else None,
        "effective_at": iso(row.effective_at),
        "recorded_at": iso(row.recorded_at),
    }

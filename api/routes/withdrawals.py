"""Money asked for, and requests turned down."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from pydantic import Field

from api.answers.withdrawals import Withdrawal as WithdrawalAnswer
from api.answers.withdrawals import Withdrawals
from api.auth import MEMBER, caller
from api.commands import run_command
from api.document import gives
from api.paging import Cursor, Limit, page, read_cursor
from api.platform import platform
from api.scoped import roles, router
from api.times import PathId
from core import limits
from core.clock import iso
from core.errors import FieldError, Refusal, invalid, not_found
from core.ids import new_id
from events.fields import Id, Personal, Strict, Text, example
from ledger.contracts import RejectWithdrawal, RequestWithdrawal
from ledger.flows import read
from ledger.flows.read import Withdrawal

routes = router("withdrawals")

_ABOUT_THE_AMOUNT: Final = {
    "limit_min": f"the smallest withdrawal is {limits.WITHDRAWAL_FEN_MIN} fen",
    "limit_single": f"one withdrawal is at most {limits.WITHDRAWAL_FEN_MAX} fen",
}
_REFUSED: Final = ("unknown_member", "arrears_outstanding", "insufficient_available")


class AskedWithdrawal(Strict):
    """How much is asked for, and to where it shall go."""

    model_config = example(member_id="ann", amount_fen=5_000, channel="wechat")

    member_id: Id
    amount_fen: Annotated[int, Field(ge=1, le=limits.LINE_FEN_MAX)]
    channel: Literal["wechat", "alipay", "bank", "flex"]
    payout_account: Annotated[Text | None, Personal("payout_account")] = None


class AskedRejection(Strict):
    """Why a request is turned down."""

    model_config = example(reason="the account is not the member's own")

    reason: Text


@routes.post(
    "/v1/withdrawals",
    status_code=201,
    summary="Ask for available money",
    **gives(WithdrawalAnswer, {404: ["not_found"], 409: _REFUSED, 422: list(_ABOUT_THE_AMOUNT)}, waits=True),
    **roles("finance", MEMBER),
)
async def ask_for_withdrawal(request: Request, asked: AskedWithdrawal) -> dict[str, Any]:
    parts, who = platform(request), caller(request)
    who.may_see_member(asked.member_id)
    given = asked.model_dump(exclude_unset=True)
    at = await parts.clock.now()
    event = RequestWithdrawal(withdrawal_id=new_id("wd"), at=at, actor=who.person, **given)
    try:
        done = await run_command(request, event, given)
    except Refusal as refusal:
        if refusal.code in _ABOUT_THE_AMOUNT:
            raise invalid([FieldError("amount_fen", refusal.code, _ABOUT_THE_AMOUNT[refusal.code])]) from refusal
        raise
    return done.detail


@routes.post(
    "/v1/withdrawals/{withdrawal_id}/reject",
    summary="Turn a request down",
    **gives(WithdrawalAnswer, {409: ["already_decided"]}, waits=True),
    **roles("finance"),
)
async def reject_withdrawal(request: Request, withdrawal_id: PathId, asked: AskedRejection) -> dict[str, Any]:
    parts, who = platform(request), caller(request)
    async with parts.postgres.brand(who.brand) as conn:
        if await read.withdrawal(conn, withdrawal_id) is None:
            raise not_found("withdrawal")
    at = await parts.clock.now()
    event = RejectWithdrawal(withdrawal_id=withdrawal_id, reason=asked.reason, at=at, actor=who.person)
    done = await run_command(request, event, asked.model_dump())
    return done.detail


@routes.get(
    "/v1/withdrawals",
    summary="Withdrawals, newest first",
    **gives(Withdrawals, {404: ["not_found"]}),
    **roles("finance", "auditor", MEMBER),
)
async def list_withdrawals(
    request: Request,
    member_id: Annotated[Id | None, Query()] = None,
    status: Literal["requested", "rejected"] | None = None,
    limit: Limit = limits.PAGE_ITEMS_DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    who = caller(request)
    if who.role == MEMBER:
        who.may_see_member(member_id or who.person)
        member_id = who.person
    before = await read_cursor(request, cursor, int)
    async with platform(request).postgres.brand(who.brand) as conn:
        found = await read.withdrawals_page(conn, member_id, status, before[0] if before else None, limit + 1)
    last = found[:limit][-1:]
    return await page(request, [_item(one) for one in found], limit, lambda _: (last[0].seq,))


def _item(one: Withdrawal) -> dict[str, Any]:
    return {
        **one.answer(),
        "member_id": one.member_id,
        "channel": one.channel,
        "requested_at": iso(one.requested_at),
        "requested_by": one.requested_by,
        "rejected_at": iso(one.rejected_at) if one.rejected_at else None,
        "rejected_by": one.rejected_by,
        "reason": one.reason,
    }

"""A command of a route: appended to the log, projected up to its own number, answered with its outcome."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from api.auth import Principal, caller
from api.once import conflict, idempotency_key
from api.platform import platform
from core import limits
from core.canonical import canonical
from core.errors import Refusal
from events import log
from events.fields import Strict


@dataclass(frozen=True, slots=True)
class Done:
    """A command that took effect: its number, its data as they stand in the log, what its consumer recorded with it."""

    seq: int
    data: dict[str, Any]
    detail: dict[str, Any]


async def run_command(request: Request, command: Strict, asked: Any) -> Done:
    """Append a command and wait until the consumer that decides it has dealt with it.

    ``asked`` is the request as the caller made it: with an Idempotency-Key the same request is one command, whatever
    is killed in between. Raises Refusal 409 with the code of a refused command, and 503 ``still_working`` (with the
    number) when the store it waits for is away: the command is kept and takes effect when the store is back; ask again
    with the same key.
    """
    parts, who = platform(request), caller(request)
    consumer = parts.contracts.of_command(command).decided_by[-1]
    appended = await append_command(request, command, asked)
    if not await parts.progress.reached(who.brand, consumer, appended.seq, limits.COMMAND_WAIT_SECONDS_MAX):
        detail = f"event {appended.seq} is accepted and takes effect later; see its outcome"
        raise Refusal(503, "still_working", detail, retry_after_seconds=1)
    async with parts.postgres.brand(who.brand) as conn:
        found = await log.outcomes(conn, who.brand, appended.seq)
        (logged,) = await log.read_some(conn, who.brand, [appended.seq])
    outcome = next((row for row in found if row.consumer == consumer), None)
    if outcome is not None and outcome.status == "failed":
        raise Refusal(500, "failed", f"event {appended.seq} could not be dealt with; it is kept and can be replayed")
    if outcome is not None and outcome.status == "refused":
        raise Refusal(409, outcome.code or "refused", f"event {appended.seq} was refused: {outcome.code}")
    return Done(appended.seq, logged.data, (outcome.detail if outcome else None) or {})


async def appended_before(request: Request) -> int | None:
    """The number of the command that this request, or another under its Idempotency-Key, appended before; else None."""
    who, key = caller(request), idempotency_key(request)
    if key is None:
        return None
    return await platform(request).intake.command_of(who.brand, path=request.url.path, key=_event_id(who, key))


async def append_command(request: Request, command: Strict, asked: Any) -> log.Appended:
    """Append a command without waiting for what becomes of it; raises Refusal 409 ``idempotency_conflict``."""
    who, key = caller(request), idempotency_key(request)
    appended = await platform(request).intake.command(
        who.brand,
        command,
        path=request.url.path,
        key=None if key is None else _event_id(who, key),
        request=canonical([who.identity, asked]),
    )
    if appended.status == "conflict":
        raise conflict()
    return appended


def _event_id(who: Principal, key: str) -> str:
    """The id of a keyed command's event: another person's request under the same key is another command."""
    return f"key_{hashlib.sha256(canonical([who.identity, key])).hexdigest()[:32]}"

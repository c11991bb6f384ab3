"""First answers of keyed writes: a request is claimed before the work, its answer kept after it, forgotten in time.

Claiming and keeping are short transactions of their own, so the work between them holds nothing that others wait for.
A claim ends by itself: who was killed at work holds its key for CLAIM_SECONDS, and the same request then does the work
again, which must repeat without harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core import limits
from core.canonical import canonical
from core.clock import wall_now
from core.stores.postgres import Connection, Postgres
from core.stores.queries import sql


@dataclass(frozen=True, slots=True)
class Asked:
    """A keyed request: whose it is, where it goes and what it asks for as keyed hashes, a name for this one try at it.

    A path is as long as its caller likes, and may hold what Postgres cannot keep.
    """

    brand: str
    person: str
    path_print: bytes
    key: str
    request_print: bytes
    claimed_by: str


@dataclass(frozen=True, slots=True)
class First:
    """What stands under a key: the request that came first, and its answer once there is one."""

    request_print: bytes
    status: int | None
    headers: dict[str, Any] | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Claimed:
    claimed_by: str


_CLAIM = sql("brands/first_answer_claim", _Claimed)
_FIRST = sql("brands/first_answer", First)
_RENEW = sql("brands/first_answer_renew")
_KEEP = sql("brands/first_answer_keep")
_RELEASE = sql("brands/first_answer_release")
_EXPIRE = sql("brands/first_answers_expire")


class Answers:
    """Claims and first answers of every brand. Each method raises Refusal 503 while Postgres is away or busy."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def claim(self, asked: Asked) -> First | None:
        """Claim a request; None when it is claimed now, else what stands under its key."""
        at = wall_now()
        async with self._postgres.brand(asked.brand) as conn:
            claimed = await _CLAIM.one(
                conn,
                **_place(asked),
                request_print=asked.request_print,
                claimed_by=asked.claimed_by,
                at=at,
                until=_until(at),
            )
            # a claim that was given back since counts as one that is still held: the caller asks again
            return None if claimed else await _FIRST.one(conn, **_place(asked)) or _held(asked)

    async def renew(self, asked: Asked) -> None:
        """Hold a claim for another CLAIM_SECONDS."""
        async with self._postgres.brand(asked.brand) as conn:
            await _RENEW.run(conn, **_place(asked), claimed_by=asked.claimed_by, until=_until(wall_now()))

    async def keep(self, asked: Asked, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Keep the answer to a claimed request, unless the claim was lost meanwhile."""
        async with self._postgres.brand(asked.brand) as conn:
            await _KEEP.run(
                conn,
                **_place(asked),
                claimed_by=asked.claimed_by,
                status=status,
                headers=canonical(headers).decode(),
                body=body,
            )

    async def release(self, asked: Asked) -> None:
        """Give a claim back: its key is as good as new."""
        async with self._postgres.brand(asked.brand) as conn:
            await _RELEASE.run(conn, **_place(asked), claimed_by=asked.claimed_by)


async def forget_answers(conn: Connection, brand: str, before: datetime) -> None:
    """Forget keyed requests that came before an instant."""
    await _EXPIRE.run(conn, brand=brand, before=before)


def _place(asked: Asked) -> dict[str, str | bytes]:
    return {"brand": asked.brand, "person": asked.person, "path_print": asked.path_print, "key": asked.key}


def _held(asked: Asked) -> First:
    return First(asked.request_print, None, None, None)


def _until(at: datetime) -> datetime:
    return at + timedelta(seconds=limits.CLAIM_SECONDS)

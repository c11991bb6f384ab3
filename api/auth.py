"""Who is calling: a key of a brand and role, or a member's short-lived token. Denied unless a route says otherwise."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import jwt
from fastapi import Request

from api.platform import Platform, platform
from brands.brands import KeyHolder, key_holder
from core import limits
from core.clock import monotonic_s, wall_now
from core.errors import Refusal, not_found
from events.fields import BRAND_PATTERN

_ALGORITHM: Final = "HS256"
MEMBER: Final = "member"
"""The role of a member's token: sees only itself."""
_KEY: Final = re.compile(r"tf_[a-z]+_[A-Za-z0-9_-]{32}")
OPEN: Final = frozenset({"open"})
"""The roles of a route that asks for no key."""
READERS: Final = ("operator", "analyst", "finance", "auditor")
"""Who reads members, orders, balances and decisions."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a person of a brand in a role, or one member."""

    brand: str
    role: str
    person: str
    owns_installation: bool = False

    @property
    def identity(self) -> str:
        """Who this is among all who may speak for the brand: a member may be called like somebody of the staff."""
        return f"{self.role} {self.person}"

    def may_see_member(self, member_id: str) -> None:
        """404 for a member who asks for anybody but itself: another's thing does not exist for it."""
        if self.role == MEMBER and self.person != member_id:
            raise not_found("member")


def caller(request: Request) -> Principal:
    """Who is calling; for routes behind a role."""
    who: Principal = request.state.who
    return who


class KeyCache:
    """Keys looked up lately.

    An answer that has lived half its time is still given, and looked up again behind it, so that no caller of a key in
    use waits twice. One that has outlived it is asked for anew, and given only where Postgres cannot be asked.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, KeyHolder]] = OrderedDict()
        self._again: dict[str, asyncio.Task[KeyHolder | None]] = {}
        self.lookups = asyncio.Semaphore(limits.KEY_LOOKUPS_MAX)

    async def holder(self, parts: Platform, key: str) -> KeyHolder | None:
        """Whose key this is; None for one that is unknown, or was revoked longer than KEY_CACHE_SECONDS ago."""
        kept = self._kept.get(key)
        if kept is None:
            return await self._look_up(parts, key)
        left_s = kept[0] - monotonic_s()
        if left_s > limits.KEY_CACHE_SECONDS / 2:
            return kept[1]
        asking = self._again.get(key)
        if asking is None:
            asking = self._again[key] = asyncio.create_task(self._look_up(parts, key))
            asking.add_done_callback(lambda done: (self._again.pop(key), done.exception()))
        if left_s > 0:
            return kept[1]
        await asyncio.wait({asking}, timeout=limits.CHECK_CLAIM_SECONDS_MAX)
        if asking.done() and asking.exception() is None:
            return asking.result()
        self._kept[key] = (monotonic_s() + limits.POOL_REST_SECONDS, kept[1])
        return kept[1]

    async def _look_up(self, parts: Platform, key: str) -> KeyHolder | None:
        if not _KEY.fullmatch(key):
            return None
        asked_at = monotonic_s()
        async with self.lookups:
            found = await key_holder(parts.postgres, key)
        if found is None:
            self._kept.pop(key, None)
            return None
        self._kept[key] = (asked_at + limits.KEY_CACHE_SECONDS, found)
        if len(self._kept) > limits.KEYS_CACHED_MAX:
            self._kept.popitem(last=False)
        return found


async def authenticate(request: Request) -> Principal:
    """The caller; raises Refusal 401 without a key or with a wrong one."""
    key, parts = _bearer(request), platform(request)
    if not key:
        raise Refusal(401, "no_key", "send Authorization: Bearer with a key of this brand")
    cache: KeyCache = request.app.state.keys
    if key.count(".") == 2:
        return await _member(parts, cache.lookups, key)
    holder = await cache.holder(parts, key)
    if holder is None:
        raise Refusal(401, "wrong_key", "this key is not known, or it was revoked")
    return Principal(holder.brand, holder.role, holder.person, holder.owns_installation)


def is_scraper(request: Request) -> bool:
    """Whether the caller has the token of the settings with which figures are fetched."""
    token = platform(request).metrics_token
    return bool(token) and hmac.compare_digest(_bearer(request).encode(), str(token).encode())


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def _member(parts: Platform, lookups: asyncio.Semaphore, token: str) -> Principal:
    wrong = Refusal(401, "wrong_key", "this token is not valid, or no longer")
    try:
        claimed: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        brand = claimed.get("brand")
        if not isinstance(brand, str) or not re.fullmatch(BRAND_PATTERN, brand):
            raise wrong
        async with lookups:
            keys = await parts.keyring.brand(brand)
        claims = jwt.decode(token, keys.signing, algorithms=[_ALGORITHM], options={"require": ["exp", "sub"]})
    except Refusal as refusal:
        raise refusal if refusal.status == 503 else wrong from refusal
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:  # whatever its parts say, nobody signed it
        raise wrong from error
    return Principal(brand, MEMBER, claims["sub"])


async def member_token(parts: Platform, brand: str, member_id: str) -> tuple[str, int]:
    """A token with which one member sees only itself, and for how many seconds it holds."""
    keys = await parts.keyring.brand(brand)
    until = wall_now() + timedelta(seconds=limits.MEMBER_TOKEN_SECONDS)
    token = jwt.encode({"brand": brand, "sub": member_id, "exp": until}, keys.signing, algorithm=_ALGORITHM)
    return token, limits.MEMBER_TOKEN_SECONDS

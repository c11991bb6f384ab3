"""Who is calling: a key of a brand and role, or a member's short-lived token. Denied unless a route says otherwise."""

from __future__ import annotations

import asyncio
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

_ALGORITHM: Final = "HS256"
MEMBER: Final = "member"
"""The role of a member's token: sees only itself."""
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

    def may_see_member(self, member_id: str) -> None:
        """404 for a member who asks for anybody but itself: another's thing does not exist for it."""
        if self.role == MEMBER and self.person != member_id:
            raise not_found("member")


class KeyCache:
    """Keys looked up lately. An old answer is given at once and looked up again behind it, so no caller waits twice."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, KeyHolder]] = OrderedDict()
        self._again: dict[str, asyncio.Task[KeyHolder | None]] = {}

    async def holder(self, parts: Platform, key: str) -> KeyHolder | None:
        """Whose key this is; None for one that is unknown, or was revoked longer than KEY_CACHE_SECONDS ago."""
        kept = self._kept.get(key)
        if kept is None:
            return await self._look_up(parts, key)
        if kept[0] <= monotonic_s() and key not in self._again:
            task = self._again[key] = asyncio.create_task(self._look_up(parts, key))
            task.add_done_callback(lambda done: (self._again.pop(key), done.exception()))
        return kept[1]

    async def _look_up(self, parts: Platform, key: str) -> KeyHolder | None:
        found = await key_holder(parts.postgres, key)
        if found is None:
            self._kept.pop(key, None)
            return None
        self._kept[key] = (monotonic_s() + limits.KEY_CACHE_SECONDS, found)
        if len(self._kept) > limits.KEYS_CACHED_MAX:
            self._kept.popitem(last=False)
        return found


async def authenticate(request: Request) -> Principal:
    """The caller; raises Refusal 401 without a key or with a wrong one."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Refusal(401, "no_key", "send Authorization: Bearer with a key of this brand")
    key = key.strip()
    parts = platform(request)
    if key.count(".") == 2:
        return await _member(parts, key)
    cache: KeyCache = request.app.state.keys
    holder = await cache.holder(parts, key)
    if holder is None:
        raise Refusal(401, "wrong_key", "this key is not known, or it was revoked")
    return Principal(holder.brand, holder.role, holder.person)


async def _member(parts: Platform, token: str) -> Principal:
    wrong = Refusal(401, "wrong_key", "this token is not valid, or no longer")
    try:
        claimed: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        keys = await parts.keyring.brand(str(claimed.get("brand")))
        claims = jwt.decode(token, keys.signing, algorithms=[_ALGORITHM], options={"require": ["exp", "sub"]})
    except (jwt.InvalidTokenError, Refusal) as error:
        if isinstance(error, Refusal) and error.status == 503:
            raise
        raise wrong from error
    return Principal(claims["brand"], MEMBER, claims["sub"])


async def member_token(parts: Platform, brand: str, member_id: str) -> tuple[str, int]:
    """A token with which one member sees only itself, and for how many seconds it holds."""
    keys = await parts.keyring.brand(brand)
    until = wall_now() + timedelta(seconds=limits.MEMBER_TOKEN_SECONDS)
    token = jwt.encode({"brand": brand, "sub": member_id, "exp": until}, keys.signing, algorithm=_ALGORITHM)
    return token, limits.MEMBER_TOKEN_SECONDS

"""Keys at work: a brand's derived keys and its members' own, unwrapped in memory, wrapped in Postgres.

A member is forgotten by destroying its key. So keys of members are kept in memory only while Postgres tells, on the
channel ``trefoil_forgotten``, which were destroyed; whoever does not listen looks them up each time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from core import limits
from core.clock import wall_now
from core.errors import not_found
from core.stores.listening import notifications
from core.stores.postgres import Postgres
from core.stores.queries import sql
from privacy.sealing import value_context
from privacy.vault import BrandKeys, Forgotten, new_key, seal, unseal


@dataclass(frozen=True, slots=True)
class _BrandKey:
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class _MemberKey:
    member_id: str
    wrapped_key: bytes | None


@dataclass(frozen=True, slots=True)
class _NewKey:
    member_id: str
    wrapped_key: bytes


_BRAND_KEY = sql("privacy/brand_key", _BrandKey)
_MEMBER_KEYS = sql("privacy/member_keys", _MemberKey)
_ADD_MEMBER_KEYS = sql("privacy/add_member_keys", rows=_NewKey)


def wrap_brand_key(master_key: bytes, brand: str) -> bytes:
    """A fresh brand key, wrapped by the master key for keeping."""
    return seal(master_key, new_key(), f"brand|{brand}")


_CHANNEL: Final = "trefoil_forgotten"


class Keyring:
    """Looks keys up once and keeps them while it listens; only committed keys are ever kept or used."""

    def __init__(self, postgres: Postgres, master_key: bytes) -> None:
        self._postgres = postgres
        self._master_key = master_key
        self._brands: dict[str, BrandKeys] = {}
        self._members: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._listens = False
        self._times_forgotten = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Hear of destroyed keys, in the background, and drop them at once."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Hear and keep nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        async for payload in notifications(self._postgres, _CHANNEL, self._hearing):
            brand, _, member_id = payload.partition(" ")
            self._forget((brand, member_id))

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        self._listens = True
        try:
            yield
        finally:
            self._listens = False
            self._forget(*self._members)  # what is destroyed from now on is not heard

    def _forget(self, *members: tuple[str, str]) -> None:
        self._times_forgotten += 1
        for member in members:
            self._members.pop(member, None)

    async def brand(self, brand: str) -> BrandKeys:
        """The derived keys of a brand; 404 for a brand that does not exist."""
        if brand not in self._brands:
            async with self._postgres.installation() as conn:
                row = await _BRAND_KEY.one(conn, brand=brand)
            if row is None:
                raise not_found("brand")
            brand_key = unseal(self._master_key, row.wrapped_key, f"brand|{brand}")
            self._brands[brand] = BrandKeys.derive(brand_key)
        return self._brands[brand]

    async def members(self, brand: str, member_ids: Iterable[str], *, create: bool) -> dict[str, bytes]:
        """The keys of members; with ``create`` a missing one is made and durable before this returns.

        A member whose key was destroyed is absent from the answer.
        """
        forgotten_before = self._times_forgotten
        wanted = set(member_ids)
        have = {m: self._members[brand, m] for m in wanted if (brand, m) in self._members}
        missing = wanted - have.keys()
        if missing:
            wrapping = (await self.brand(brand)).wrapping
            async with self._postgres.brand(brand) as conn:
                if create:
                    made = [_NewKey(m, seal(wrapping, new_key(), f"{brand}|{m}")) for m in sorted(missing)]
                    await _ADD_MEMBER_KEYS.save(conn, made, brand=brand, created_at=wall_now())
                rows = await _MEMBER_KEYS.run(conn, brand=brand, member_ids=list(missing))
            for row in rows:
                if row.wrapped_key is not None:
                    have[row.member_id] = unseal(wrapping, row.wrapped_key, f"{brand}|{row.member_id}")
        if self._listens and self._times_forgotten == forgotten_before:  # else one of these may be destroyed by now
            for member_id, key in have.items():
                self._members[brand, member_id] = key
                self._members.move_to_end((brand, member_id))
        while len(self._members) > limits.MEMBER_KEYS_CACHED_MAX:
            self._members.popitem(last=False)
        return have

    async def open_value(self, brand: str, member_id: str, kind: str, sealed: bytes) -> str | None:
        """A sealed personal value in clear; None once the person is forgotten."""
        keys = await self.members(brand, [member_id], create=False)
        if member_id not in keys:
            return None
        try:
            return unseal(keys[member_id], sealed, value_context(brand, member_id, kind)).decode()
        except Forgotten:
            return None

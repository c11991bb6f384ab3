"""Brands of an installation and their keys: made together with an empty log and what every room seeds."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.errors import Refusal
from core.stores.postgres import Connection, Postgres
from core.stores.queries import sql
from events import log
from privacy.keyring import wrap_brand_key

PERSONS: Final = {
    "pipeline": "pipeline",
    "operator": "operator",
    "operator2": "operator",
    "analyst": "analyst",
    "analyst2": "analyst",
    "finance": "finance",
    "finance2": "finance",
    "auditor": "auditor",
    "admin": "admin",
}
"""The keys a new brand gets: person → role; ``…2`` is a second person, for four eyes."""


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand as it is listed."""

    brand: str
    currency: str
    time_zone: str
    created_at: datetime
    owns_installation: bool


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who a key belongs to."""

    brand: str
    role: str
    person: str
    owns_installation: bool


@dataclass(frozen=True, slots=True)
class _Maker:
    made_by: bytes | None


@dataclass(frozen=True, slots=True)
class _Name:
    brand: str


@dataclass(frozen=True, slots=True)
class _Key:
    key_hash: bytes
    role: str
    person: str


_BRANDS = sql("brands/brands", Brand)
_ADD_BRAND = sql("brands/brand_add", _Name)
_MADE_BY = sql("brands/brand_made_by", _Maker)
_ADD_KEYS = sql("brands/keys_add", rows=_Key)
_KEY_HOLDER = sql("brands/key_holder", KeyHolder)
_OPEN_LOG = sql("events/open")


def key_hash(key: str) -> bytes:
    """What is kept of a key: keys are random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).digest()


async def list_brands(postgres: Postgres) -> list[Brand]:
    """Every brand, the oldest first."""
    async with postgres.installation() as conn:
        return await _BRANDS.run(conn)


async def brand_names(postgres: Postgres) -> list[str]:
    """The names of every brand, that of the installation's owner first."""
    return [brand.brand for brand in await list_brands(postgres)]


Seed = Callable[[Connection, str, datetime], Awaitable[None]]
"""What a room gives a new brand to begin with, in the transaction that makes it."""


class Brands:
    """Makes brands."""

    def __init__(self, postgres: Postgres, master_key: bytes, seeds: Sequence[Seed]) -> None:
        self._postgres = postgres
        self._master_key = master_key
        self._seeds = seeds

    async def add(
        self,
        brand: str,
        currency: str,
        time_zone: str,
        at: datetime,
        *,
        owner: bool = False,
        made_by: bytes | None = None,
    ) -> dict[str, str]:
        """Make a brand with its log and all that rooms seed; answers its keys by person, never shown again.

        ``made_by`` is a keyed hash of the request that asks for it, where the same may come again.
        Raises Refusal 409 ``brand_exists``.
        """
        wrapped_key = wrap_brand_key(self._master_key, brand)
        async with self._postgres.brand(brand) as conn:
            made = await _ADD_BRAND.one(
                conn,
                brand=brand,
                currency=currency,
                time_zone=time_zone,
                at=at,
                owner=owner,
                wrapped_key=wrapped_key,
                made_by=made_by,
            )
            if made is None:
                raise Refusal(409, "brand_exists", "there is a brand of this name already")
            await _OPEN_LOG.run(conn, brand=brand, hash=log.NO_HASH)
            for seed in self._seeds:
                await seed(conn, brand, at)
            return await _issue_keys(conn, brand, at)

    async def maker(self, brand: str) -> bytes | None:
        """The ``made_by`` a brand was made with; None where there is no brand, or it has none."""
        async with self._postgres.brand(brand) as conn:
            found = await _MADE_BY.one(conn, brand=brand)
        return None if found is None or found.made_by is None else bytes(found.made_by)

    async def issue_keys(self, brand: str, at: datetime) -> dict[str, str]:
        """A further set of keys for a brand whose first ones were lost on the way; the old ones stay unknown."""
        async with self._postgres.brand(brand) as conn:
            return await _issue_keys(conn, brand, at)


async def _issue_keys(conn: Connection, brand: str, at: datetime) -> dict[str, str]:
    keys = {person: f"tf_{role}_{secrets.token_urlsafe(24)}" for person, role in PERSONS.items()}
    rows = [_Key(key_hash(key), PERSONS[person], person) for person, key in keys.items()]
    await _ADD_KEYS.save(conn, rows, brand=brand, at=at)
    return keys


async def key_holder(postgres: Postgres, key: str) -> KeyHolder | None:
    """Whose key this is; None for one nobody has, or that was revoked."""
    async with postgres.installation() as conn:
        return await _KEY_HOLDER.one(conn, key_hash=key_hash(key))

"""Brands of an installation and their keys: made together with an empty log, the default plan and rulebook."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.errors import Refusal
from core.postgres import Connection, Postgres
from core.queries import sql
from events import log
from events.keyring import wrap_brand_key
from ledger.flows import seed as ledger_seed
from risk.flows import rulebooks

PERSONS: Final = {
    "pipeline": "pipeline",
    "operator": "operator",
    "operator2": "operator",
    "analyst": "analyst",
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


@dataclass(frozen=True, slots=True)
class _Name:
    brand: str


_BRANDS = sql("core/brands", Brand)
_ADD_BRAND = sql("core/brand_add", _Name)
_ADD_KEYS = sql("core/keys_add")
_KEY_HOLDER = sql("core/key_holder", KeyHolder)
_OPEN_LOG = sql("log/open")


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


async def add_brand(
    postgres: Postgres,
    master_key: bytes,
    brand: str,
    currency: str,
    time_zone: str,
    at: datetime,
    *,
    owner: bool = False,
) -> dict[str, str]:
    """Make a brand with its log, default plan and rulebook; answers its keys by person, which are never shown again.

    Raises Refusal 409 ``brand_exists``.
    """
    async with postgres.brand(brand) as conn:
        await _make(conn, brand, currency, time_zone, at, wrap_brand_key(master_key, brand), owner=owner)
        return await _issue_keys(conn, brand, at)


async def issue_keys(postgres: Postgres, brand: str, at: datetime) -> dict[str, str]:
    """A further set of keys for a brand whose first ones were lost on the way; the old ones stay unknown for ever."""
    async with postgres.brand(brand) as conn:
        return await _issue_keys(conn, brand, at)


async def _issue_keys(conn: Connection, brand: str, at: datetime) -> dict[str, str]:
    keys = {person: f"tf_{role}_{secrets.token_urlsafe(24)}" for person, role in PERSONS.items()}
    await _ADD_KEYS.run(
        conn,
        brand=brand,
        hashes=[key_hash(key) for key in keys.values()],
        roles=[PERSONS[person] for person in keys],
        persons=list(keys),
        at=at,
    )
    return keys


async def _make(
    conn: Connection, brand: str, currency: str, time_zone: str, at: datetime, wrapped_key: bytes, *, owner: bool
) -> None:
    made = await _ADD_BRAND.one(
        conn, brand=brand, currency=currency, time_zone=time_zone, at=at, owner=owner, wrapped_key=wrapped_key
    )
    if made is None:
        raise Refusal(409, "brand_exists", "there is a brand of this name already")
    await _OPEN_LOG.run(conn, brand=brand, hash=log.NO_HASH)
    await ledger_seed.seed(conn, brand, at)
    await rulebooks.seed(conn, brand, at)


async def key_holder(postgres: Postgres, key: str) -> KeyHolder | None:
    """Whose key this is; None for one nobody has, or that was revoked."""
    async with postgres.installation() as conn:
        return await _KEY_HOLDER.one(conn, key_hash=key_hash(key))

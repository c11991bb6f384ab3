"""Logins of the database for people with a tool of their own: one brand, one role, views without personal columns."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import psycopg

from core.errors import not_found
from core.stores.queries import sql

Role = Literal["analyst", "finance", "auditor"]

_PASSWORD_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Login:
    """A login as its owner is told it, once."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class _Done:
    done: bool


_MAKE = sql("people/make_login", _Done)
_END = sql("people/end_login", _Done)


def login_name(role: Role, brand: str) -> str:
    """How the login of a role and brand is called."""
    return f"trefoil_{role}_{brand}"


async def make_login(owner_url: str, role: Role, brand: str, at: datetime) -> Login:
    """Make a login, or give one that is there another password. Refusal 404 for a brand that is not there."""
    made = Login(login_name(role, brand), secrets.token_urlsafe(_PASSWORD_BYTES))
    async with await psycopg.AsyncConnection.connect(owner_url, connect_timeout=5) as conn:
        # the server learns a verifier alone: a password in a statement would stand in its log
        verifier = conn.pgconn.encrypt_password(made.password.encode(), made.name.encode(), b"scram-sha-256").decode()
        found = await _MAKE.one(conn, login=made.name, brand=brand, role=role, verifier=verifier, at=at)
    if found is None or not found.done:
        raise not_found("brand")
    return made


async def end_login(owner_url: str, role: Role, brand: str) -> None:
    """End a login and its sessions. Refusal 404 where there is none."""
    async with await psycopg.AsyncConnection.connect(owner_url, connect_timeout=5) as conn:
        found = await _END.one(conn, login=login_name(role, brand))
    if found is None or not found.done:
        raise not_found("login")

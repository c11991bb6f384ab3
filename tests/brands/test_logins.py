"""A login of the database sees the views of its role, of its brand, without personal columns, and changes nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from brands.logins import Role, end_login, make_login
from core.clock import wall_now
from core.errors import Refusal
from tests.platform import Running, Shop

PHONE = "13912345678"
VIEWS: dict[Role, set[str]] = {
    "analyst": {
        *("event", "event_outcome", "event_refused", "event_set_aside", "paid_order", "order_refund", "decision"),
        *("rulebook", "blacklist"),
    },
    "finance": {
        *("paid_order", "order_refund", "plan_version", "account", "journal", "entry", "member_balance", "withdrawal"),
    },
    "auditor": set(),
}
VIEWS["auditor"] = VIEWS["analyst"] | VIEWS["finance"]
PERSONAL = {"data", "extensions", "sealed", "payout_account_sealed", "token", "saw", "features", "wrapped_key"}


@asynccontextmanager
async def signed_in(
    installation: Running, role: Role, brand: str
) -> AsyncIterator[psycopg.AsyncConnection[tuple[Any, ...]]]:
    """A session of a login that is made for it and ended after it."""
    url = installation.settings.postgres_url
    login = await make_login(url, role, brand, wall_now())
    address = make_conninfo(url, user=login.name, password=login.password)
    try:
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as conn:
            yield conn
    finally:
        await end_login(url, role, brand)
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(address)


async def filled(shop: Shop) -> None:
    e = shop.events
    await shop.tell(
        e.registered("p", external_id="wx-1"),
        e.approved("p", days=-1, invited_by=None),
        e.paid("o1", "c", 50_000, promoter_id="p", phone=PHONE),
        e.refunded("r1", "o1", 2, line_1=100),
    )
    await shop.answers({**e.registered("x"), "data": {"member_id": "x", "phone": PHONE}})


@pytest.mark.parametrize("role", ["analyst", "finance", "auditor"])
async def test_a_login_sees_its_views_of_its_brand(
    installation: Running, shop: Shop, other_shop: Shop, role: Role
) -> None:
    await filled(shop)
    await filled(other_shop)
    async with signed_in(installation, role, shop.brand) as conn:
        granted = await conn.execute(
            "SELECT table_schema, table_name FROM information_schema.table_privileges"
            " WHERE grantee <> 'PUBLIC' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        assert {tuple(row) for row in await granted.fetchall()} == {("people", view) for view in VIEWS[role]}
        for view in VIEWS[role]:
            for said in (None, other_shop.brand):  # whatever a session says of itself
                if said is not None:
                    await conn.execute("SELECT set_config('trefoil.brand', %s, false)", [said])
                rows = await conn.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(view)))
                found = await rows.fetchall()
                names = [column.name for column in rows.description or ()]
                assert not PERSONAL & set(names), view
                assert PHONE not in str(found)
                if view != "account":
                    assert {row[names.index("brand")] for row in found} <= {shop.brand}, view
        seen = await (await conn.execute("SELECT count(*) FROM paid_order")).fetchone()
        assert seen == (1,)


async def test_a_login_reads_nothing_else_and_changes_nothing(installation: Running, shop: Shop) -> None:
    await filled(shop)
    async with signed_in(installation, "auditor", shop.brand) as conn:
        await conn.execute("SET default_transaction_read_only = off")  # anybody may; rights are what holds
        for statement in (
            "SELECT * FROM public.event_log",
            "SELECT * FROM public.member_key",
            "SELECT * FROM public.api_key",
            "SELECT * FROM public.brand",
            "SELECT * FROM public.db_login",
            "SELECT * FROM public.consumer_health()",
            "SET ROLE trefoil_app",
            "SET SESSION AUTHORIZATION trefoil",
            "UPDATE people.paid_order SET state = 'settled'",
            "DELETE FROM people.account",
            "CREATE TABLE public.mine (n int)",
            "CREATE TEMPORARY TABLE mine (n int)",
            "SELECT public.make_db_login('me', 'demo', 'auditor', 'x', now())",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await conn.execute(statement.encode())


async def test_a_condition_of_the_asking_statement_sees_no_other_brand(
    installation: Running, shop: Shop, other_shop: Shop
) -> None:
    """A condition that fails on a row tells of the row, if it is tried on it."""
    await filled(shop)
    await filled(other_shop)
    async with signed_in(installation, "finance", shop.brand) as conn:
        leaky = "SELECT count(*) FROM paid_order WHERE 1 / (CASE WHEN brand = %s THEN 0 ELSE 1 END) = 1"
        found = await (await conn.execute(leaky, [other_shop.brand])).fetchone()
        assert found == (1,)


async def test_the_same_login_again_has_another_password(installation: Running, shop: Shop) -> None:
    url = installation.settings.postgres_url
    first = await make_login(url, "analyst", shop.brand, wall_now())
    second = await make_login(url, "analyst", shop.brand, wall_now())
    assert first.name == second.name and first.password != second.password
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(make_conninfo(url, user=first.name, password=first.password))
    await end_login(url, "analyst", shop.brand)
    with pytest.raises(Refusal):
        await end_login(url, "analyst", shop.brand)
    with pytest.raises(Refusal):
        await make_login(url, "analyst", "no-such-brand", wall_now())

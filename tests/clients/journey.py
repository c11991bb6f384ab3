"""What a shop does first, through the generated Python client: ``python journey.py URL PIPELINE OPERATOR FINANCE``.

It runs under the client's own environment, which knows nothing of the platform.
"""

import sys
import time
from datetime import UTC, datetime
from typing import Any

from trefoil_api import AuthenticatedClient, Client
from trefoil_api.api.events import read_event, take_events
from trefoil_api.api.health import healthz
from trefoil_api.api.ledger import list_statement_entries
from trefoil_api.api.members import bind, read_member
from trefoil_api.api.orders import read_order
from trefoil_api.api.risk import check_order
from trefoil_api.api.withdrawals import ask_for_withdrawal
from trefoil_api.models import (
    AskedBinding,
    AskedWithdrawal,
    AskedWithdrawalChannel,
    AskForWithdrawalConflictProblem,
    BindingMade,
    Check,
    DistributorApproved,
    DistributorApprovedEvent,
    MemberRegistered,
    MemberRegisteredEvent,
    NotFoundProblem,
    OrderLine,
    OrderPaid,
    OrderPaidEvent,
    Stage,
    TakeEventsInvalidProblem,
)

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def main(url: str, pipeline_key: str, operator_key: str, finance_key: str) -> None:
    """The whole way; an assertion fails where the client and the API do not agree."""
    pipeline, operator, finance = (
        AuthenticatedClient(base_url=url, token=key, raise_on_unexpected_status=True)
        for key in (pipeline_key, operator_key, finance_key)
    )
    assert parsed(healthz.sync_detailed(client=Client(base_url=url))).status == "ok"

    taken = parsed(take_events.sync_detailed(client=pipeline, body=[*people(), order_paid("o1", "buyer")]))
    assert [item.status for item in taken.items] == ["accepted"] * 4
    last = taken.items[-1].seq
    outcome = wait_for(lambda: parsed(read_event.sync_detailed(last, client=pipeline)).outcome)
    assert (outcome.graph, outcome.ledger) == ("applied", "applied")

    wrong = OrderPaidEvent.from_dict({**order_paid("o2", "buyer").to_dict(), "source": "trefoil:own"})
    refused = take_events.sync_detailed(client=pipeline, body=wrong, prefer="status=strict")
    assert isinstance(refused.parsed, TakeEventsInvalidProblem)
    assert (refused.status_code, refused.parsed.code) == (422, "reserved_source")

    order = parsed(read_order.sync_detailed("o1", client=pipeline))
    assert [(part.member_id, part.earned_fen) for part in order.commissions] == [("ann", 5_000)]
    decision = parsed(
        check_order.sync_detailed(
            client=pipeline,
            body=Check(check_id="c1", stage=Stage.ORDER, order=order_paid("o3", "buyer").data),
        )
    )
    assert decision.outcome in ("allow", "review")

    asked = AskedBinding(member_id="walk_in", promoter_id="ann", channel="h5")
    first, again = (bind.sync_detailed(client=operator, body=asked, idempotency_key="bind-1") for _ in range(2))
    assert isinstance(first.parsed, BindingMade)
    assert first.parsed == again.parsed
    assert again.headers["Idempotent-Replay"] == "true"

    page = parsed(list_statement_entries.sync_detailed("ann", client=finance, limit=1))
    entries = page.items
    while page.next_cursor is not None:
        page = parsed(list_statement_entries.sync_detailed("ann", client=finance, limit=1, cursor=page.next_cursor))
        entries += page.items
    assert sum(entry.credit_fen - entry.debit_fen for entry in entries) == 5_000

    money = AskedWithdrawal(member_id="ann", amount_fen=100, channel=AskedWithdrawalChannel.WECHAT)
    conflict = ask_for_withdrawal.sync_detailed(client=finance, body=money).parsed
    assert isinstance(conflict, AskForWithdrawalConflictProblem)
    assert conflict.code == "insufficient_available"
    stranger = read_member.sync_detailed("nobody", client=operator).parsed
    assert isinstance(stranger, NotFoundProblem)
    assert stranger.code == "not_found"


def people() -> list[Any]:
    registered = [
        MemberRegisteredEvent(
            specversion="1.0",
            id=f"joined-{name}",
            source="shop",
            type_="member.registered.v1",
            time=AT,
            data=MemberRegistered(member_id=name, platform="h5", registered_at=AT),
        )
        for name in ("ann", "walk_in")
    ]
    approved = DistributorApprovedEvent(
        specversion="1.0",
        id="approved-ann",
        source="shop",
        type_="distributor.approved.v1",
        time=AT,
        data=DistributorApproved(member_id="ann", grade="B", invited_by=None, approved_at=AT),
    )
    return [*registered, approved]


def order_paid(order_id: str, buyer_id: str) -> OrderPaidEvent:
    return OrderPaidEvent(
        specversion="1.0",
        id=f"paid-{order_id}",
        source="shop",
        type_="order.paid.v1",
        time=AT,
        data=OrderPaid(
            order_id=order_id,
            buyer_id=buyer_id,
            promoter_id="ann",
            channel="h5",
            placed_at=AT,
            paid_at=AT,
            lines=[OrderLine(line_id="1", product_id="p1", category="tea", quantity=1, paid_fen=50_000)],
        ),
    )


def parsed(response: Any) -> Any:
    """What a call answered, which must be what was asked for."""
    assert response.status_code in (200, 201), response.content
    return response.parsed


def wait_for(outcome: Any) -> Any:
    """The outcome of an event, once every consumer has dealt with it."""
    for _ in range(300):
        found = outcome()
        if "pending" not in (found.graph, found.ledger):
            return found
        time.sleep(0.2)
    raise AssertionError("still pending after a minute")


main(*sys.argv[1:])

"""What the ledger does with facts: it books them, in the words of its domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.stores.postgres import Connection
from events import facts, log
from events.consumer import Logged, Stage, Stretch
from events.decided import DECIDED, Decided
from events.outcome import Outcome
from events.shop import GRAPH
from graph.findings import OrderFound, found
from graph.reactions import MAKES_MEMBERS
from ledger import contracts
from ledger.domain import facts as ledger
from ledger.flows.book import book


class Booking(Stage):
    """Books what moves money: orders as they were found and decided, what follows them, withdrawals."""

    takes = (
        facts.Paid,
        facts.Completed,
        facts.Refunded,
        facts.Cancelled,
        contracts.WithdrawalRequested,
        contracts.WithdrawalRejected,
    )

    async def run(self, conn: Connection, stretch: Stretch, told: Sequence[Logged[Any]]) -> Iterable[Outcome]:
        """Book a stretch."""
        findings, decided = found(stretch), stretch.get(DECIDED)
        asking = [one.fact.member_id for one in told if isinstance(one.fact, contracts.WithdrawalRequested)]
        known_since = await log.first_told(conn, stretch.brand, asking, MAKES_MEMBERS, GRAPH)
        outcomes: list[Outcome] = []
        booked: list[ledger.Fact] = []
        for one in told:
            if isinstance(one.fact, facts.Paid):
                finding = findings[one.seq]
                if finding.order is None:  # the order is known: the ledger keeps to what the graph found
                    outcomes.append(Outcome(one.seq, finding.status, finding.code))
                else:
                    booked.append(_paid(one, one.fact, finding.order, decided[one.seq]))
            else:
                booked.append(_other(one, known_since))
        return [*outcomes, *await book(conn, booked, stretch.recorded_at)]


def _paid(one: Logged[Any], fact: facts.Paid, found: OrderFound, decision: Decided) -> ledger.OrderPaid:
    return ledger.OrderPaid(
        seq=one.seq,
        order_id=fact.order_id,
        buyer_id=fact.buyer_id,
        channel=fact.channel,
        region=fact.region,
        placed_at=fact.placed_at,
        paid_at=fact.paid_at,
        freight_fen=fact.freight_fen or 0,
        lines=fact.lines,
        data_print=one.data_print,
        chain=found.chain,
        new_buyer=found.new_buyer,
        decision=decision,
    )


def _other(one: Logged[Any], known_since: Mapping[str, int]) -> ledger.Fact:
    seq = one.seq
    match one.fact:
        case facts.Completed() as fact:
            return ledger.OrderCompleted(seq, fact.order_id, fact.completed_at)
        case facts.Refunded() as fact:
            return ledger.OrderRefunded(
                seq, fact.refund_id, fact.order_id, fact.refunded_at, fact.lines, one.data_print
            )
        case facts.Cancelled() as fact:
            return ledger.OrderCancelled(seq, fact.order_id, fact.cancelled_at)
        case contracts.WithdrawalRequested() as fact:
            return ledger.WithdrawalRequested(
                seq,
                fact.withdrawal_id,
                fact.member_id,
                known_since.get(fact.member_id, seq) < seq,
                fact.amount_fen,
                fact.channel,
                fact.payout_account.sealed if fact.payout_account else None,
                fact.at,
                fact.actor,
            )
        case contracts.WithdrawalRejected() as fact:
            return ledger.WithdrawalRejected(seq, fact.withdrawal_id, fact.reason, fact.at, fact.actor)
    raise AssertionError(f"{one.type} is not the ledger's")

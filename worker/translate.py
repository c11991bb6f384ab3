"""From an event of the log to what the graph, the ledger and the wire are told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from core.ids import new_id
from events.contracts import told_at
from events.log import LoggedEvent
from graph.domain import facts as graph
from ledger.domain import facts as ledger
from privacy.sealing import PLAIN_PERSONAL_FIELDS
from privacy.tokens import Token
from risk.domain.ties import KIND_OF_IDENTIFIER
from risk.flows.check import velocity_subjects

_STANDING: Final[dict[str, Literal["active", "suspended"]]] = {
    "distributor.suspended.v1": "suspended",
    "distributor.restored.v1": "active",
}


def sealed_token(value: Mapping[str, Any] | None) -> Token | None:
    """The token of a sealed value of the log; None where there is nothing to link on."""
    if value is None or value["token"] is None:
        return None
    return Token(value["token"], value.get("links", True), value.get("building"), value.get("place"))


def order_tokens(data: Mapping[str, Any]) -> dict[str, Token]:
    """The identifiers an order names, by kind."""
    kinds = PLAIN_PERSONAL_FIELDS["order.paid.v1"]
    found = ((kinds[field], sealed_token(data.get(field))) for field in kinds)
    return {kind: token for kind, token in found if token is not None}


def graph_fact(event: LoggedEvent) -> graph.Fact | None:
    """What the graph is told of an event; None when it is none of its business."""
    data, seq = event.data, event.seq
    match event.type:
        case "member.registered.v1":
            account = sealed_token(data.get("external_id"))
            return graph.Registered(
                seq,
                data["member_id"],
                told_at(data["registered_at"]),
                data.get("kind", "customer"),
                data.get("entry_channel"),
                data["platform"],
                account.token if account else None,
                data.get("invited_by"),
                data.get("link_code"),
            )
        case "member.identified.v1":
            tokens: dict[str, tuple[Token, ...]] = {}
            for item in data["identifiers"]:
                token = sealed_token(item["value"])
                if token is not None:
                    tokens[item["kind"]] = (*tokens.get(item["kind"], ()), token)
            return graph.Identified(seq, data["member_id"], told_at(data["seen_at"]), tokens)
        case "distributor.approved.v1":
            return graph.Approved(
                seq,
                data["member_id"],
                told_at(data["approved_at"]),
                data.get("grade"),
                "invited_by" in data,
                data.get("invited_by"),
            )
        case "distributor.suspended.v1" | "distributor.restored.v1":
            return graph.Stood(seq, data["member_id"], told_at(data["at"]), _STANDING[event.type])
        case "binding.requested.v1":
            return graph.BindAsked(
                seq, data["member_id"], data["promoter_id"], told_at(data["requested_at"]), "request"
            )
        case "distributor.moved.v1":
            return graph.Moved(seq, data["member_id"], data["invited_by"], told_at(data["at"]))
        case "order.paid.v1":
            return graph.Ordered(
                seq,
                data["order_id"],
                data["buyer_id"],
                data.get("promoter_id"),
                told_at(data["placed_at"]),
                sum(line["paid_fen"] for line in data["lines"]),
                event.data_print.hex(),
                {kind: (token,) for kind, token in order_tokens(data).items()},
            )
    return None


def paid_fact(event: LoggedEvent, detail: Mapping[str, Any], decision: ledger.DecisionRef) -> ledger.OrderPaid:
    """A paid order as the ledger is told of it: with the chain the graph froze and the decision it is booked under."""
    data = event.data
    return ledger.OrderPaid(
        seq=event.seq,
        order_id=data["order_id"],
        buyer_id=data["buyer_id"],
        channel=data["channel"],
        region=data.get("region"),
        placed_at=told_at(data["placed_at"]),
        paid_at=told_at(data["paid_at"]),
        freight_fen=data.get("freight_fen") or 0,
        lines=tuple(ledger.PaidLine(**line) for line in data["lines"]),
        data_print=bytes(event.data_print),
        chain=tuple(
            ledger.ChainPerson(p["level"], p["member_id"], p["earns"], p.get("why"), p.get("grade"))
            for p in detail["chain"]
        ),
        new_buyer=detail["new_buyer"],
        decision=decision,
    )


def ledger_fact(event: LoggedEvent, known_since: Mapping[str, int]) -> ledger.Fact | None:
    """What the ledger is told of any other event; None when it is none of its business."""
    data, seq = event.data, event.seq
    match event.type:
        case "order.completed.v1":
            return ledger.OrderCompleted(seq, data["order_id"], told_at(data["completed_at"]))
        case "order.refunded.v1":
            return ledger.OrderRefunded(
                seq,
                data["refund_id"],
                data["order_id"],
                told_at(data["refunded_at"]),
                tuple(ledger.RefundLine(line["line_id"], line["refund_fen"]) for line in data["lines"]),
                bytes(event.data_print),
            )
        case "order.cancelled.v1":
            return ledger.OrderCancelled(seq, data["order_id"], told_at(data["cancelled_at"]))
        case "withdrawal.requested.v1":
            account = data.get("payout_account")
            return ledger.WithdrawalRequested(
                seq,
                data["withdrawal_id"],
                data["member_id"],
                known_since.get(data["member_id"], seq) < seq,
                data["amount_fen"],
                data["channel"],
                account["sealed"] if account else None,
                told_at(data["at"]),
                data["actor"],
            )
        case "withdrawal.rejected.v1":
            return ledger.WithdrawalRejected(
                seq, data["withdrawal_id"], data["reason"], told_at(data["at"]), data["actor"]
            )
    return None


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def wire_operations(event: LoggedEvent, detail: Mapping[str, Any] | None, *, wanted: bool) -> Iterator[dict[str, Any]]:
    """What the wire is told of an event and of the effects the graph recorded with it.

    ``wanted``: keep the order's counters for its decision.
    """
    data = event.data
    if event.type == "member.identified.v1":
        tokens = []
        for item in data["identifiers"]:
            token = sealed_token(item["value"])
            if token is not None and token.links and item["kind"] in KIND_OF_IDENTIFIER:
                tokens.append(f"{KIND_OF_IDENTIFIER[item['kind']]}:{token.token}")
        if tokens:
            yield {"op": "tokens", "member_id": data["member_id"], "tokens": tokens}
    elif event.type == "order.paid.v1" and detail is not None and "chain" in detail:
        found = order_tokens(data)
        people = [f"member:{m}" for m in (data["buyer_id"], *(p["member_id"] for p in detail["chain"]))]
        velocity = velocity_subjects(data["buyer_id"], found)
        named = [
            f"{KIND_OF_IDENTIFIER[kind]}:{token.token}" for kind, token in found.items() if kind in KIND_OF_IDENTIFIER
        ]
        yield {
            "op": "order",
            "seq": event.seq,
            "order_id": data["order_id"],
            "buyer_id": data["buyer_id"],
            "placed_ms": _ms(told_at(data["placed_at"])),
            "velocity": velocity,
            "subjects": [*people, *named, *(subject for _, subject in velocity)],
            "wanted": wanted,
        }
    elif event.type == "blacklist.listed.v1":
        yield {"op": "listed", "entry_id": data["entry_id"], "subject": blacklist_subject(data)}
    elif event.type == "blacklist.lifted.v1":
        yield {"op": "lifted", "entry_id": data["entry_id"]}
    yield from _tree_operations(detail or {})


def _tree_operations(detail: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if bound := detail.get("bound"):
        yield {
            "op": "bound",
            "member_id": bound["member_id"],
            "promoter_id": bound["promoter_id"],
            "since_ms": _ms(told_at(bound["since"])),
            "until_ms": _ms(told_at(bound["expires_at"])),
        }
    if (approved := detail.get("approved")) and approved["new"]:
        yield {
            "op": "approved",
            "member_id": approved["member_id"],
            "inviter_id": approved["inviter_id"] or "",
            "at_ms": _ms(told_at(approved["at"])),
        }
    if moved := detail.get("moved"):
        yield {"op": "moved", "member_id": moved["member_id"], "inviter_id": moved["inviter_id"] or ""}


_LABEL_OF_LISTING: Final = {**KIND_OF_IDENTIFIER, "ip": "Ip"}


def blacklist_subject(data: Mapping[str, Any]) -> str:
    """What a listing is about, as the wire names it: ``member:ID`` or ``Label:token``."""
    if data["kind"] == "member":
        return f"member:{data['value']}"
    return f"{_LABEL_OF_LISTING[data['kind']]}:{data['value']['token'] or new_id('none')}"

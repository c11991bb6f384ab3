"""From shared identifiers to the features a rulebook reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

IDENTITY_KINDS: Final = frozenset({"IdCard", "UnionId"})
"""Equal here means the same person."""

STRONG_KINDS: Final = frozenset({"PayoutAccount", "Phone", "Device"})
"""Equal here means people who are close: a review, and two of them a block."""

KIND_OF_IDENTIFIER: Final = {
    "device": "Device",
    "phone": "Phone",
    "payout_account": "PayoutAccount",
    "id_card": "IdCard",
    "unionid": "UnionId",
}
"""The identifiers that tie, by their kind in the contract; IP and address are too ordinary to tie anybody alone."""


def tie_features(
    ties: Iterable[Mapping[str, Any]], chain: Sequence[Mapping[str, Any]], buyer_id: str, *, named_self: bool
) -> dict[str, int | bool]:
    """Features of what ties a buyer to the persons above: each shared identifier counts once, whoever shares it."""
    shared = {(tie["kind"], tie["token"]) for tie in ties}
    return {
        "named_self": named_self,
        "buyer_in_chain": any(person["member_id"] == buyer_id for person in chain),
        "identity_ties": sum(kind in IDENTITY_KINDS for kind, _ in shared),
        "strong_ties": sum(kind in STRONG_KINDS for kind, _ in shared),
    }


def paths_from_ties(
    ties: Iterable[Mapping[str, Any]], chain: Sequence[Mapping[str, Any]], buyer_id: str, order_id: str
) -> list[dict[str, Any]]:
    """Evidence as paths ``buyer or order → shared identifier → person above``."""
    above = {person["level"]: person["member_id"] for person in chain}
    return [
        {
            "path": [
                {"kind": "order", "id": order_id} if tie["named"] else {"kind": "member", "id": buyer_id},
                {"kind": node_kind(tie["kind"]), "id": tie["token"]},
                {"kind": "member", "id": above[tie["level"]]},
            ]
        }
        for tie in ties
    ]


def node_kind(label: str) -> str:
    """A node's label as the API names it: ``PayoutAccount`` is ``payout_account``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in label).lstrip("_")

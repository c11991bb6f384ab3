"""From shared identifiers to the features a rulebook reads, and the paths that show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from graph.findings import Tie
from privacy.kinds import KINDS, Strength

Chain = Mapping[int, str]
"""Who stands above a buyer: level -> member."""

_STRENGTH: Final = {kind.label: kind.strength for kind in KINDS.values()}
_NAME: Final = {kind.label: kind.name for kind in KINDS.values()}


def tie_features(ties: Iterable[Tie], chain: Chain, buyer_id: str, *, named_self: bool) -> dict[str, int | bool]:
    """Features of what ties a buyer to the persons above: each shared identifier counts once, whoever shares it."""
    shared = {(tie.kind, tie.token) for tie in ties}
    return {
        "named_self": named_self,
        "buyer_in_chain": buyer_id in chain.values(),
        "identity_ties": sum(_STRENGTH[kind] == Strength.IDENTITY for kind, _ in shared),
        "strong_ties": sum(_STRENGTH[kind] == Strength.STRONG for kind, _ in shared),
    }


def paths_from_ties(ties: Iterable[Tie], chain: Chain, buyer_id: str, order_id: str) -> list[dict[str, Any]]:
    """Evidence as paths ``buyer or order → shared identifier → person above``."""
    return [
        {
            "path": [
                {"kind": "order", "id": order_id} if tie.named else {"kind": "member", "id": buyer_id},
                {"kind": node_kind(tie.kind), "id": tie.token},
                {"kind": "member", "id": chain[tie.level]},
            ]
        }
        for tie in ties
    ]


def node_kind(label: str) -> str:
    """A node's label as the API names it: ``PayoutAccount`` is ``payout_account``."""
    return _NAME.get(label, label.lower())

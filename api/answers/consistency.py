"""The stores against the log."""

from __future__ import annotations

from api.answers.fields import Answer, shown


class MembersSide(Answer):
    """Members and what goes out from them, as one side knows them."""

    members: int
    edges: int
    hash: str
    """Over all of it, independent of order: two sides that hold the same have the same one."""


class OrdersSide(Answer):
    """Orders as one side knows them."""

    orders: int
    hash: str


class MemberDiffers(Answer):
    """A member of whom log and graph tell different things; at most ten of each."""

    member_id: str
    only_log: list[str]
    only_graph: list[str]


class SetAside(Answer):
    """Events a consumer passed over, so that its book lacks them."""

    consumer: str
    set_aside: int


class OrdersDiffer(Answer):
    """The ledger knows other orders than the log."""

    orders: str
    """The store that differs."""
    log: int
    ledger: int


_SIDE = {"members": 3, "edges": 4, "hash": "5f…c2"}
_ORDERS = {"orders": 1, "hash": "a0…17"}


class Consistency(Answer):
    """Graph and ledger against the log, at one number of it."""

    model_config = shown(ok=True, at_seq=17, graph=_SIDE, log=_SIDE, ledger=_ORDERS, log_orders=_ORDERS, differences=[])

    ok: bool
    at_seq: int
    """The number up to which all sides are compared."""
    graph: MembersSide
    log: MembersSide
    ledger: OrdersSide
    log_orders: OrdersSide
    differences: list[MemberDiffers | SetAside | OrdersDiffer]
    """The first hundred."""


class LogVerified(Answer):
    """The log's hash chain, recomputed."""

    model_config = shown(ok=True, events=17, head_hash="9e…41", first_bad_seq=None)

    ok: bool
    events: int
    head_hash: str
    """SHA-256 in hex over the last event and the hash before it."""
    first_bad_seq: int | None
    """The first event that is not what was accepted; null where all are."""

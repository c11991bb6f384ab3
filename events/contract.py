"""The contract of a kind of event, declared once: what may be sent, what comes back, who owns it, who decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

from pydantic import TypeAdapter

from events.fields import Personal, Strict

ModelOf: TypeAlias = type[Strict]
FactOf: TypeAlias = type[Any]

NOBODY: Final = ""
"""The owner of values that belong to no member (a click without one)."""


@dataclass(frozen=True)
class Contract:
    """One kind of event.

    ``sent`` is judged when it comes, ``fact`` is what the log gives back. ``by`` says who may tell it: the shop, the
    platform's own routes, or both. ``owner`` names the field with the member whose key seals the personal values.
    ``decided_by`` are the consumers that make an outcome of it, the last of them the one whose answer a command waits
    for; none: it is only kept.
    """

    type: str
    sent: ModelOf
    fact: FactOf
    decided_by: tuple[str, ...]
    by: Literal["shop", "platform", "both"] = "shop"
    owner: str = "member_id"
    _adapter: TypeAdapter[Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_adapter", TypeAdapter(self.fact))

    @cached_property
    def personal(self) -> dict[str, Personal]:
        """The fields whose values are sealed."""
        return {
            name: mark
            for name, info in self.sent.model_fields.items()
            for mark in info.metadata
            if isinstance(mark, Personal)
        }

    def owner_of(self, data: Mapping[str, Any]) -> str:
        """Whose key seals the personal values of one event; NOBODY for those of no member."""
        owner = data.get(self.owner)
        return owner if isinstance(owner, str) else NOBODY

    def has_personal(self, data: Mapping[str, Any]) -> bool:
        """Whether an event carries any personal value, so that its owner needs a key."""
        return any(data.get(name) is not None for name in self.personal)

    def decode(self, data: Mapping[str, Any]) -> Any:
        """The fact that data of the log stand for."""
        return self._adapter.validate_python(data)


class Contracts:
    """Every kind of event of an installation, by type."""

    def __init__(self, declared: Iterable[Contract]) -> None:
        self._by_type: dict[str, Contract] = {}
        for contract in declared:
            assert contract.type not in self._by_type, f"{contract.type} is declared twice"
            self._by_type[contract.type] = contract
        self._by_sent = {contract.sent: contract for contract in self._by_type.values()}

    def __iter__(self) -> Iterator[Contract]:
        return iter(self._by_type.values())

    def of(self, event_type: str) -> Contract:
        """The contract of an event that the log holds."""
        return self._by_type[event_type]

    def from_shop(self, event_type: str) -> Contract | None:
        """The contract of an event that the world may send; None where there is none."""
        contract = self._by_type.get(event_type)
        return contract if contract is not None and contract.by != "platform" else None

    def of_command(self, command: Strict) -> Contract:
        """The contract of a command of one of the platform's own routes."""
        contract = self._by_sent[type(command)]
        assert contract.by != "shop", contract.type
        return contract

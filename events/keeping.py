"""An event on its way into the log: every value that may be personal sealed under its owner's key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.canonical import canonical
from events.contract import Contract
from privacy.kinds import KINDS
from privacy.sealing import seal_value, value_context
from privacy.vault import BrandKeys, seal, to_text


def kept(contract: Contract, data: Mapping[str, Any], brand: str, keys: BrandKeys, owner_key: bytes) -> dict[str, Any]:
    """The data as the log keeps them; the argument is left as it is."""
    owner = contract.owner_of(data)

    def sealed(kind: str, value: Any) -> dict[str, Any]:
        return seal_value(keys, owner_key, value_context(brand, owner, kind), kind, value)

    result = dict(data)
    for name, mark in contract.personal.items():
        value = data.get(name)
        if value is None:
            continue
        if mark.items:
            result[name] = [{"kind": item["kind"], "value": sealed(item["kind"], item["value"])} for item in value]
        else:
            kind = mark.kind or data[mark.kind_field or ""]
            if mark.kind is not None or kind in KINDS:  # a listed member is named by its id, which is no secret
                result[name] = sealed(kind, value)
    return result


def kept_attributes(attributes: Mapping[str, Any], brand: str, owner: str, owner_key: bytes) -> dict[str, Any]:
    """The attributes of an envelope that nobody knows, sealed as a whole: any of them may hold a personal value."""
    return {"sealed": to_text(seal(owner_key, canonical(attributes), value_context(brand, owner, "attributes")))}

"""The page of events: every contract with its fields, as callers and rooms rely on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from events.contract import Contract
from events.fields import ID_PATTERN, TEXT_PATTERN, Personal
from ops.reference.markdown import code, codes, page, promise, table
from ops.wiring import CONTRACTS

_WHO: Final = {"shop": "the shop", "platform": "the platform alone", "both": "the shop, and the platform"}
_FORMS: Final = {ID_PATTERN: "id", TEXT_PATTERN: "text"}
_INSTANT: Final = "2026-11-01T08:00:00+08:00"

_SAMPLES: Final[Mapping[str, Any]] = {
    "member_id": "m9",
    "buyer_id": "m9",
    "promoter_id": "m1",
    "invited_by": "m1",
    "order_id": "o1",
    "refund_id": "r1",
    "line_id": "1",
    "product_id": "p1",
    "category": "tea",
    "quantity": 1,
    "paid_fen": 50_000,
    "refund_fen": 20_000,
    "amount_fen": 5_000,
    "platform": "mini_program",
    "channel": "mini_program",
    "grade": "B",
    "identifiers": [{"kind": "phone", "value": "13800138000"}],
    "value": "m9",
    "device_id": "install-1",
    "reason": "asked for by the member",
    "actor": "operator",
}
"""Values of fields by name. What may be left out and has no value here is left out of examples."""


def events_page() -> str:
    """Every kind of event."""
    contracts = sorted(CONTRACTS, key=lambda contract: (contract.by == "platform", contract.type))
    overview = table(
        ("type", "told by", "decided by", "owner of personal values"),
        (
            (f"[`{c.type}`](#{_anchor(c)})", _WHO[c.by], codes(c.decided_by) or "nobody: kept", _owner(c))
            for c in contracts
        ),
    )
    return page(
        "Events",
        "The data of every kind of event. An unknown field is refused; so is a value of another type. Where something "
        "is "
        "wrong, the answer names the field and a [code](outcomes.md). Personal values are sealed under their owner's "
        "key "
        "before they are kept; the graph and the wire know only their tokens. *Decided by* are the "
        "[consumers](consumers.md) that make an outcome of an event.",
        "A field that is not required may be left out or null. An id has 1 to 128 characters, without `/` and control "
        "characters. An instant is an RFC 3339 time with "
        "offset. "
        "A text has no control characters but tab and line feed. An identifier is bounded by its [kind](kinds.md).",
        overview,
        *(_section(contract) for contract in contracts),
    )


def _owner(contract: Contract) -> str:
    if not contract.personal:
        return ""
    return code(contract.owner) or "nobody: the brand"


def _anchor(contract: Contract) -> str:
    return contract.type.replace(".", "").lower()


def _section(contract: Contract) -> str:
    schema = contract.sent.model_json_schema()
    fields = table(
        ("field", "type", "bounds", "required", "personal"),
        _rows(contract, schema, schema.get("$defs", {}), "", contract.personal),
    )
    said = promise(contract.sent) if contract.sent.__doc__ else ""
    data = _example(contract)
    return "\n\n".join(
        part
        for part in (f"## {contract.type}", said, fields, f"```json\n{json.dumps(data, ensure_ascii=False)}\n```")
        if part
    )


def _rows(
    contract: Contract,
    schema: Mapping[str, Any],
    models: Mapping[str, Any],
    prefix: str,
    personal: Mapping[str, Personal],
) -> Iterator[tuple[str, str, str, str, str]]:
    required = schema.get("required", ())
    for name, given in schema["properties"].items():
        part = _one(given)
        kind, bounds = _type(part, models)
        needed = _required(given) if name in required else _default(given)
        yield code(prefix + name), kind, bounds, needed, _mark(personal.get(name))
        yield from _nested(contract, part, models, f"{prefix}{name}")


def _nested(
    contract: Contract, part: Mapping[str, Any], models: Mapping[str, Any], name: str
) -> Iterator[tuple[str, str, str, str, str]]:
    if part.get("type") == "array":
        part, name = part["items"], f"{name}[]"
    choices = [_model(one, models) for one in part.get("oneOf", [part])]
    for choice in choices:
        if "properties" in choice:
            yield from _rows(contract, choice, models, f"{name}.", {})


def _one(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a field is when it is there: the part of an optional one that is not null."""
    parts = [part for part in given.get("anyOf", [given]) if part.get("type") != "null"]
    found: Mapping[str, Any]
    (found,) = parts
    return found


def _model(part: Mapping[str, Any], models: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = models[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
    return found


def _type(part: Mapping[str, Any], models: Mapping[str, Any]) -> tuple[str, str]:
    part = _model(part, models)
    if "const" in part or "enum" in part:
        return "one of", codes([part["const"]] if "const" in part else part["enum"])
    if part.get("type") == "array":
        return "list", _between(part.get("minItems"), part.get("maxItems"), "items")
    if "properties" in part or "oneOf" in part:
        return "object", ""
    if part.get("format") == "date-time":
        return "instant", ""
    if part.get("type") == "string":
        form = _FORMS[part["pattern"]]
        return form, "" if form == "id" else _between(part.get("minLength"), part.get("maxLength"), "characters")
    return str(part["type"]), _between(part.get("minimum"), part.get("maximum"), "")


def _between(least: int | None, most: int | None, unit: str) -> str:
    low = f"{least:,}" if least is not None else "0" if unit else ""
    return f"{low} … {most:,} {unit}".strip() if most is not None else f"≥ {low}"


def _required(given: Mapping[str, Any]) -> str:
    return "yes, or null" if {"type": "null"} in given.get("anyOf", ()) else "yes"


def _default(given: Mapping[str, Any]) -> str:
    default = given.get("default")
    return "" if default is None else f"else {code(default) if default else 'empty'}"


def _mark(mark: Personal | None) -> str:
    if mark is None:
        return ""
    if mark.items:
        return "every value"
    return code(mark.kind) if mark.kind else f"by `{mark.kind_field}`"


def _example(contract: Contract) -> dict[str, Any]:
    """Right data of this kind; judged by the contract itself, so that no example can be wrong."""
    schema = contract.sent.model_json_schema()
    data = _sample(schema, schema.get("$defs", {}))
    contract.sent.model_validate(data)
    return data


def _sample(schema: Mapping[str, Any], models: Mapping[str, Any]) -> dict[str, Any]:
    data = {}
    for name, given in schema["properties"].items():
        if name in schema.get("required", ()) or name in _SAMPLES:
            data[name] = _value(name, _model(_one(given), models), models)
    return data


def _value(name: str, part: Mapping[str, Any], models: Mapping[str, Any]) -> Any:
    if "enum" in part:
        return part["enum"][0]
    if name in _SAMPLES:
        return _SAMPLES[name]
    if part.get("format") == "date-time":
        return _INSTANT
    if part.get("type") == "array":
        return [_sample(_model(part["items"], models), models)]
    if "properties" in part:
        return _sample(part, models)
    if part.get("type") == "integer":
        return part.get("minimum", 1)
    return name.replace("_", "-").removesuffix("-id") + "-1" if name.endswith("_id") else name.replace("_", "-")

"""Intake: one event or a thousand, checked, sealed and appended; what cannot be taken is named and kept, one by one."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
import structlog
from pydantic import BaseModel, ValidationError

from brands.clock import InstallationClock
from core import limits
from core.canonical import canonical, has_nul, names_in, nested_deeper, without_nul
from core.clock import wall_now
from core.errors import FieldError, Refusal, invalid
from core.ids import new_id
from core.slicing import sliced
from core.stores.postgres import Postgres
from core.stores.queries import sql
from events import log
from events.contract import Contract, Contracts
from events.envelope import OWN_SOURCE_PREFIX, Envelope
from events.fields import Strict, field_errors
from events.keeping import kept, kept_attributes
from intake.bodies import Unusable, events_of
from privacy.keyring import Keyring
from privacy.masks import looks_personal, shown, shown_problem
from privacy.vault import BrandKeys, seal, unseal

_logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event: its number where it has one, the problem where it was refused."""

    id: str | None
    status: Literal["accepted", "duplicate", "rejected"]
    seq: int | None = None
    problem: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refused event as it is listed."""

    rejection_id: str
    source: str | None
    event_id: str | None
    type: str | None
    via: str
    received_at: datetime
    problem: dict[str, Any]
    shown: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class _Refused:
    rejection_id: str
    source: str | None
    event_id: str | None
    type: str | None
    problem: str
    shown: str
    sealed: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class _Sealed:
    sealed: bytes
    via: str


@dataclass(frozen=True, slots=True)
class _Valid:
    contract: Contract
    envelope: Envelope
    sent_time: str  # as it was written: two spellings of one instant are two contents
    data: dict[str, Any]

    @property
    def owner(self) -> str:
        """Whose key seals it."""
        return self.contract.owner_of(self.data)

    @property
    def attributes(self) -> dict[str, Any]:
        """Those that nobody knows; the brand stands on every row of the log."""
        return {name: value for name, value in (self.envelope.model_extra or {}).items() if name != "brand"}

    @property
    def has_something_to_seal(self) -> bool:
        """Whether its owner needs a key; an attribute that nobody knows may hold anything."""
        return self.contract.has_personal(self.data) or bool(self.attributes)


_REJECT = sql("intake/reject", rows=_Refused)
_REJECTIONS = sql("intake/rejections", Rejection)
_REJECTION = sql("intake/rejection", _Sealed)
_REJECTION_RESENT = sql("intake/rejection_resent")


class Intake:
    """Takes events for a brand, whatever way they came; however many they are, others have turns meanwhile."""

    def __init__(self, postgres: Postgres, keyring: Keyring, clock: InstallationClock, contracts: Contracts) -> None:
        self._postgres = postgres
        self._contracts = contracts
        self._keyring = keyring
        self._clock = clock

    async def take(self, brand: str, events: Sequence[Any], via: str) -> list[Taken]:
        """Append what is right, refuse what is wrong, answer for each in the order given.

        All that is accepted is durable when this returns. Raises Refusal 503 when Postgres is away; then nothing was
        stored.
        """
        keys = await self._keyring.brand(brand)
        latest = None if self._clock.simulated else wall_now() + timedelta(seconds=limits.FUTURE_SECONDS_MAX)
        checked = [_check(event, brand, latest, self._contracts) async for event in sliced(events)]
        valid = [(index, found) for index, found in enumerate(checked) if isinstance(found, _Valid)]
        owners = {found.owner for _, found in valid if found.has_something_to_seal}
        owner_keys = await self._owner_keys(brand, keys, owners)
        new = [_new_event(found, brand, keys, owner_keys) async for _, found in sliced(valid)]
        if valid:
            await self._clock.start(valid[0][1].envelope.time)
        answers: list[Taken | None] = [None] * len(events)
        refused: list[tuple[int, Refusal]] = [
            (index, found) for index, found in enumerate(checked) if isinstance(found, Refusal)
        ]
        async with self._postgres.brand(brand) as conn:
            appended = await log.append(conn, brand, new, wall_now()) if new else []
            for (index, found), stands in zip(valid, appended, strict=True):
                if stands.status == "conflict":
                    refused.append((index, _conflict(stands.seq)))
                else:
                    answers[index] = Taken(found.envelope.id, stands.status, stands.seq)
            for index, refusal in refused:
                answers[index] = Taken(_text(events[index], "id"), "rejected", None, refusal.as_problem())
            if refused:
                await _keep_refused(conn, brand, keys, via, [(events[i], r) for i, r in refused])
        return [answer for answer in answers if answer is not None]

    async def _owner_keys(self, brand: str, keys: BrandKeys, owners: Set[str]) -> Mapping[str, bytes]:
        """The keys that seal what belongs to these members, or to nobody."""
        member_keys = await self._keyring.members(brand, owners, create=True) if owners else {}
        # a forgotten person stays forgotten: later values go under the brand's key for nobody
        return {owner: member_keys.get(owner, keys.wrapping) for owner in owners}

    async def command(self, brand: str, command: Strict, *, path: str, key: str | None, request: bytes) -> log.Appended:
        """Append a command of one of the platform's own routes.

        With an idempotency key the same request is appended once, whatever happens in between: the key is the event's
        id and the request its content. Another request under the same key is in conflict.
        """
        contract = self._contracts.of_command(command)
        keys = await self._keyring.brand(brand)
        at = await self._clock.now()
        data = command.model_dump(mode="json", exclude_unset=True)
        owners = {contract.owner_of(data)} if contract.has_personal(data) else set()
        stored = _stored(contract, data, brand, keys, await self._owner_keys(brand, keys, owners))
        event = log.NewEvent(
            source=OWN_SOURCE_PREFIX + path,
            event_id=key or new_id("cmd"),
            type=contract.type,
            subject=None,
            time=at.isoformat(),
            data=stored,
            extensions=None,
            fingerprint=keys.fingerprint(request),
            data_print=keys.fingerprint(canonical(data)),
        )
        async with self._postgres.brand(brand) as conn:
            (appended,) = await log.append(conn, brand, [event], wall_now())
        return appended

    async def command_of(self, brand: str, *, path: str, key: str) -> int | None:
        """The number of the command that was appended under a key; None when there is none."""
        async with self._postgres.brand(brand) as conn:
            return await log.standing(conn, brand, OWN_SOURCE_PREFIX + path, key)

    async def rejections(self, brand: str, before: datetime, before_id: str, count: int) -> list[Rejection]:
        """A page of refused events, newest first."""
        async with self._postgres.brand(brand) as conn:
            return await _REJECTIONS.run(conn, brand=brand, before=before, before_id=before_id, count=count)

    async def resend(self, brand: str, rejection_id: str) -> Taken | None:
        """Take a refused event once more, as it came; None when there is no such refusal."""
        keys = await self._keyring.brand(brand)
        async with self._postgres.brand(brand) as conn:
            kept = await _REJECTION.one(conn, brand=brand, rejection_id=rejection_id)
        if kept is None:
            return None
        event = orjson.loads(unseal(keys.wrapping, bytes(kept.sealed), f"{brand}|rejection"))
        if isinstance(event, str):  # an unusable one is kept as it was written
            (event,) = await events_of(event.encode())
        (taken,) = await self.take(brand, [event], kept.via)
        if taken.seq is not None:
            async with self._postgres.brand(brand) as conn:
                await _REJECTION_RESENT.run(conn, brand=brand, rejection_id=rejection_id, seq=taken.seq)
        return taken


def _check(event: Any, brand: str, latest: datetime | None, contracts: Contracts) -> _Valid | Refusal:
    if isinstance(event, Unusable):
        return event.refusal
    if not isinstance(event, dict):
        return invalid([FieldError("event", "wrong_type", "an event is a JSON object")])
    if "data_base64" in event:
        decoded = _decoded(event)
        return decoded if isinstance(decoded, Refusal) else _check(decoded, brand, latest, contracts)
    if names_in(event, limits.EVENT_NAMES_MAX) > limits.EVENT_NAMES_MAX:
        return invalid([FieldError("event", "out_of_range", f"an event has at most {limits.EVENT_NAMES_MAX} names")])
    try:
        envelope = Envelope.model_validate(event)
    except ValidationError as error:
        return invalid(field_errors(error))
    if envelope.source.startswith(OWN_SOURCE_PREFIX):
        return invalid([FieldError("source", "reserved_source", "this source is the platform's own")])
    extensions = envelope.model_extra or {}
    if extensions.get("brand", brand) != brand:
        return invalid([FieldError("brand", "brand_differs", "the key belongs to another brand")])
    contract = contracts.from_shop(envelope.type)
    if contract is None:
        return invalid([FieldError("type", "unknown_type", "no such event type; see the reference of events")])
    try:
        data = contract.sent.model_validate(envelope.data)
    except ValidationError as error:
        return invalid(field_errors(error, "data"))
    if latest is not None:
        for name, at in [("time", envelope.time), *_instants(data)]:
            if at > latest:
                return invalid([FieldError(name, "in_the_future", "this is more than a day ahead of now")])
    attributes = canonical(extensions)
    if len(attributes) > limits.ATTRIBUTES_BYTES_MAX:
        told = f"attributes nobody knows have at most {limits.ATTRIBUTES_BYTES_MAX} bytes together"
        return invalid([FieldError("extensions", "out_of_range", told)])
    if has_nul(attributes):
        return invalid([FieldError("extensions", "bad_text", "attributes must not hold NUL characters")])
    return _Valid(contract, envelope, event["time"], envelope.data)


def _decoded(event: dict[str, Any]) -> dict[str, Any] | Refusal:
    """An event whose data came as base64 (CloudEvents, JSON format) as if they had come as JSON."""
    if "data" in event:
        return invalid([FieldError("data_base64", "unknown_field", "an event has data or data_base64, not both")])
    wrong = invalid([FieldError("data_base64", "bad_json", "write the base64 of the data as JSON")])
    try:
        data = orjson.loads(base64.b64decode(event["data_base64"], validate=True))
    except (TypeError, ValueError):
        return wrong
    if nested_deeper(data, limits.JSON_DEPTH_MAX):
        return wrong
    return {**{name: value for name, value in event.items() if name != "data_base64"}, "data": data}


def _instants(data: BaseModel) -> list[tuple[str, datetime]]:
    return [(f"data.{name}", value) for name, value in data if isinstance(value, datetime)]


def _new_event(valid: _Valid, brand: str, keys: BrandKeys, owner_keys: Mapping[str, bytes]) -> log.NewEvent:
    envelope = valid.envelope
    attributes = valid.attributes
    return log.NewEvent(
        source=envelope.source,
        event_id=envelope.id,
        type=envelope.type,
        subject=envelope.subject,
        time=valid.sent_time,
        data=_stored(valid.contract, valid.data, brand, keys, owner_keys),
        extensions=kept_attributes(attributes, brand, valid.owner, owner_keys[valid.owner]) if attributes else None,
        fingerprint=keys.fingerprint(canonical([envelope.type, envelope.subject, valid.sent_time, valid.data])),
        data_print=keys.fingerprint(canonical(valid.data)),
    )


def _stored(
    contract: Contract, data: dict[str, Any], brand: str, keys: BrandKeys, owner_keys: Mapping[str, bytes]
) -> dict[str, Any]:
    """The data of an event as the log keeps them."""
    return (
        kept(contract, data, brand, keys, owner_keys[contract.owner_of(data)]) if contract.has_personal(data) else data
    )


def _conflict(seq: int) -> Refusal:
    return Refusal(
        409,
        "event_conflict",
        f"event {seq} has the same source and id but another content; send it under a new id",
        (FieldError("id", "event_conflict", "known with another content"),),
    )


def _text(event: Any, name: str) -> str | None:
    if isinstance(event, Unusable):
        return event.id[: limits.ID_CHARS_MAX] if event.id is not None and name == "id" else None
    value = event.get(name) if isinstance(event, dict) else None
    return value[: limits.ID_CHARS_MAX].replace("\x00", "") if isinstance(value, str) else None


def _shown_text(event: Any, name: str) -> str | None:
    """An attribute of a refused event as people may see it; in an event that is none it may be anything."""
    text = _text(event, name)
    return None if text is None or looks_personal(text) else text


async def _keep_refused(
    conn: Any, brand: str, keys: BrandKeys, via: str, refused: Sequence[tuple[Any, Refusal]]
) -> None:
    rows = [_refused(brand, keys, event, refusal) async for event, refusal in sliced(refused)]
    await _REJECT.save(conn, rows, brand=brand, via=via, received_at=wall_now())
    _logger.info("events refused", brand=brand, via=via, count=len(rows))


def _refused(brand: str, keys: BrandKeys, event: Any, refusal: Refusal) -> _Refused:
    unusable = isinstance(event, Unusable)
    raw = canonical(event.text if unusable else event)
    told = {"id": event.id} if unusable else event if isinstance(event, dict) else None
    return _Refused(
        rejection_id=new_id("rej"),
        source=_shown_text(event, "source"),
        event_id=_shown_text(event, "id"),
        type=_shown_text(event, "type"),
        problem=without_nul(canonical(shown_problem(refusal.as_problem()))).decode(),
        shown=without_nul(canonical(shown(told))).decode(),
        sealed=seal(keys.wrapping, raw, f"{brand}|rejection"),
        content=keys.fingerprint(raw + refusal.code.encode()),
    )

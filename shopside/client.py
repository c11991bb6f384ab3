"""The public HTTP API as a shop sees it: batches within the bounds, and retries that double nothing.

Services may be killed and started again while a client works. Every request here can be repeated: events carry their
ids, checks their ``check_id``, and the clock and the jobs answer the same for the same question.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay

from core.errors import FieldError, Refusal
from core.limits import (
    BODY_BYTES_MAX,
    CLIENT_ANSWER_SECONDS_MAX,
    CLIENT_CONNECT_SECONDS_MAX,
    CLIENT_OUTAGE_SECONDS_MAX,
    CLIENT_PAUSE_SECONDS_MAX,
    DRAIN_WAIT_SECONDS_MAX,
    EVENTS_PER_BATCH_MAX,
)

Role = Literal["pipeline", "operator", "analyst", "finance", "auditor", "admin"]


class CredentialsMissing(Exception):
    """There is no readable ``credentials.json``, or it has no such brand: nothing can be sent."""


class Outage(Exception):
    """The platform did not answer, or said that it cannot just now; the same request may be sent again."""

    def __init__(self, what: str, pause_s: float | None = None) -> None:
        super().__init__(what)
        self.pause_s = pause_s


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the API of a data folder answers and the keys of one brand, by role."""

    base_url: str
    keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one event that was sent: ``problem`` says why it was rejected."""

    event_id: str | None
    status: Literal["accepted", "duplicate", "rejected"]
    problem: Refusal | None


def read_credentials(data: Path, brand: str) -> Credentials:
    """The address and keys in ``DATA/credentials.json``; raises CredentialsMissing."""
    path = data / "credentials.json"
    try:
        content = json.loads(path.read_text())
        base_url, keys = content["base_url"], dict(content["brands"][brand]["keys"])
        if not base_url.startswith("http"):
            raise ValueError
        return Credentials(base_url, keys)
    except FileNotFoundError:
        raise CredentialsMissing(f"{path} is not there: start the platform first with `trefoil up`") from None
    except KeyError as error:
        raise CredentialsMissing(f"{path} has no {error}: add the brand with `trefoil brand add {brand}`") from None
    except (ValueError, TypeError, AttributeError):
        raise CredentialsMissing(f"{path} is not what the platform wrote") from None
    except OSError as error:
        raise CredentialsMissing(f"{path} cannot be read: {error.strerror}") from None


def batches(events: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Serialised events in their order, cut into bodies the intake accepts (1,000 events, 2 MB)."""
    batch: list[bytes] = []
    body_bytes = 2
    for event in events:
        if batch and (len(batch) == EVENTS_PER_BATCH_MAX or body_bytes + len(event) > BODY_BYTES_MAX):
            yield batch
            batch, body_bytes = [], 2
        batch.append(event)
        body_bytes += len(event) + 1
    if batch:
        yield batch


class PlatformClient:
    """One brand's view of the API; every method waits out outages of up to ten minutes.

    Methods raise Refusal for a 4xx answer and Outage when the platform stayed away longer than that.
    """

    def __init__(
        self,
        data: Path,
        brand: str,
        transport: httpx.AsyncBaseTransport | None = None,
        outage_wait_s_max: float = CLIENT_OUTAGE_SECONDS_MAX,
    ) -> None:
        self._data = data
        self._brand = brand
        self._credentials = read_credentials(data, brand)
        self._outage_wait_s_max = outage_wait_s_max
        self._http = httpx.AsyncClient(
            transport=transport, timeout=httpx.Timeout(CLIENT_ANSWER_SECONDS_MAX, connect=CLIENT_CONNECT_SECONDS_MAX)
        )

    @property
    def brand(self) -> str:
        """The brand whose keys are used."""
        return self._brand

    @property
    def base_url(self) -> str:
        """Where the API answered last."""
        return self._credentials.base_url

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def send(self, events: Sequence[bytes]) -> list[Answer]:
        """Send one batch of serialised events in this order; one answer per event, in the same order."""
        body = b"[" + b",".join(events) + b"]"
        answer = await self._request("POST", "/v1/events", "pipeline", content=body)
        return [_answer(item) for item in answer["items"]]

    async def check(self, check_id: str, order: dict[str, Any]) -> dict[str, Any]:
        """The risk decision on an order before it is paid."""
        content = {"check_id": check_id, "stage": "order", "order": order}
        return await self._request("POST", "/v1/risk/checks", "pipeline", content=orjson.dumps(content))

    async def drain(self) -> None:
        """Wait until every consumer has reached the end of the log."""
        await self._ops("/v1/ops/drain", {})

    async def run(self, job: str) -> None:
        """Run a job and wait for its end."""
        await self._ops("/v1/ops/run", {"job": job})

    async def clock(self) -> dict[str, Any]:
        """``{now, simulated}``."""
        return await self.get("/v1/ops/clock", "admin")

    async def move_clock(self, now: str) -> None:
        """Move the simulated clock; answers after every job that is due by then."""
        await self._ops("/v1/ops/clock", {"now": now})

    async def get(self, path: str, role: Role) -> dict[str, Any]:
        """Read a path with the key of a role."""
        return await self._request("GET", path, role)

    async def _ops(self, path: str, content: dict[str, Any]) -> None:
        await self._request("POST", path, "admin", orjson.dumps(content), answer_wait_s=DRAIN_WAIT_SECONDS_MAX)

    async def _request(
        self,
        method: str,
        path: str,
        role: Role,
        content: bytes | None = None,
        answer_wait_s: float = CLIENT_ANSWER_SECONDS_MAX,
    ) -> dict[str, Any]:
        tries = AsyncRetrying(
            retry=retry_if_exception_type(Outage),
            stop=stop_after_delay(self._outage_wait_s_max),
            wait=_pause_s,
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                return await self._once(method, path, role, content, answer_wait_s)
        raise AssertionError("tenacity either returns or raises")

    async def _once(
        self, method: str, path: str, role: Role, content: bytes | None, answer_wait_s: float
    ) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self._credentials.keys[role]}",
            "Content-Type": "application/json",
        }
        try:
            answer = await self._http.request(
                method,
                self._credentials.base_url + path,
                content=content,
                headers=headers,
                timeout=httpx.Timeout(answer_wait_s, connect=CLIENT_CONNECT_SECONDS_MAX),
            )
        except httpx.TransportError as error:
            # a restarted API may answer on another port
            self._credentials = read_credentials(self._data, self._brand)
            raise Outage(f"{method} {path}: {str(error) or type(error).__name__}") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Outage(f"{method} {path}: {answer.status_code} {answer.text[:200]}", _retry_after_s(answer))
        if answer.status_code >= 400:
            raise _refusal(answer)
        content_read: dict[str, Any] = orjson.loads(answer.content) if answer.content else {}
        return content_read


@asynccontextmanager
async def connect(data: Path, brand: str) -> AsyncIterator[PlatformClient]:
    """A client of the platform in a data folder; raises CredentialsMissing."""
    client = PlatformClient(data, brand)
    try:
        yield client
    finally:
        await client.close()


def _pause_s(state: RetryCallState) -> float:
    outage = state.outcome.exception() if state.outcome else None
    if isinstance(outage, Outage) and outage.pause_s is not None:
        return min(outage.pause_s, CLIENT_PAUSE_SECONDS_MAX)
    return min(0.2 * 2.0 ** min(state.attempt_number, 10), CLIENT_PAUSE_SECONDS_MAX)


def _retry_after_s(answer: httpx.Response) -> float | None:
    try:
        return max(float(answer.headers["Retry-After"]), 0.0)
    except (KeyError, ValueError):
        return None


def _problem(status: int, body: dict[str, Any]) -> Refusal:
    errors = tuple(
        FieldError(str(item.get("field", "")), str(item.get("code", "")), str(item.get("message", "")))
        for item in body.get("errors") or ()
    )
    return Refusal(status, str(body.get("code", "unknown")), str(body.get("detail") or body.get("title") or ""), errors)


def _refusal(answer: httpx.Response) -> Refusal:
    try:
        return _problem(answer.status_code, answer.json())
    except (ValueError, AttributeError):
        return Refusal(answer.status_code, "unknown", answer.text[:200])


def _answer(item: dict[str, Any]) -> Answer:
    problem = item.get("problem")
    return Answer(
        item.get("id"),
        item["status"],
        _problem(int(problem.get("status") or 422), problem) if problem else None,
    )

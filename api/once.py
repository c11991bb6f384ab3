"""A keyed write is done once: the same request again gets the first answer, refusals included.

The key belongs to a brand, a path and a person. It is claimed, then the work is done, then the answer is kept; the
work holds no connection for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import orjson
import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from api.auth import Principal
from api.platform import Platform, platform
from api.problems import problem_response, refusal_of
from brands.answers import Asked, First
from core import limits
from core.canonical import canonical
from core.clock import monotonic_s
from core.errors import Refusal, unavailable
from core.ids import new_id
from core.telemetry import told

_logger = structlog.get_logger()

_NEVER_KEPT: Final = frozenset({401, 403, 404, 429})
"""What is refused for who asks or for what is not there: it may be there, or be allowed, when asked again.

A 404 that were kept would also tell a thing that is nowhere from one that is somebody else's.
"""
_PRINTED: Final = frozenset({"content-type", "prefer"})
"""Headers that change what a request asks for, as those of an event in binary mode do."""
_KEY_CHARS_MAX: Final = 128
_FIRST_LOOK_SECONDS: Final = 0.05

Work = Callable[[Request], Awaitable[Response]]


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key of a request; raises Refusal 422 for one of the wrong form."""
    key = request.headers.get("idempotency-key")
    if key is not None and (not 1 <= len(key) <= _KEY_CHARS_MAX or not key.isascii() or not key.isprintable()):
        raise Refusal(422, "bad_idempotency_key", "an Idempotency-Key has 1 to 128 printable ASCII characters")
    return key


def conflict() -> Refusal:
    """The refusal of another request under a key that was used."""
    return Refusal(409, "idempotency_conflict", "this Idempotency-Key was used with another request")


async def once(request: Request, who: Principal, key: str, work: Work, secrets: Sequence[str]) -> Response:
    """The first answer to a keyed request, waited for while somebody else works on it; else the work's own.

    ``secrets`` names the fields of an answer that are shown once and never kept. Raises Refusal 409
    ``idempotency_conflict`` or ``in_progress``, and 503 when the key cannot be claimed.
    """
    answers, asked = platform(request).answers, await _asked(request, who, key)
    until, pause = monotonic_s() + limits.COMMAND_WAIT_SECONDS_MAX, _FIRST_LOOK_SECONDS
    while (first := await answers.claim(asked)) is not None:
        if first.status is not None or first.request_print != asked.request_print:
            return _again(first, asked)
        if monotonic_s() >= until:
            detail = "this request is being worked on; ask again with the same Idempotency-Key"
            raise Refusal(409, "in_progress", detail, retry_after_seconds=1)
        await asyncio.sleep(pause)
        pause = min(2 * pause, limits.POLL_SECONDS)
    async with _claim_held(platform(request), asked):
        return await _done(request, asked, work, secrets)


async def once_if_possible(request: Request, who: Principal, key: str, work: Work) -> Response:
    """As :func:`once` for work that itself answers the same again, and for whose caller every moment counts.

    Where the key cannot be claimed at once (Postgres is away or slow, somebody works on it) the work is done without.
    """
    asked = await _asked(request, who, key)
    try:
        first = await _in_time(platform(request).answers.claim(asked))
    except Refusal as refusal:
        if refusal.status != 503:
            raise
        return await work(request)
    if first is None:
        return await _done(request, asked, work, ())
    if first.status is not None or first.request_print != asked.request_print:
        return _again(first, asked)
    return await work(request)


async def keyed_print(request: Request, who: Principal) -> bytes | None:
    """A keyed hash of a keyed request, of who asks and of the key; None for a request without one."""
    key = idempotency_key(request)
    if key is None:
        return None
    keys = await platform(request).keyring.brand(who.brand)
    asked = await _asked(request, who, key)
    return keys.fingerprint(canonical([asked.person, key]) + asked.request_print)


async def _asked(request: Request, who: Principal, key: str) -> Asked:
    keys = await platform(request).keyring.brand(who.brand)
    body = hashlib.sha256(await request.body()).digest()
    heads = sorted(head for head in request.headers.items() if head[0] in _PRINTED or head[0].startswith("ce-"))
    return Asked(
        brand=who.brand,
        person=who.identity,
        path_print=keys.fingerprint(request.url.path.encode()),
        key=key,
        request_print=keys.fingerprint(canonical([request.method, request.url.query, heads]) + body),
        claimed_by=new_id("try"),
    )


def _again(first: First, asked: Asked) -> Response:
    if bytes(first.request_print) != asked.request_print:
        raise conflict()
    assert first.status is not None and first.headers is not None and first.body is not None
    return Response(bytes(first.body), first.status, {**first.headers, "Idempotent-Replay": "true"})


@contextlib.asynccontextmanager
async def _claim_held(parts: Platform, asked: Asked) -> AsyncIterator[None]:
    """Renew a claim for as long as the work goes on."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(limits.CLAIM_SECONDS / 3)
            with contextlib.suppress(Refusal):  # the claim holds for two more tries
                await parts.answers.renew(asked)

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _done(request: Request, asked: Asked, work: Work, secrets: Sequence[str]) -> Response:
    answers = platform(request).answers
    try:
        response = await work(request)
    except Refusal as refusal:
        if refusal.code == conflict().code:  # another request under this key is done, and its answer may be asked for
            await _settled(answers.release(asked))
            raise
        response = problem_response(refusal)
    except RequestValidationError as error:
        response = problem_response(refusal_of(error))
    except Exception:
        await _settled(answers.release(asked))
        raise
    if response.status_code >= 500 or response.status_code in _NEVER_KEPT:
        await _settled(answers.release(asked))
    else:
        headers = {name: text for name, text in response.headers.items() if name != "content-length"}
        body = _without(bytes(response.body), secrets) if response.status_code < 400 else bytes(response.body)
        await _settled(answers.keep(asked, response.status_code, headers, body))
    return response


def _without(body: bytes, secrets: Sequence[str]) -> bytes:
    """An answer as it may be kept: what is shown once is left out, and said to be."""
    if not secrets:
        return body
    answer: dict[str, Any] = orjson.loads(body)
    return canonical({name: value for name, value in answer.items() if name not in secrets} | {"shown": "once"})


async def _settled(settling: Awaitable[None]) -> None:
    """Settle a claim. Where that fails the work is done all the same: the claim ends by itself, and a repeat works."""
    try:
        await _in_time(settling)
    except Refusal as refusal:
        _logger.warning("claim not settled", **told(refusal))


async def _in_time(settling: Awaitable[Any]) -> Any:
    """What comes of it, or Refusal 503 when that takes longer than CHECK_CLAIM_SECONDS_MAX; it then goes on alone."""
    task = asyncio.ensure_future(settling)
    done, _ = await asyncio.wait({task}, timeout=limits.CHECK_CLAIM_SECONDS_MAX)
    if not done:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
        raise unavailable("postgres")
    return task.result()

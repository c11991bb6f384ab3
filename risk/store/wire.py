"""The wire: what a check reads in Redis in one round trip. It follows the log by its own watermark, and may be lost.

All keys of a brand carry one hash tag, so that they live on one node and a script may touch them together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError

from core import limits
from core.batching import Batcher
from core.stores.queries import ROOT

WireAway = (RedisError, OSError, TimeoutError)
"""What the client raises when Redis is not there, or not now."""

WireBroken = ResponseError
"""What a script raises that meets something it never wrote: the wire is no longer what it was."""


class WireLost(RedisConnectionError):
    """The wire was lost or broken on the way: it is told anew, and whoever needs it waits. One of WireAway."""


_SHAPE = 3
"""Of what the scripts keep. 1: one binding and inviter of a member, a ring of counters; 2: intervals, orders; 3: what
members have that may be listed and ties nobody, checked orders where they were told last."""

_SCRIPTS = ROOT / "lua" / "risk"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check asks the wire; instants are microseconds since 1970, subjects ``Label:token``.

    ``placed_us`` is when the order was placed, ``counted_us`` when it counts as placed. ``tying`` are the identifiers
    it names that may tie its buyer to somebody, ``listable`` those that may stand on the blacklist; ``velocity`` pairs
    a counter's name with its subject.
    """

    order_id: str
    buyer_id: str
    promoter_id: str
    placed_us: int
    counted_us: int
    tying: tuple[str, ...]
    listable: tuple[str, ...]
    velocity: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What the wire knows: how far it follows the log, the chain, what it shares with the buyer, what is listed.

    ``known`` is False when the order was placed before what the wire keeps of somebody's past; ``velocity`` are
    features of the rulebook.
    """

    seq: int
    known: bool
    chain: list[dict[str, Any]]
    ties: list[dict[str, Any]]
    listed: list[str]
    velocity: dict[str, int]


@dataclass(frozen=True, slots=True)
class Stand:
    """A place in a brand's log: a number, and the log's hash there (None: told before hashes were kept)."""

    seq: int
    log_hash: bytes | None


class Wire:
    """The scripts over one Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._check = redis.register_script(_script("check"))
        self._checks: Batcher[tuple[str, Asked], bytes] = Batcher(self._check_all, limits.CHECKS_PER_TRIP_MAX)
        self._apply = redis.register_script(_script("apply"))

    async def check(self, brand: str, asked: Asked) -> Answered:
        """Count an order and read what is known about it; raises one of WireAway, WireBroken for this brand alone."""
        answer = orjson.loads(await self._checks.ask((brand, asked)))
        return Answered(
            seq=answer["seq"],
            known=answer["known"],
            chain=list(answer["chain"] or []),  # an empty Lua table is written as an object
            ties=list(answer["ties"] or []),
            listed=list(answer["listed"] or []),
            velocity=dict(answer["velocity"] or {}),
        )

    async def _check_all(self, batch: Sequence[tuple[str, Asked]]) -> list[bytes | Exception]:
        """Checks that came at the same time, in one pipeline, each answered by itself.

        A Redis that lost its scripts is given them again: counting an order twice counts it once. A connection that
        hangs is given up with them, or the next ones would wait behind it.
        """
        async with asyncio.timeout(limits.CHECK_WIRE_SECONDS_MAX):
            answers = await self._pipelined(batch)
            if any(isinstance(answer, NoScriptError) for answer in answers):
                await self._redis.script_load(self._check.script)
                answers = await self._pipelined(batch)
            return answers

    async def _pipelined(self, batch: Sequence[tuple[str, Asked]]) -> list[bytes | Exception]:
        pipeline = self._redis.pipeline(transaction=False)
        for brand, asked in batch:
            pipeline.evalsha(
                self._check.sha,
                1,
                _prefix(brand),
                orjson.dumps(asked),
                _SHAPE,
                limits.VELOCITY_KEEP_SECONDS,
                limits.VELOCITY_ORDERS_MAX,
            )
        answers: list[bytes | Exception] = await pipeline.execute(raise_on_error=False)
        return answers

    async def stand(self, brand: str) -> Stand:
        """The last event the wire knows, the log's beginning when it was lost.

        Raises WireBroken for nonsense, and for a wire of another shape.
        """
        seq, log_hash, shape = await self._redis.hmget(f"{_prefix(brand)}:w", ["seq", "hash", "shape"])
        if seq is not None and shape != str(_SHAPE).encode():
            raise WireBroken("a wire of another shape")
        text = log_hash.decode("ascii", "replace") if isinstance(log_hash, bytes) else log_hash
        try:
            return Stand(int(seq or 0), bytes.fromhex(text) if text else None)
        except ValueError as error:
            raise WireBroken("the watermark is none") from error

    async def apply(self, brand: str, after: int, upto: Stand, operations: Sequence[dict[str, Any]]) -> int:
        """Apply the operations of the log's stretch ``after < seq ≤ upto``; answers where the wire now stands.

        A wire that does not stand at ``after`` is left as it is.
        """
        return int(
            await self._apply(
                keys=[_prefix(brand)],
                args=[
                    after,
                    upto.seq,
                    upto.log_hash.hex() if upto.log_hash else "",
                    orjson.dumps(operations),
                    _SHAPE,
                    limits.VELOCITY_KEEP_SECONDS,
                    limits.VELOCITY_ORDERS_MAX,
                    limits.WIRE_INTERVALS_MAX,
                ],
            )
        )

    async def features(self, brand: str, seqs: Sequence[int]) -> dict[int, dict[str, int]]:
        """Counters as they were when the orders with these numbers were counted."""
        if not seqs:
            return {}
        found = await self._redis.hmget(f"{_prefix(brand)}:f", [str(seq) for seq in seqs])
        return {seq: orjson.loads(text) for seq, text in zip(seqs, found, strict=True) if text is not None}

    async def forget_features(self, brand: str) -> None:
        """Drop kept counters; only under the lock of the books, once every decision that needed them is durable."""
        await self._redis.delete(f"{_prefix(brand)}:f")

    async def forget(self, brand: str) -> None:
        """Drop everything the wire holds of a brand; it is built anew from the log."""
        async for key in self._redis.scan_iter(match=f"{_prefix(brand)}:*", count=1_000):
            await self._redis.unlink(key)

    async def ping(self) -> None:
        """Raise one of WireAway when Redis does not answer."""
        await self._redis.ping()


def _script(name: str) -> str:
    """A script behind the functions both share."""
    return (_SCRIPTS / "shared.lua").read_text() + (_SCRIPTS / f"{name}.lua").read_text()


def _prefix(brand: str) -> str:
    return f"trefoil:{{{brand}}}"

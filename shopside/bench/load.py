"""Load on an HTTP endpoint: a closed loop to find what it can take, an open loop to time it fairly.

The open loop keeps a schedule fixed beforehand and counts each latency from the *scheduled* moment, so that a stalled
server cannot hide its stall by being asked less. The client is bare: HTTP/1.1 over kept-open sockets.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil


@dataclass(frozen=True, slots=True)
class Slice:
    """What one stretch of load measured; latencies in milliseconds, CPU in microseconds per request."""

    requests: int
    failures: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    cpu_all_us: float  # with the stores it asked


class Connection:
    """One kept-open HTTP/1.1 connection."""

    def __init__(self, host: str, port: int, head: bytes) -> None:
        self._host = host
        self._port = port
        self._head = head

    @classmethod
    async def open(cls, url: str, key: str) -> "Connection":
        """Connect to the host of a URL; ``key`` is sent as the bearer token."""
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        head = f"Host: {parts.netloc}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        made = cls(parts.hostname, parts.port, head.encode())
        await made._connect()
        return made

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of the answer. A server that hung up while nothing was asked is called again."""
        try:
            return await self._ask(method, path, body)
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            await self._connect()
            return await self._ask(method, path, body)

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def _ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        start = f"{method} {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n".encode()
        self._writer.write(start + self._head + b"\r\n" + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lowered = head.lower()
        at = lowered.index(b"content-length:") + len(b"content-length:")
        length = int(lowered[at : lowered.index(b"\r\n", at)])
        return int(head[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint under load: where it is, which process answers and which stores it leans on."""

    name: str
    url: str
    path: str
    key: str
    pid: int
    store_pids: Sequence[int] = ()


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU used so far by these processes and their children."""
    total = 0.0
    for pid in pids:
        process = psutil.Process(pid)
        for part in (process, *process.children(recursive=True)):
            try:
                times = part.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
    return total


async def connections(target: Target, count: int) -> list[Connection]:
    """Several connections to one target."""
    return [await Connection.open(target.url, target.key) for _ in range(count)]


async def saturate(target: Target, bodies: Callable[[], bytes], *, seconds: float, clients: int) -> Slice:
    """A closed loop: every client asks again as soon as it was answered."""
    opened = await connections(target, clients)
    stop_at = time.perf_counter() + seconds
    seen: list[tuple[float, int]] = []

    async def client(connection: Connection) -> None:
        while time.perf_counter() < stop_at:
            began = time.perf_counter()
            status, _ = await connection.ask("POST", target.path, bodies())
            seen.append((time.perf_counter() - began, status))

    measured = await _measured(target, seen, asyncio.gather(*map(client, opened)))
    for connection in opened:
        connection.close()
    return measured


async def open_loop(
    target: Target, bodies: Callable[[], bytes], *, per_second: float, seconds: float, clients: int = 32
) -> Slice:
    """Requests on a fixed schedule, whether or not earlier ones were answered."""
    opened = await connections(target, clients)
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in opened:
        idle.put_nowait(connection)
    seen: list[tuple[float, int]] = []

    async def fire(scheduled: float, body: bytes) -> None:
        connection = await idle.get()
        status, _ = await connection.ask("POST", target.path, body)
        seen.append((time.perf_counter() - scheduled, status))
        idle.put_nowait(connection)

    async def schedule() -> None:
        began = time.perf_counter() + 0.05
        asked = []
        for number in range(int(per_second * seconds)):
            due = began + number / per_second
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            asked.append(asyncio.create_task(fire(due, bodies())))
        await asyncio.gather(*asked)

    measured = await _measured(target, seen, schedule())
    for connection in opened:
        connection.close()
    return measured


async def _measured(
    target: Target, seen: list[tuple[float, int]], work: "asyncio.Future[list[None]] | Coroutine[None, None, None]"
) -> Slice:
    stores = [target.pid, *target.store_pids]
    cpu, cpu_all, began = cpu_seconds([target.pid]), cpu_seconds(stores), time.perf_counter()
    await work
    spent = time.perf_counter() - began
    cpu, cpu_all = cpu_seconds([target.pid]) - cpu, cpu_seconds(stores) - cpu_all
    latencies = sorted(latency for latency, _ in seen)
    return Slice(
        requests=len(seen),
        failures=sum(status != 200 for _, status in seen),
        per_second=len(seen) / spent,
        p50_ms=statistics.median(latencies) * 1e3,
        p99_ms=latencies[int(len(latencies) * 0.99)] * 1e3,
        cpu_us=cpu / len(seen) * 1e6,
        cpu_all_us=cpu_all / len(seen) * 1e6,
    )

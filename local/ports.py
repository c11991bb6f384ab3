"""Free loopback ports that stay free: remembered ones are used again while nobody else took them."""

import random
import socket
import time
from collections.abc import Container

# Below the range from which Linux takes ports for outgoing connections (32768 and up), so that a port that is
# remembered while its service is down is not handed to somebody's outgoing connection meanwhile.
_FIRST, _LAST = 20_000, 31_999
_DYING_SECONDS = 1.0


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def becomes_free(port: int) -> bool:
    """Whether a port is free, or becomes so while whoever held it finishes dying."""
    deadline = time.monotonic() + _DYING_SECONDS
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_port(taken: Container[int] = ()) -> int:
    """A free loopback port outside ``taken``; chance keeps two folders that start together apart."""
    chance = random.SystemRandom()
    while True:
        port = chance.randint(_FIRST, _LAST)
        if port not in taken and is_free(port):
            return port


def answers(port: int, host: str = "127.0.0.1", timeout_seconds: float = 0.5) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout_seconds):
            return True
    except OSError:
        return False

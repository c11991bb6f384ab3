"""Where the generators of clients are, and what a generated client is given."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.house.sources import ROOT
from tests.platform import Running, Shop

HERE: Final = Path(__file__).parent
TOOLS: Final = ROOT / ".venv" / "clients" / "bin"
"""An environment of their own, made by ``make test``: a generator needs other versions than the platform does."""


async def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What a program says that must succeed; the generators' own programs are found first."""
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=cwd,
        env={**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", **(env or {})},
        capture_output=True,
        text=True,
    )
    said: str = done.stdout + done.stderr
    assert done.returncode == 0, said[-6_000:]
    return said


async def document_of(shop: Shop, folder: Path) -> Path:
    """The document as the running API gives it, as a file."""
    answer = await shop.call("GET", "/openapi.json", None)
    path = folder / "openapi.json"
    path.write_bytes(answer.content)
    return path


def journey_arguments(installation: Running, shop: Shop) -> tuple[str, ...]:
    """What every journey is started with: where the API is, and keys of three roles."""
    return (installation.url, *(shop.keys[role] for role in ("pipeline", "operator", "finance")))

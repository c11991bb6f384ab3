"""What the evidence room declares: nothing of the log; a seal of every brand, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brands.clock import InstallationClock
from core.stores.postgres import Postgres
from events.room import Job, Progress, Room
from evidence.seal import seal
from privacy.keyring import Keyring

_SEAL_EVERY_SECONDS = 24 * 3600.0
"""What was removed from the end is found where it was there at the seal before: within a day."""


def evidence_room(postgres: Postgres, keyring: Keyring, clock: InstallationClock) -> Room:
    """The room over open parts."""

    async def seal_brand(brand: str, _: Mapping[str, Any], __: Progress) -> dict[str, int]:
        """Seal a brand as it stands."""
        await seal(postgres, keyring, brand, await clock.now())
        return {"count": 1}

    return Room(name="evidence", jobs=(Job("seal", seal_brand, every_seconds=_SEAL_EVERY_SECONDS),))

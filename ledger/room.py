"""What the ledger room declares."""

from __future__ import annotations

from functools import partial

from brands.clock import InstallationClock
from core.stores.postgres import Postgres
from events.room import Job, Room
from events.shop import LEDGER
from ledger.contracts import CONTRACTS
from ledger.flows.seed import seed
from ledger.flows.settle import settle_due
from ledger.reactions import Booking

_SETTLE_EVERY_SECONDS = 15
"""Orders that fall due settle within this time without being asked."""


def ledger_room(postgres: Postgres, clock: InstallationClock) -> Room:
    """The room over open parts."""
    return Room(
        name="ledger",
        contracts=CONTRACTS,
        stages={LEDGER: (Booking(),)},
        jobs=(Job("settle", partial(settle_due, postgres, clock), every_seconds=_SETTLE_EVERY_SECONDS, timed=True),),
        seed=seed,
    )

"""What the risk room declares."""

from __future__ import annotations

from functools import partial

from brands.clock import InstallationClock
from core.stores.postgres import Postgres
from events.contract import Contracts
from events.room import Job, Room
from events.shop import LEDGER
from risk.contracts import CONTRACTS
from risk.flows.rebuild import rebuild_wire
from risk.flows.rulebooks import Rulebooks, seed
from risk.reactions import Deciding, FollowingWire, Listing
from risk.store.wire import Wire


def risk_room(
    postgres: Postgres, wire: Wire, rulebooks: Rulebooks, clock: InstallationClock, contracts: Contracts
) -> Room:
    """The room over open parts. Its stages stand before the ledger's, in one transaction: money depends on them."""
    following = FollowingWire(wire, contracts, clock)
    return Room(
        name="risk",
        contracts=CONTRACTS,
        stages={LEDGER: (following, Listing(), Deciding(wire, rulebooks, clock))},
        jobs=(Job("rebuild_wire", partial(rebuild_wire, postgres, wire, following)),),
        seed=seed,
    )

"""What the ledger of a new brand starts with."""

from datetime import datetime

from core.stores.postgres import Connection
from ledger.domain.plan import DEFAULT_DOCUMENT
from ledger.store import plans

_PERSON = "system"


async def seed(conn: Connection, brand: str, at: datetime) -> None:  # noqa: ARG001 - a seed of any room
    """Publish the default plan as version 1 unless the brand has it; in a transaction open for the brand."""
    await plans.seed(conn, DEFAULT_DOCUMENT, _PERSON, at)

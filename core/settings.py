"""What a process of the platform must be told: where its stores are and which clock it lives by.

Read by the composition root only; every other room gets what it needs as an argument.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Addresses, keys and modes of one installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    postgres_url: str
    redis_url: str
    neo4j_url: str
    neo4j_user: str
    neo4j_password: str
    api_url: str = ""
    master_key: bytes
    clock: Literal["real", "simulated"] = "real"


def read_settings(data: Path) -> Settings:
    """The settings kept in a data folder (``services.json``, ``settings.json``, ``master.key``).

    Raises FileNotFoundError when the folder was never prepared by ``trefoil up``.
    """
    services = json.loads((data / "services.json").read_text())
    remembered = json.loads((data / "settings.json").read_text())
    return Settings(
        data=data,
        postgres_url=services["postgres"]["url"],
        redis_url=services["redis"]["url"],
        neo4j_url=services["neo4j"]["url"],
        neo4j_user=services["neo4j"]["user"],
        neo4j_password=services["neo4j"]["password"],
        api_url=services.get("api", {}).get("url", ""),
        master_key=bytes.fromhex((data / "master.key").read_text().strip()),
        clock=remembered["clock"],
    )

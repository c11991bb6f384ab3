"""Every setting of an installation, said once: its name, type, default and meaning.

A setting is named in the environment of a start (``TREFOIL_`` and its name in capitals). The data folder remembers it
in ``settings.json``, so that later starts and all processes go on with it. Read by the installation and the
composition root; every other room gets what it needs as an argument.

Three more variables belong to a machine, not to an installation, and are not remembered: ``TREFOIL_DATA`` (the data
folder of a command), ``TREFOIL_CACHE`` (where jars are kept) and ``TREFOIL_UNROOT`` (how root runs Postgres).
"""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

Clock = Literal["real", "simulated"]

PREFIX = "TREFOIL_"


class WrongSetting(Exception):
    """A variable of the environment has a value that its setting cannot have; the message names it."""


class Settings(BaseModel):
    """What may be chosen for an installation and stays chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    clock: Clock = "real"
    """The machine's time, or one that starts at the first event and moves on command; kept after the first start."""
    postgres_url: str | None = None
    """Address of a Postgres of your own, as an owner who may create roles; none: an embedded one."""
    redis_url: str | None = None
    """Address of a Redis or Valkey of your own; none: an embedded one."""
    neo4j_url: str | None = None
    """Address of a Neo4j of your own, also of a cluster (``neo4j://``); none: an embedded one."""
    neo4j_user: str = "neo4j"
    """Who signs in to a Neo4j of your own."""
    neo4j_password: str = ""
    """With which password."""
    kafka: bool = False
    """An embedded Kafka too, where no address of one is given; events may then come by topic."""
    kafka_bootstrap: str | None = None
    """Addresses of a Kafka of your own, ``host:port``, commas between them; none, nor an embedded one: no topics."""
    api_url: str | None = None
    """Where the API listens and is found; none: a free port of this machine, for this machine only."""

    metrics_token: str | None = None
    """The token with which ``/metrics`` may be fetched; none: only with the key of the installation's admin."""

    def address(self, store: str) -> str | None:
        """The address that replaces an embedded store, if one was given."""
        address: str | None = getattr(self, f"{store}_url")
        return address


class ProcessSettings(Settings):
    """The settings as a process of the platform needs them: every part has an address, embedded or not."""

    data: Path
    postgres_url: str
    redis_url: str
    neo4j_url: str
    api_url: str = ""
    master_key: bytes


class _Environment(Settings, BaseSettings):
    """The same settings, as far as the environment names them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)


def named_in_environment() -> dict[str, Any]:
    """The settings that the environment names, and no others. Raises WrongSetting."""
    try:
        return _Environment().model_dump(exclude_unset=True)
    except ValidationError as error:
        told = [f"{PREFIX}{str(found['loc'][0]).upper()}: {found['msg']}" for found in error.errors()]
        raise WrongSetting("; ".join(told)) from None


def remembered(data: Path) -> Settings:
    """The settings that a data folder remembers; the defaults when it was never started."""
    try:
        return Settings.model_validate_json((data / "settings.json").read_bytes())
    except FileNotFoundError:
        return Settings()


def read_settings(data: Path) -> ProcessSettings:
    """What a data folder tells a process (``services.json``, ``settings.json``, ``master.key``).

    Raises FileNotFoundError when the folder was never prepared by ``trefoil up``.
    """
    services = json.loads((data / "services.json").read_text())
    chosen = json.loads((data / "settings.json").read_text())
    found = {
        "data": data,
        "kafka_bootstrap": services.get("kafka", {}).get("url"),
        "postgres_url": services["postgres"]["url"],
        "redis_url": services["redis"]["url"],
        "neo4j_url": services["neo4j"]["url"],
        "neo4j_user": services["neo4j"]["user"],
        "neo4j_password": services["neo4j"]["password"],
        "api_url": services.get("api", {}).get("url", ""),
        "master_key": bytes.fromhex((data / "master.key").read_text().strip()),
    }
    return ProcessSettings.model_validate(chosen | found)

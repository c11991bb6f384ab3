"""Every setting of an installation, said once: its name, type, default and meaning.

A setting is named in the environment of a start (``TREFOIL_`` and its name in capitals). The data folder remembers it
in ``settings.json``, so that later starts and all processes go on with it. Read by the installation and the
composition root; every other room gets what it needs as an argument.

Three more variables belong to a machine, not to an installation, and are not remembered: ``TREFOIL_DATA`` (the data
folder of a command), ``TREFOIL_CACHE`` (where jars are kept) and ``TREFOIL_UNROOT`` (how root runs Postgres).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Clock = Literal["real", "simulated"]

PREFIX = "TREFOIL_"


_SCHEMES: Final = {
    "postgres_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss", "unix", "valkey", "valkeys"),
    "neo4j_url": ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"),
    "api_url": ("http", "https"),
}
_PORT_MAX: Final = 65_535


class WrongSetting(Exception):
    """What was chosen by command, environment or file cannot be; the message says in one line what and where."""


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

    @field_validator(*_SCHEMES)
    @classmethod
    def _is_address(cls, value: str | None, info: Any) -> str | None:
        if value:
            found = urlsplit(value)
            schemes = _SCHEMES[info.field_name]
            if found.scheme not in schemes or not (found.hostname or found.path):
                raise ValueError(f"an address begins with {schemes[0]}:// and names a host")
            if found.port == 0:
                raise ValueError("a port is a number from 1 to 65535")
        return value

    @field_validator("kafka_bootstrap")
    @classmethod
    def _is_host_and_port(cls, value: str | None) -> str | None:
        for address in value.split(",") if value else ():
            host, _, port = address.strip().rpartition(":")
            if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= _PORT_MAX:
                raise ValueError("write host:port, with commas between several")
        return value

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
        told = [f"{PREFIX}{str(found['loc'][0]).upper()}: {_words(found)}" for found in error.errors()]
        raise WrongSetting("; ".join(told)) from None


def data_folder(given: Path) -> Path:
    """The data folder of a command, ``~`` written out; it need not be there yet. Raises WrongSetting."""
    try:
        data = given.expanduser()
    except RuntimeError:
        raise WrongSetting(f"{given}: there is no such user's home") from None
    if data.exists() and not data.is_dir():
        raise WrongSetting(f"{data} is not a folder: --data names the folder of an installation")
    return data


def remembered(data: Path) -> Settings:
    """The settings that a data folder remembers; the defaults when it was never started. Raises WrongSetting."""
    path = data / "settings.json"
    try:
        with whole(path):
            return Settings.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Settings()


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Reads a file that the platform wrote: what it does not understand of it is a WrongSetting."""
    try:
        yield
    except ValidationError as error:
        found = error.errors()[0]
        told = ".".join(map(str, found["loc"]))
        raise WrongSetting(f"{path} is broken: {told + ': ' if told else ''}{_words(found)}") from None
    except KeyError as error:
        raise WrongSetting(f"{path} is broken: it has no {error}") from None
    except (ValueError, TypeError, AttributeError):
        raise WrongSetting(f"{path} is broken: it is not what the platform wrote") from None


def _words(found: Any) -> str:
    return str(found["msg"]).removeprefix("Value error, ")


def read_settings(data: Path) -> ProcessSettings:
    """What a data folder tells a process (``services.json``, ``settings.json``, ``master.key``).

    Raises FileNotFoundError when the folder was never prepared by ``trefoil up``, and WrongSetting.
    """
    addresses, key = data / "services.json", data / "master.key"
    with whole(addresses):
        services = json.loads(addresses.read_text())
        found = {
            "data": data,
            "kafka_bootstrap": services.get("kafka", {}).get("url"),
            "postgres_url": services["postgres"]["url"],
            "redis_url": services["redis"]["url"],
            "neo4j_url": services["neo4j"]["url"],
            "neo4j_user": services["neo4j"]["user"],
            "neo4j_password": services["neo4j"]["password"],
            "api_url": services.get("api", {}).get("url", ""),
        }
    with whole(key):
        found["master_key"] = bytes.fromhex(key.read_text().strip())
    chosen = remembered(data).model_dump(exclude_unset=True)
    with whole(addresses):
        return ProcessSettings.model_validate(chosen | found)

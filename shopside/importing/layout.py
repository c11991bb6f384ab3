"""Column maps: what the columns of an export mean. A map is a TOML file; two are ready, anyone can write more."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shopside.importing.amounts import exponent_of
from shopside.importing.findings import Unusable

_READY: Final = Path(__file__).parent / "maps"
_DELIMITERS: Final = ",;\t"


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Headings of a column: the first one that a file has, and of these the first that a row fills, counts."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Strict):
    """Which headings hold what. Required: the order, its time, product, quantity and price."""

    order_id: Names
    placed_at: Names
    product_id: Names
    quantity: Names
    unit_price: Names
    buyer_id: Names = ()
    buyer_email: Names = ()
    phone: Names = ()
    status: Names = ()
    paid_at: Names = ()
    completed_at: Names = ()
    cancelled_at: Names = ()
    currency: Names = ()
    subtotal: Names = ()
    freight: Names = ()
    refunded: Names = ()
    category: Names = ()
    line_discount: Names = ()
    promoter_id: Names = ()
    link_code: Names = ()
    device_id: Names = ()
    ip: Names = ()
    region: Names = ()
    province: Names = ()
    city: Names = ()
    county: Names = ()
    detail: Names = ()


_REQUIRED: Final = ("order_id", "placed_at", "product_id", "quantity", "unit_price")


class Layout(_Strict):
    """A column map; docs/guides/import.md explains every key."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    columns: Columns
    currency: str | None = None
    time_zone: str = "Asia/Shanghai"
    time_formats: Annotated[tuple[str, ...], Field(min_length=1)] = ("%Y-%m-%d %H:%M:%S",)
    encoding: str | None = None
    channel: str = "import"
    category: str = ""
    order_id_prefix: str = ""
    cancellation_prefix: str = ""
    freight_products: tuple[str, ...] = ()
    ignored_products: tuple[str, ...] = ()
    paid_statuses: tuple[str, ...] = ()
    completed_after_days: Annotated[int, Field(ge=0, le=365)] | None = None
    pad: dict[str, Annotated[int, Field(ge=1, le=64)]] = {}

    def zone(self) -> ZoneInfo:
        """The zone of times that name none."""
        return ZoneInfo(self.time_zone)


Places = dict[str, tuple[int, ...]]
"""For each field of a map, the positions of its columns in the file at hand."""


def read_layout(name_or_path: str) -> Layout:
    """A ready map by its name, or a TOML file; raises Unusable."""
    path = _READY / f"{name_or_path}.toml"
    if not path.is_file():
        path = Path(name_or_path)
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        layout = Layout.model_validate(content)
        layout.zone()
        if layout.currency is not None:
            exponent_of(layout.currency)
    except FileNotFoundError:
        ready = ", ".join(sorted(file.stem for file in _READY.glob("*.toml")))
        raise Unusable(f"there is no map {name_or_path}: name a TOML file or one of {ready}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise Unusable(f"map {name_or_path}: {where}: {first['msg']}") from None
    except ZoneInfoNotFoundError:
        raise Unusable(f"map {name_or_path}: there is no time zone {layout.time_zone} on this machine") from None
    except (OSError, ValueError) as error:
        raise Unusable(f"map {name_or_path}: {error}") from None
    return layout


def delimiter_of(heading: str) -> str:
    """The character between columns: the comma, semicolon or tab that the first line holds most of."""
    return max(_DELIMITERS, key=heading.count)


def find_places(layout: Layout, headings: list[str]) -> Places:
    """Where each field stands in a file with these headings; raises Unusable when a required one is missing."""
    positions = {heading.strip().casefold(): index for index, heading in reversed(list(enumerate(headings)))}
    places: Places = {}
    for field in Columns.model_fields:
        names: tuple[str, ...] = getattr(layout.columns, field)
        places[field] = tuple(positions[name.casefold()] for name in names if name.casefold() in positions)
        if field in _REQUIRED and not places[field]:
            raise Unusable(f"the file has no column {' or '.join(names)} ({field} of map {layout.name})")
    return places

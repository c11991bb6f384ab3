"""Maps: what the columns of an export mean and how its file is laid out. Two are ready, anyone can write more."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from core.limits import IMPORT_PREAMBLE_LINES_MAX
from shopside.importing.amounts import DecimalSign, exponent_of
from shopside.importing.findings import Unusable
from shopside.importing.times import ZONE_WORD, UnknownZone, zone_named

_READY: Final = Path(__file__).parent / "maps"


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _spelled(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Names = Annotated[tuple[str | tuple[str, ...], ...], BeforeValidator(_listed)]
"""Headings of a column: the first one that a row fills counts. A list among them is read as one text, with blanks."""
Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Constant = Annotated[str, BeforeValidator(_spelled)]
PerLine = Literal["freight", "refunded"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Strict):
    """Which headings hold what. Orders need a number, a time, a product, a quantity, and a price or a line's total."""

    order_id: Names = ()
    placed_at: Names = ()
    product_id: Names = ()
    quantity: Names = ()
    unit_price: Names = ()
    line_total: Names = ()
    buyer_id: Names = ()
    buyer_email: Names = ()
    phone: Names = ()
    status: Names = ()
    paid_at: Names = ()
    completed_at: Names = ()
    cancelled_at: Names = ()
    time_zone: Names = ()
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


_REQUIRED: Final = ("order_id", "placed_at", "product_id", "quantity")


class Condition(_Strict):
    """Rows whose cell under one heading says something; one of the three ways to say what."""

    column: str
    equals: Words | None = None
    differs_from: Words | None = None
    begins_with: Words | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.equals, self.differs_from, self.begins_with)) != 1:
            raise ValueError("say one of equals, differs_from, begins_with")
        return self

    def holds(self, cell: str) -> bool:
        """Does a cell, without blanks around it, meet the condition?"""
        text = cell.casefold()
        if self.equals is not None:
            return any(text == word.casefold() for word in self.equals)
        if self.differs_from is not None:
            return all(text != word.casefold() for word in self.differs_from)
        return any(text.startswith(word.casefold()) for word in self.begins_with or ())


class RefundRows(Condition):
    """Rows that give money back on one line of an order: which they are, and the headings that only they use."""

    refund_id: Names
    amount: Names
    order_id: Names = ()
    refunded_at: Names = ()


class Layout(_Strict):
    """A map; docs/guides/import.md explains every key."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    columns: Columns
    constants: dict[str, Constant] = {}
    currency: str | None = None
    time_zone: str = "Asia/Shanghai"
    time_formats: Annotated[tuple[str, ...], Field(min_length=1)] = ("%Y-%m-%d %H:%M:%S",)
    zones: dict[str, str] = {}
    decimal_sign: DecimalSign | None = None
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    sheet: str | None = None
    skip_lines: Annotated[int, Field(ge=0, le=IMPORT_PREAMBLE_LINES_MAX)] = 0
    find_headings: bool = False
    heading_lines: Annotated[int, Field(ge=1, le=2)] = 1
    footer: Words = ()
    strip: str = ""
    fill_down: tuple[str, ...] = ()
    skip: tuple[Condition, ...] = ()
    refund_rows: RefundRows | None = None
    per_line: tuple[PerLine, ...] = ()
    channel: str = "import"
    category: str = ""
    order_id_prefix: str = ""
    cancellation_prefix: str = ""
    freight_products: tuple[str, ...] = ()
    ignored_products: tuple[str, ...] = ()
    paid_statuses: tuple[str, ...] = ()
    completed_after_days: Annotated[int, Field(ge=0, le=365)] | None = None
    phone_region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    pad: dict[str, Annotated[int, Field(ge=1, le=64)]] = {}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for key, fields in (("constants", self.constants), ("fill_down", self.fill_down), ("pad", self.pad)):
            for field in fields:
                if field not in Columns.model_fields:
                    raise ValueError(f"{key}: {field} is no field; known are {', '.join(Columns.model_fields)}")
        for field in _REQUIRED:
            if not getattr(self.columns, field) and field not in self.constants:
                raise ValueError(f"columns.{field}: name its heading, or its value under [constants]")
        if bool(self.columns.unit_price) == bool(self.columns.line_total):
            raise ValueError("columns: name the heading of either unit_price or line_total")
        for time_format in self.time_formats:
            if ZONE_WORD in time_format.removesuffix(ZONE_WORD):
                raise ValueError(f"time_formats: {ZONE_WORD} stands last, not in {time_format!r}")
        for word, meaning in self.zones.items():
            try:
                zone_named(meaning)
            except UnknownZone:
                raise ValueError(f"zones.{word}: {meaning} is no name such as Asia/Shanghai and no offset") from None
        if self.currency is not None:
            exponent_of(self.currency)
        return self

    def zone(self) -> ZoneInfo:
        """The zone of times that name none."""
        return ZoneInfo(self.time_zone)


Places = dict[str, tuple[tuple[int, ...], ...]]
"""For each field of a map, where its columns stand in the file at hand; a column of several headings has several."""


def read_layout(name_or_path: str) -> Layout:
    """A ready map by its name, or a TOML file; raises Unusable."""
    path = map_file(name_or_path)
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        layout = Layout.model_validate(content)
        layout.zone()
    except FileNotFoundError:
        ready = ", ".join(sorted(file.stem for file in _READY.glob("*.toml")))
        raise Unusable(f"there is no map {name_or_path}: name a TOML file or one of {ready}") from None
    except ValidationError as error:
        raise Unusable(f"map {name_or_path}: {_told(error)}") from None
    except ZoneInfoNotFoundError:
        raise Unusable(f"map {name_or_path}: there is no time zone {content['time_zone']} on this machine") from None
    except (OSError, ValueError) as error:
        raise Unusable(f"map {name_or_path}: {error}") from None
    return layout


def map_file(name_or_path: str) -> Path:
    """Where a map lies: a ready one by its name, else the file."""
    path = _READY / f"{name_or_path}.toml"
    return path if path.is_file() else Path(name_or_path)


def find_places(layout: Layout, headings: list[str]) -> Places:
    """Where each field stands in a file with these headings.

    Raises Unusable when a needed column is missing, or stands twice.
    """
    places = {
        field: _positions(getattr(layout.columns, field), headings, f"{field} of map {layout.name}")
        for field in Columns.model_fields
    }
    for field in (*_REQUIRED, "unit_price", "line_total"):
        names = getattr(layout.columns, field)
        if names and not places[field] and field not in layout.constants:
            raise Unusable(f"the file has no column {_either(names)} ({field} of map {layout.name})")
    return places


def has_columns(layout: Layout, headings: list[str]) -> bool:
    """Are these the headings that the map needs?"""
    known = set(map(heading_key, headings))
    return all(
        any(all(heading_key(part) in known for part in _parts(name)) for name in names)
        for field in (*_REQUIRED, "unit_price", "line_total")
        if (names := getattr(layout.columns, field))
    )


def position_of(names: Names, headings: list[str], what: str) -> tuple[tuple[int, ...], ...]:
    """Where one column stands that the map needs for something; raises Unusable when it is missing or stands twice."""
    positions = _positions(names, headings, what)
    if not positions:
        raise Unusable(f"the file has no column {_either(names)} ({what})")
    return positions


def heading_key(heading: str) -> str:
    """Headings are the same whatever their case and the blanks around them."""
    return heading.strip().strip("\ufeff").casefold()


def _positions(names: Names, headings: list[str], what: str) -> tuple[tuple[int, ...], ...]:
    keys = [heading_key(heading) for heading in headings]
    found = []
    for name in names:
        wanted = [heading_key(part) for part in _parts(name)]
        if all(key in keys for key in wanted):
            for key in wanted:
                if keys.count(key) > 1:
                    raise Unusable(f"the heading {key} stands {keys.count(key)} times ({what}): rename what is not it")
            found.append(tuple(keys.index(key) for key in wanted))
    return tuple(found)


def _parts(name: str | tuple[str, ...]) -> tuple[str, ...]:
    return (name,) if isinstance(name, str) else name


def _either(names: Names) -> str:
    return " or ".join(" + ".join(_parts(name)) for name in names)


def _told(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    return f"{where} is no key; known here are {', '.join(_known(first['loc'][:-1]))}"


def _known(steps: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Layout
    for step in steps:
        if isinstance(step, str):
            model = next(one for one in _models(model.model_fields[step].annotation))
    return sorted(model.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]

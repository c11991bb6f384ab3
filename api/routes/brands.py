"""Brands of the installation."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import Request
from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from api.answers.brands import BrandMade, Brands
from api.auth import caller
from api.document import gives
from api.once import keyed_print
from api.platform import platform
from api.scoped import owner, roles, router
from brands.brands import list_brands
from core.errors import Refusal
from events.fields import BRAND_PATTERN, Strict, example

routes = router("brands")


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("literal_error", "name a time zone of the IANA database, such as Asia/Shanghai")
    return name


class NewBrand(Strict):
    """A brand to be made; its name stands in every key, so it is short and plain."""

    model_config = example(brand="leaf", currency="CNY", time_zone="Asia/Shanghai")

    brand: Annotated[str, StringConstraints(pattern=BRAND_PATTERN)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "CNY"
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"


@routes.get("/v1/brands", summary="Brands the caller may see", **gives(Brands), **roles())
async def list_visible_brands(request: Request) -> dict[str, Any]:
    found = await list_brands(platform(request).postgres)
    mine = next(b for b in found if b.brand == caller(request).brand)
    shown = found if mine.owns_installation else [mine]
    items = [
        {"brand": b.brand, "currency": b.currency, "time_zone": b.time_zone, "created_at": b.created_at} for b in shown
    ]
    return {"items": items, "next_cursor": None}


@routes.post(
    "/v1/brands",
    status_code=201,
    summary="Make a brand; its keys are shown once",
    **gives(BrandMade, {409: ["brand_exists"]}),
    **owner(secrets=("keys",)),
)
async def make_brand(request: Request, new: NewBrand) -> dict[str, Any]:
    parts = platform(request)
    made_by, at = await keyed_print(request, caller(request)), await parts.clock.now()
    try:
        keys = await parts.brands.add(new.brand, new.currency, new.time_zone, at, made_by=made_by)
    except Refusal as refusal:
        if refusal.code != "brand_exists" or made_by is None or await parts.brands.maker(new.brand) != made_by:
            raise
        return {"brand": new.brand, "shown": "once"}  # made before by this request, whose answer was lost
    return {"brand": new.brand, "keys": keys}

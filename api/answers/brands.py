"""Brands of the installation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.answers.fields import Answer, At, Page, shown


class Brand(Answer):
    """One brand."""

    model_config = shown(brand="leaf", currency="CNY", time_zone="Asia/Shanghai", created_at="2026-11-01T00:00:00Z")

    brand: str
    """Its name, which stands in every key."""
    currency: str
    """ISO 4217; every ``_fen`` of the brand is a hundredth of it."""
    time_zone: str
    """Of the IANA database; its business days begin and end there."""
    created_at: At


class Brands(Page):
    """Brands the caller may see."""

    items: list[Brand]


class BrandMade(Answer):
    """A new brand with its keys, shown this once."""

    model_config = shown(brand="leaf", keys={"pipeline": "tf_leaf_pipeline_…", "admin": "tf_leaf_admin_…"})

    brand: str
    keys: dict[str, str] = Field(default_factory=dict)
    """By person: the role, and ``2`` behind it for a second person of that role. Not in an answer given again."""
    shown: Literal["once"] = "once"
    """In place of the keys, in an answer given again."""

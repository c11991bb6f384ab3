"""The fields of which answers are made, and the model they stand in.

The document adds the unit to every field by the end of its name (``api/document.py``), so a field here says only what
its value means.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from core.clock import iso


class Answer(BaseModel):
    """An answer says what its model says; a docstring under a field is its description.

    One that says more is given all the same, for what it tells has happened; the tests find it (``tests/document.py``).
    """

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Nothing is said of further fields: clients must pass over them, generators would make a place for them."""
        schema = handler(core_schema)
        described = handler.resolve_ref_schema(schema)
        if described.get("additionalProperties") is True:
            del described["additionalProperties"]
        return schema


class Page(Answer):
    """A page of a list: its items in a subclass, and the way to the next page."""

    next_cursor: Annotated[str | None, Field(examples=[None])]
    """Send it as ``cursor`` for the next page; null at the end of the list."""


def _spelled(value: object) -> object:
    return iso(value) if isinstance(value, datetime) else value


At: TypeAlias = Annotated[str, BeforeValidator(_spelled), Field(json_schema_extra={"format": "date-time"})]
"""An instant, always spelled in one way."""


def shown(**fields: Any) -> ConfigDict:
    """The configuration of a model whose schema shows one answer."""
    return ConfigDict(json_schema_extra={"examples": [fields]})

"""The envelope of an event: CloudEvents 1.0."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from events.fields import TEXT_PATTERN, AnyText, Id, Instant, Text

OWN_SOURCE_PREFIX: Final = "trefoil:"
"""Sources of the platform's own; nobody else may use them."""


class Envelope(BaseModel):
    """The CloudEvents 1.0 attributes around the data; unknown attributes are kept and ignored."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, StringConstraints(pattern=TEXT_PATTERN, min_length=1, max_length=256)]
    type: Text
    time: Instant
    subject: Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=256)] | None = None
    datacontenttype: AnyText | None = None
    dataschema: AnyText | None = None
    data: dict[str, Any]

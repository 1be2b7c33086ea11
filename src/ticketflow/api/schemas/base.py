"""The bases of all schemas and the types they share."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from ticketflow.api.cursors import LONGEST as LONGEST_CURSOR
from ticketflow.clock import from_iso, to_iso

LONGEST_PAGE = 200


class In(BaseModel):
    """What a caller sends: an unknown field is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patch(In):
    """A change to some fields: those that are not sent stay as they are, so the defaults here are never used."""

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, with their values."""
        return self.model_dump(exclude_unset=True)


class Out(BaseModel):
    """What the API sends: every field, always."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def _micros(moment: object) -> object:
    return from_iso(moment) if isinstance(moment, str) else moment


def _number(sent: object) -> object:
    if isinstance(sent, str | bool):
        raise ValueError("this is no number")
    return sent


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("the text holds a NUL character")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is empty")
    return text


Moment = Annotated[
    int,
    BeforeValidator(_micros),
    PlainSerializer(to_iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time: microseconds inside, ISO 8601 in UTC on the wire."""

Text = Annotated[str, AfterValidator(_storable)]
"""Text that every database can hold."""

Words = Annotated[str, AfterValidator(_storable), AfterValidator(_not_blank), Field(min_length=1)]
"""Text that says something."""

Name = Annotated[str, AfterValidator(_storable), AfterValidator(_not_blank), Field(min_length=1, max_length=190)]
"""A short text that can be looked up."""

Flag = Annotated[bool, Field(strict=True)]
"""Yes or no in a body. JSON has types: `0` and `"no"` are neither."""

NO_TEXT = BeforeValidator(_number)
"""For bounded numbers of a body that may be null: `Annotated[int, Field(ge=1), NO_TEXT] | None`."""

Whole = Annotated[int, NO_TEXT]
"""A whole number in a body; `5.0` is one as well, `"5"` is a text, `true` a yes."""

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A number in a body, finite as JSON has it."""

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$", max_length=8)]
"""A language code such as `en`."""


class PageQuery(In):
    """Where a page starts and how long it is."""

    limit: int = Field(50, ge=1, le=LONGEST_PAGE, description="Length of the page.")
    cursor: Annotated[Words, Field(max_length=LONGEST_CURSOR)] | None = Field(
        None, description="`next_cursor` of the page before; leave it out for the first."
    )

    def filters(self) -> dict[str, Any]:
        """What the caller filters by: a cursor is good for the same filters only."""
        return self.model_dump(mode="json", exclude={"limit", "cursor"})


def example(value: dict[str, Any]) -> ConfigDict:
    """The configuration that puts an example into a schema; a test checks that it fits."""
    return ConfigDict(json_schema_extra={"examples": [value]})

"""One call of the API, before it is sent: what the generated methods make and the clients send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

T = TypeVar("T")


class Omitted(Enum):
    """What a parameter holds that was not given. None is another thing: it is sent, as null."""

    OMITTED = "omitted"

    def __repr__(self) -> str:
        return "OMITTED"


OMITTED: Final = Omitted.OMITTED


@dataclass(frozen=True)
class Upload:
    """A file to send."""

    content: bytes
    filename: str = "upload"
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request and the type of what it gives.

    path             below the server's URL, with its parameters filled in
    result           a type that pydantic reads from JSON; bytes for the body as it is; NoneType for nothing
    query            None and empty lists are not sent
    headers          None is not sent
    body             sent as JSON, unless it is OMITTED or an Upload
    form             parts of a form, with at least one Upload; None is not sent
    idempotency_key  None for one of the client's making; of use for POST alone
    """

    method: str
    path: str
    result: type[T]
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    body: Any = OMITTED
    form: Mapping[str, Any] = field(default_factory=dict[str, Any])
    idempotency_key: str | None = None


def segment(value: str) -> str:
    """An id as one segment of a path. Raises ValueError for one that would lead to another path."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} is not an id.")
    return quote(value, safe="")


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not OMITTED."""
    return {name: value for name, value in fields.items() if value is not OMITTED}


def queried(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Query parameters as they are sent: a list as often as it has items."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        several = isinstance(value, Sequence | set | frozenset) and not isinstance(value, str)
        for one in value if several else [value]:
            if one is not None:
                pairs.append((name, _text(one)))
    return pairs


def jsonable(value: Any) -> Any:
    """A body as plain JSON values. Of an object of the API, the fields that were set."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {str(name): jsonable(one) for name, one in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [jsonable(one) for one in value]
    if isinstance(value, Enum):
        return jsonable(value.value)
    return value.isoformat() if isinstance(value, date) else value


def _text(value: Any) -> str:
    plain = jsonable(value)
    return str(plain).lower() if isinstance(plain, bool) else str(plain)

"""A row as a line of JSON and back. Bytes are base64, times microseconds since 1970 UTC, everything else is itself."""

import base64
import binascii
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, String, Text

from ticketflow.archive.kinds import WORKSPACE, Kind
from ticketflow.errors import InvalidFile


def line_of(kind: Kind, row: dict[str, Any]) -> bytes:
    """A row as a line, with its end."""
    values = {column.name: _out(row[column.name]) for column in kind.columns}
    return to_json(values, inf_nan_mode="constants") + b"\n"


def row_of(kind: Kind, line: bytes, place: str, workspace_id: str) -> dict[str, Any]:
    """A line as a row of a workspace. Raises InvalidFile, with the `place`, for anything that is none."""
    try:
        values = from_json(line)
    except ValueError as error:
        raise InvalidFile(f"{place} is no JSON.") from error
    names = {column.name for column in kind.columns}
    if not isinstance(values, dict) or values.keys() != names:
        raise InvalidFile(f"{place} does not hold exactly the fields of {kind.name}: {', '.join(sorted(names))}.")
    row = {column.name: _in(column, values[column.name], place) for column in kind.columns}
    return {WORKSPACE: workspace_id, **row, **kind.standing}


def _out(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _in(column: Column[Any], value: Any, place: str) -> Any:
    if value is None and column.nullable:
        return None
    kind = column.type
    if isinstance(kind, LargeBinary) and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise InvalidFile(f"{place}: {column.name} is no base64.") from error
    fits = isinstance(value, _python(kind)) and not (isinstance(value, bool) and isinstance(kind, Integer | Float))
    longest = kind.length if isinstance(kind, String) and not isinstance(kind, Text) else None
    if not fits or (longest is not None and len(str(value)) > longest):
        raise InvalidFile(f"{place}: {column.name} holds what cannot be there.")
    return value


def _python(kind: Any) -> tuple[type, ...]:
    if isinstance(kind, JSON):
        return (object,)
    if isinstance(kind, Boolean):
        return (bool,)
    if isinstance(kind, Integer):
        return (int,)
    if isinstance(kind, Float):
        return (int, float)
    return (str,) if isinstance(kind, String) else ()

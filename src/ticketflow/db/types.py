"""Column types that the two databases keep in different ways; in Python their values are the same."""

from typing import Any, cast

import numpy as np
from pydantic_core import from_json, to_json
from sqlalchemy import JSON, Dialect, Float, LargeBinary, Text
from sqlalchemy.dialects.mysql import DOUBLE, MEDIUMBLOB, MEDIUMTEXT
from sqlalchemy.dialects.mysql.base import ischema_names
from sqlalchemy.types import TypeDecorator, UserDefinedType


def dump_json(value: Any) -> str:
    """The JSON of a column: pydantic's writer takes a fifth of the standard library's time."""
    return to_json(value, inf_nan_mode="constants").decode()


class _JsonText(TypeDecorator[Any]):
    # TiDB's own JSON type turns 1.0 into 1 and orders keys anew: a stored decision would not be the one that was made.
    impl = MEDIUMTEXT
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return dump_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else from_json(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return JSON().coerce_compared_value(op, value)  # type: ignore[no-untyped-call]


class _HalfVector(UserDefinedType[bytes]):
    # TiDB keeps float32; what is stored is rounded to float16 all the same, so that both databases rank alike.
    cache_ok = True

    def __init__(self, dimension: int | None = None) -> None:
        self.dimension = dimension

    def get_col_spec(self, **_: Any) -> str:
        return "VECTOR" if self.dimension is None else f"VECTOR({self.dimension})"

    def bind_processor(self, dialect: Dialect) -> Any:
        return lambda value: None if value is None else vector_text(value)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return lambda value: None if value is None else _half(value)


_reflected: dict[str, Any] = cast(Any, ischema_names)
_reflected.setdefault("vector", _HalfVector)  # so that a migrated schema can be compared with the tables


def _half(value: str) -> bytes:
    numbers = value[1:-1]
    return np.fromstring(numbers, np.float32, sep=",").astype("<f2").tobytes() if numbers else b""


Json = JSON().with_variant(_JsonText(), "mysql")
"""A JSON object or array that comes back exactly as it went in, numbers and the order of keys included.

A bare number does not on SQLite, where the column turns 1.0 into 1: whoever stores one gives it its type again.
"""

Vector = LargeBinary().with_variant(_HalfVector(), "mysql")
"""A vector as little-endian float16 bytes; a native vector on TiDB."""

LongText = Text().with_variant(MEDIUMTEXT(), "mysql")
"""Text of up to 16 MB."""

Real = Float(53).with_variant(DOUBLE(asdecimal=False), "mysql")
"""A Python float, all of its digits."""

Bytes = LargeBinary(1 << 20).with_variant(MEDIUMBLOB(), "mysql")
"""Up to a megabyte of anything."""


def vector_text(value: bytes) -> str:
    """A stored vector as TiDB reads and writes it, such as `[0.5,-0.25]`."""
    return "[" + ",".join(map(repr, np.frombuffer(value, "<f2").astype(np.float32).tolist())) + "]"

"""What every table is made of: the metadata with its names, and the kinds of columns.

Portable to SQLite and TiDB: ids are made by us, times are BIGINT microseconds, and `workspace_id` leads every key.
"""

from typing import Any

from sqlalchemy import Column, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(36)
Name = String(190)  # the longest text that every index of TiDB holds in utf8mb4


def required(name: str, kind: Any, **options: Any) -> Column[Any]:
    """A column that always holds a value."""
    return Column(name, kind, nullable=False, **options)


def optional(name: str, kind: Any) -> Column[Any]:
    """A column that may hold none."""
    return Column(name, kind, nullable=True)

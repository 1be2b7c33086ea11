"""Keyset pages: one row more than asked for is read, and tells whether there is a next page."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ticketflow.api.cursors import Position
from ticketflow.api.guard import Call
from ticketflow.api.schemas.base import PageQuery

Row = TypeVar("Row")


def position(calling: Call, listing: str, query: PageQuery) -> Position | None:
    """Where the asked page starts, None for the first. Raises InvalidInput for a cursor that is not this list's."""
    if query.cursor is None:
        return None
    return calling.cursors.read(calling.workspace_id, listing, query.filters(), query.cursor)


def cut(
    calling: Call, listing: str, query: PageQuery, rows: Sequence[Row], place: Callable[[Row], Position]
) -> tuple[Sequence[Row], str | None]:
    """The page and the cursor of the next, None on the last. `rows` holds up to `limit + 1`."""
    if len(rows) <= query.limit:
        return rows, None
    page = rows[: query.limit]
    return page, calling.cursors.sign(calling.workspace_id, listing, query.filters(), place(page[-1]))

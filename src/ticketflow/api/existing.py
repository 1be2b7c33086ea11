"""A conflict with an object that is there already tells the caller which one it is."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol

from ticketflow.api.guard import Call
from ticketflow.api.problems import AlreadyExists
from ticketflow.db import Session
from ticketflow.errors import Conflict


class Identified(Protocol):
    """Anything stored under an id."""

    @property
    def id(self) -> str:
        """The id the caller is told."""
        ...


@contextmanager
def existing_named(calling: Call, find: Callable[[Session], Identified | None]) -> Generator[None]:
    """Turn a Conflict of the block into AlreadyExists with the id of what `find` finds; others pass unchanged."""
    try:
        yield
    except Conflict as conflict:
        with calling.runtime.database.read() as session:
            existing = find(session)
        if existing is None:
            raise
        raise AlreadyExists(conflict, existing.id) from conflict

"""Along the event log: whoever is told of events has a position in it, which moves with what is queued for them.

Position and what is queued move in one transaction that holds whose position it is, so that a process may end at any
moment and any number of them may do this at once: no event is passed over, and none is queued twice.
"""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from ticketflow import events
from ticketflow.db import Database, Session
from ticketflow.events import Event

PAGE = 100
"""Events that are considered in one transaction."""


class Told(Protocol):
    """Somebody who is told of a workspace's events."""

    @property
    def workspace_id(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def position(self) -> int: ...

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Told)


class Follower(Generic[T]):
    """Considers new events for everybody of one kind. One a process; it remembers what concerned nobody.

    behind(session)                 whom there are new events for, each with the newest one's seq
    concerned(session, one, page)   whether any of these events may be for them
    advance(session, one)           queues what is and moves the position by up to PAGE events; whether more may follow
    """

    def __init__(
        self,
        database: Database,
        *,
        behind: Callable[[Session], list[tuple[T, int]]],
        concerned: Callable[[Session, T, Sequence[Event]], bool],
        advance: Callable[[Session, T], bool],
        checkpoint: Callable[[str], None] = lambda _point: None,
    ) -> None:
        self._database = database
        self._behind = behind
        self._concerned = concerned
        self._advance = advance
        self._checkpoint = checkpoint
        self._looked: dict[str, tuple[int, int]] = {}  # by id: its version and the last seq that was looked at

    def __call__(self) -> bool:
        """Look once; whether there is more to be considered at once."""
        with self._database.read() as session:
            behind = self._behind(session)
        left = [self._consider(found, last) for found, last in behind]
        self._looked = {found.id: self._looked[found.id] for found, _ in behind if found.id in self._looked}
        return any(left)

    def _consider(self, found: T, last: int) -> bool:
        if self._looked.get(found.id) == (found.version, last):
            return False
        with self._database.read() as session:
            page = events.after(session, found.workspace_id, found.position, PAGE)
            concerned = self._concerned(session, found, page)
        if len(page) < PAGE and not concerned:
            # Its position stays, which costs a look at some events later and saves a transaction for each now.
            self._looked[found.id] = (found.version, last)
            return False
        self._checkpoint("dispatch:before")
        with self._database.write() as session:
            more = self._advance(session, found)
            self._checkpoint("dispatch:in")
        self._checkpoint("dispatch:committed")
        return more

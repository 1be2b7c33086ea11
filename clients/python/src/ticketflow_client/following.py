"""Lists read to their end, and the event log read for ever."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from ticketflow_client.errors import ApiError, TicketFlowError, may_pass

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


class Page(Protocol[T_co]):
    """A part of a list."""

    @property
    def items(self) -> Sequence[T_co]:
        """What is on it."""
        ...

    @property
    def next_cursor(self) -> str | None:
        """Leads to the next page; None on the last."""
        ...


class LogPage(Protocol[T_co]):
    """A part of a log that grows."""

    @property
    def items(self) -> Sequence[T_co]:
        """What is on it, oldest first."""
        ...

    @property
    def next_after(self) -> int:
        """The seq after which to go on."""
        ...


def pages(fetch: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Every item of a list; a page is fetched when the items before it are used up."""
    cursor: str | None = None
    while True:
        page = fetch(cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


async def pages_async(fetch: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """See pages."""
    cursor: str | None = None
    while True:
        page = await fetch(cursor)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return


class Position:
    """Where a reader of a log stands, and how long it pauses: what the sync and the async reader share.

    after           the seq up to which everything has been handed out
    poll_seconds    pause when the log has nothing new
    outage_seconds  how long the server may be away; only after it answered once, so that a wrong address shows at once

    A server that pushes takes `after` just so (`Last-Event-ID`), and an interrupted connection is an outage like any
    other: only where items come from would change.
    """

    def __init__(
        self,
        after: int,
        poll_seconds: float,
        outage_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.after = after
        self._poll_seconds = poll_seconds
        self._outage_seconds = outage_seconds
        self._monotonic = monotonic
        self._answered = False
        self._away_since: float | None = None
        self._pause = SHORTEST_PAUSE

    def took(self, page: LogPage[object]) -> float:
        """Everything on the page was handed out; the seconds to pause before the next one."""
        self.after = page.next_after
        self._answered, self._away_since, self._pause = True, None, SHORTEST_PAUSE
        return 0.0 if page.items else self._poll_seconds

    def failed(self, error: TicketFlowError) -> float:
        """A page did not come; the seconds to pause before it is asked for again. Raises the error when it is final."""
        now = self._monotonic()
        since = self._away_since = now if self._away_since is None else self._away_since
        if not self._answered or not may_pass(error) or now - since > self._outage_seconds:
            raise error
        asked = error.retry_after if isinstance(error, ApiError) else None
        pause, self._pause = max(self._pause, asked or 0), min(self._pause * 2, LONGEST_PAUSE)
        return pause


def follow(fetch: Callable[[int], LogPage[T]], position: Position) -> Iterator[T]:
    """Every item of a log from a position on, for ever."""
    while True:
        try:
            page = fetch(position.after)
        except TicketFlowError as error:
            time.sleep(position.failed(error))
            continue
        yield from page.items
        time.sleep(position.took(page))


async def follow_async(fetch: Callable[[int], Awaitable[LogPage[T]]], position: Position) -> AsyncIterator[T]:
    """See follow."""
    while True:
        try:
            page = await fetch(position.after)
        except TicketFlowError as error:
            await asyncio.sleep(position.failed(error))
            continue
        for item in page.items:
            yield item
        await asyncio.sleep(position.took(page))

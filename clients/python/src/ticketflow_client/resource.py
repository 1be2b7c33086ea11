"""What the generated resources build on: they make calls, and a client carries them out."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

from ticketflow_client.calls import Call
from ticketflow_client.following import LogPage, Page, Position, follow, follow_async, pages, pages_async

T = TypeVar("T")


class Sender(Protocol):
    """Carries out calls."""

    def send(self, call: Call[T]) -> T:
        """What the call gives. Raises TicketFlowError."""
        ...


class AsyncSender(Protocol):
    """Carries out calls."""

    async def send(self, call: Call[T]) -> T:
        """What the call gives. Raises TicketFlowError."""
        ...


class Resource:
    """A part of the API."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def _send(self, call: Call[T]) -> T:
        return self._sender.send(call)

    def _pages(self, fetch: Callable[[str | None], Page[T]]) -> Iterator[T]:
        return pages(fetch)

    def _follow(self, fetch: Callable[[int], LogPage[T]], position: Position) -> Iterator[T]:
        return follow(fetch, position)


class AsyncResource:
    """A part of the API."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def _send(self, call: Call[T]) -> T:
        return await self._sender.send(call)

    def _pages(self, fetch: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
        return pages_async(fetch)

    def _follow(self, fetch: Callable[[int], Awaitable[LogPage[T]]], position: Position) -> AsyncIterator[T]:
        return follow_async(fetch, position)

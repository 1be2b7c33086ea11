"""One reader's way through the log: what it missed, then what comes, each event once and in the order of the commits.

A stream is a position in the log, not a queue of its own: what is not sent yet lies in the tail that all share, or in
the database. So a slow reader costs no memory, and nothing can be lost or doubled on the way from one to the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ticketflow.api.live.entries import Entry
from ticketflow.api.live.tails import Tail
from ticketflow.api.principal import Principal
from ticketflow.api.topics import Filter
from ticketflow.errors import NotReady

RESET_BEHIND = 10_000
"""Who missed more events than this is told to read anew instead."""
BATCH = 100

Pages = Callable[[str, int], Awaitable[list[Entry]]]
"""Reads the events of a workspace that follow a seq from the database."""


@dataclass(frozen=True)
class End:
    """Why a stream is over: the WebSocket's close code, and words for a person."""

    code: int
    reason: str


STOPPING = End(1012, "The server stops; come back in a moment.")
REVOKED = End(4401, "The key was revoked or has expired.")
FORBIDDEN = End(4403, "The key may not read events any more.")
TROUBLE = End(1013, "The log cannot be read now; come back in a moment.")
SLOW = End(4408, "Events were not taken fast enough; go on from the last seq.")


class Sink(Protocol):
    """Where a stream goes. Each call returns once the connection takes more."""

    async def events(self, entries: Sequence[Entry]) -> None:
        """Send events."""
        ...

    async def reset(self, seq: int) -> None:
        """Tell the reader that events up to `seq` are left out, and that it has to read the state anew."""
        ...

    async def heartbeat(self, seq: int) -> None:
        """Tell the reader that the connection lives, and that there is nothing more for it up to `seq`."""
        ...


class Stream:
    """A reader of one workspace. Lives on the event loop.

    principal      who reads; replaced when a look at its permission finds other scopes
    position       the seq up to which the reader was told everything
    sending_since  when the send under way began (the loop's time); None when none is
    """

    def __init__(self, principal: Principal, wanted: Filter, position: int, tail: Tail, pages: Pages) -> None:
        self.principal = principal
        self.wanted = wanted
        self.position = position
        self.tail = tail
        self.sending_since: float | None = None
        self.last_sent = asyncio.get_running_loop().time()
        self.ended: End | None = None
        self.task: asyncio.Task[None] | None = None
        self._pages = pages
        self._wake = asyncio.Event()
        self._beat = False

    async def run(self, sink: Sink) -> End:
        """Send until the stream is ended from outside; why it was."""
        self.task = asyncio.create_task(self._run(sink))
        try:
            await asyncio.wait({self.task})
        finally:
            self.task.cancel()  # where the connection's own task is cancelled
        if not self.task.cancelled():
            self.task.result()
        assert self.ended is not None
        return self.ended

    def end(self, why: End, *, at_once: bool = False) -> None:
        """End the stream after the send under way, or in the midst of it. The first reason stays."""
        if self.ended is None:
            self.ended = why
            self._wake.set()
            if at_once and self.task is not None:
                self.task.cancel()

    def beat(self) -> None:
        """Send a heartbeat."""
        self._beat = True
        self._wake.set()

    def told(self, fresh: Sequence[Entry]) -> None:
        """The tail has grown by `fresh`. A reader that waits and is shown none of it is not even woken."""
        waits = self.sending_since is None and self.position >= fresh[0].seq - 1
        if waits and not any(self.shows(entry) for entry in fresh):
            self.position = max(self.position, fresh[-1].seq)
        else:
            self._wake.set()

    def shows(self, entry: Entry) -> bool:
        """Whether the reader wants the event and may see it, as things stand now."""
        return entry.scope in self.principal.scopes and self.wanted.wants(entry.topic, entry.type, entry.ticket_id)

    async def _run(self, sink: Sink) -> None:
        while self.ended is None:
            self._wake.clear()
            if self.tail.seq - self.position > RESET_BEHIND:
                self.position = self.tail.seq
                await self._send(sink.reset(self.position))
            elif self.tail.seq > self.position:
                await self._go_on(sink)
                await asyncio.sleep(0)  # a send that need not wait lets nobody else have a turn
            elif self._beat:
                self._beat = False
                await self._send(sink.heartbeat(self.position))
            else:
                await self._wake.wait()

    async def _go_on(self, sink: Sink) -> None:
        found = self.tail.after(self.position, BATCH)
        end = self.tail.seq  # where nothing is found, there is nothing up to here: it has been erased
        if found is None:
            end = self.tail.floor
            try:
                found = await self._pages(self.tail.workspace_id, self.position)
            except NotReady:
                self.end(TROUBLE)
                return
        reached = found[-1].seq if found else end
        shown = [entry for entry in found if self.shows(entry)]
        if shown and self.ended is None:
            await self._send(sink.events(shown))
        self.position = reached

    async def _send(self, sending: Awaitable[None]) -> None:
        loop = asyncio.get_running_loop()
        self.sending_since = self.last_sent = loop.time()
        try:
            await sending
        finally:
            self.sending_since = None

"""All streams of this process: how many there may be, what ends them, and what they are served from.

Streams hold no worker thread and no place among the requests: they live on the event loop, and the few looks at the
database that one needs, when it begins and where it is behind, are made by two threads of their own.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog

from ticketflow import events
from ticketflow.api.live.entries import Entry
from ticketflow.api.live.standing import identity, standing
from ticketflow.api.live.stream import FORBIDDEN, RESET_BEHIND, REVOKED, SLOW, STOPPING, End, Sink, Stream
from ticketflow.api.live.tails import Tails
from ticketflow.api.principal import Principal
from ticketflow.api.scopes import Scope
from ticketflow.api.topics import Filter
from ticketflow.db import Database
from ticketflow.errors import NotReady, TicketFlowError

log = structlog.get_logger("ticketflow.live")

LOOK_SECONDS = 0.5
"""How often permissions, slow readers and heartbeats are looked at: a revoked key's streams end within a second."""
HEARTBEAT_SECONDS = 15.0
QUEUE = 256
"""A send may wait while so many events pile up behind it, at most for STALL_SECONDS."""
GRACE_SECONDS = 1.0
"""Any send may wait for so long: a burst fills a fast reader's buffers as well."""
STALL_SECONDS = 10.0
THREADS = 2

Found = TypeVar("Found")
Opened = Callable[[Stream, int], Awaitable[None]]


class TooManyStreams(TicketFlowError):
    """The key, the workspace or this process holds as many streams as it may."""

    code = "too_many_streams"
    status = 429
    retryable = True


@dataclass(frozen=True)
class Caps:
    """How many streams there may be at once. `waiting` counts WebSockets that have not said who they are."""

    process: int = 5_000
    workspace: int = 2_000
    key: int = 250
    waiting: int = 250


class Hub:
    """Opens streams and looks after them. Used on the event loop, one for each process."""

    def __init__(self, database: Database, caps: Caps | None = None) -> None:
        self.streams: set[Stream] = set()
        self._database = database
        self._caps = caps or Caps()
        self._tails = Tails(database)
        self._threads = ThreadPoolExecutor(THREADS, "live-look")
        self._held: Counter[tuple[str, str]] = Counter()
        self._looking: asyncio.Task[None] | None = None
        self._stopping = False

    async def off_loop(self, work: Callable[[], Found]) -> Found:
        """The result of work that waits for the database, done in a thread of the streams."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @contextmanager
    def waiting(self) -> Generator[None]:
        """A place for a connection that has not said yet who it is. Raises TooManyStreams, NotReady."""
        with self._place(("waiting", ""), self._caps.waiting, "Too many connections wait to say who they are."):
            yield

    @contextmanager
    def place(self, principal: Principal) -> Generator[None]:
        """A place for a stream of this caller. Raises TooManyStreams, NotReady."""
        kind, name = identity(principal)
        whose = "key" if kind == "key" else "session"
        with (
            self._place(("process", ""), self._caps.process, "This server holds as many streams as it can."),
            self._place(("workspace", principal.workspace_id), self._caps.workspace, "The workspace has too many."),
            self._place((kind, name), self._caps.key, f"The {whose} has too many."),
        ):
            yield

    async def run(self, principal: Principal, wanted: Filter, after: int | None, sink: Sink, opened: Opened) -> End:
        """Serve a reader from `after` on, or from now on, until its stream ends; why it did.

        `opened` is told the stream and the seq that it begins with, before anything is sent. Raises StorageUnavailable.
        """
        last = await self.off_loop(lambda: self._last_seq(principal.workspace_id))
        behind = after is not None and (after > last or last - after > RESET_BEHIND)
        position = last if after is None or behind else after
        tail = self._tails.follow(principal.workspace_id, last)
        stream = Stream(principal, wanted, position, tail, self._pages)
        tail.readers.add(stream.told)
        self.streams.add(stream)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_after())
        try:
            await opened(stream, position)
            if behind:  # also where the log is shorter than the reader thinks: another one was restored
                await sink.reset(position)
            return STOPPING if self._stopping else await stream.run(sink)
        finally:
            self.streams.discard(stream)
            tail.readers.discard(stream.told)
            self._tails.leave(tail)

    def close(self) -> None:
        """End every stream, and open no other one."""
        self._stopping = True
        for stream in tuple(self.streams):
            stream.end(STOPPING)

    def stop(self) -> None:
        """Give the threads back. Waits for them: not for the event loop."""
        self._tails.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _pages(self, workspace_id: str, seq: int) -> list[Entry]:
        def read() -> list[Entry]:
            with self._database.read() as session:
                return [Entry.of(event) for event in events.after(session, workspace_id, seq)]

        return await self.off_loop(read)

    def _last_seq(self, workspace_id: str) -> int:
        with self._database.read() as session:
            return events.last_seq(session, workspace_id)

    @contextmanager
    def _place(self, which: tuple[str, str], most: int, refusal: str) -> Generator[None]:
        if self._stopping:
            raise NotReady("The server stops.", remedy="Connect again in a moment.")
        if self._held[which] >= most:
            raise TooManyStreams(refusal, remedy="Close some, or share one between several readers.")
        self._held[which] += 1
        try:
            yield
        finally:
            self._held[which] -= 1
            if not self._held[which]:
                del self._held[which]

    async def _look_after(self) -> None:
        """Look at every stream again and again, as long as there are any."""
        loop = asyncio.get_running_loop()
        while self.streams:
            await asyncio.sleep(LOOK_SECONDS)
            for stream in tuple(self.streams):
                _look_at(stream, loop.time())
            try:
                await self._look_at_permissions()
            except Exception as error:  # noqa: BLE001  without these looks a revoked key would read on for ever
                log.warning("live_permissions_not_read", error=str(error).partition("\n")[0])
        self._looking = None

    async def _look_at_permissions(self) -> None:
        asked = {identity(stream.principal): stream.principal for stream in self.streams}

        def look() -> dict[tuple[str, str], Principal]:
            with self._database.read() as session:
                return standing(session, asked.values())

        found = await self.off_loop(look)
        for stream in tuple(self.streams):
            name = identity(stream.principal)
            if name in found:
                stream.principal = found[name]
                if Scope.EVENTS_READ not in stream.principal.scopes:
                    stream.end(FORBIDDEN, at_once=True)
            elif name in asked:
                stream.end(REVOKED, at_once=True)


def _look_at(stream: Stream, now: float) -> None:
    if stream.sending_since is not None:
        waited = now - stream.sending_since
        piled_up = stream.tail.seq - stream.position > QUEUE
        if waited > STALL_SECONDS or (piled_up and waited > GRACE_SECONDS):
            stream.end(SLOW, at_once=True)
    elif now - stream.last_sent >= HEARTBEAT_SECONDS:
        stream.beat()

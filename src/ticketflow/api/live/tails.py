"""The log as this process follows it: one thread looks for what is new in all followed workspaces at once.

However many streams are open, a round is one look at the logs' counters and one page of each log that has grown.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

import structlog

from ticketflow import events
from ticketflow.api.live.entries import Entry
from ticketflow.db import Database

log = structlog.get_logger("ticketflow.live")

KEPT = 1024
"""Events of a workspace that are kept in memory; who is further behind is served from the database."""
PAGE = 256
PACE_SECONDS = 0.02
"""Pause after a page: events that come close together reach a stream together."""
TROUBLE_SECONDS = 1.0
PATIENCE_SECONDS = 5.0


class Tail:
    """The newest events of one workspace. Used on the event loop alone.

    seq    the newest event that was read
    floor  every event after this seq, up to `seq`, is kept here
    """

    def __init__(self, workspace_id: str, seq: int) -> None:
        self.workspace_id = workspace_id
        self.seq = seq
        self.floor = seq
        self.readers: set[Callable[[Sequence[Entry]], None]] = set()
        self._kept: deque[Entry] = deque()

    def extend(self, entries: Sequence[Entry], seq: int) -> None:
        """Take what follows `seq`, and tell the readers. What is known already is left out."""
        fresh = [entry for entry in entries if entry.seq > self.seq]
        self._kept.extend(fresh)
        self.seq = max(self.seq, seq)
        while len(self._kept) > KEPT:
            self.floor = self._kept.popleft().seq
        if fresh:
            for reader in tuple(self.readers):
                reader(fresh)

    def after(self, seq: int, limit: int) -> list[Entry] | None:
        """The events that follow `seq`, oldest first; None when some of them are kept no more."""
        if seq >= self.seq:
            return []
        if seq < self.floor:
            return None
        # From the right: most readers want the newest few. Erased events leave gaps, hence the look at each seq.
        count = min(self.seq - seq, len(self._kept))
        newer = (entry for entry in (self._kept[place] for place in range(-count, 0)) if entry.seq > seq)
        return list(islice(newer, limit))


class Tails:
    """The tails of this process. `follow` and `leave` belong to the event loop, looks at the database to a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tails: dict[str, Tail] = {}
        self._read: dict[str, int] = {}  # the seq up to which the thread has read, by workspace
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, workspace_id: str, seq: int) -> Tail:
        """The workspace's tail; a new one begins after `seq`, a seq that the log has reached."""
        if workspace_id not in self._tails:
            self._tails[workspace_id] = Tail(workspace_id, seq)
            with self._lock:
                self._read[workspace_id] = seq
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, args=(loop,), name="live", daemon=True)
            self._thread.start()
        self._wanted.set()
        return self._tails[workspace_id]

    def leave(self, tail: Tail) -> None:
        """Follow the workspace no more, unless somebody else reads it."""
        if not tail.readers and self._tails.get(tail.workspace_id) is tail:
            del self._tails[tail.workspace_id]
            with self._lock:
                del self._read[tail.workspace_id]
                if not self._read:
                    self._wanted.clear()

    def stop(self) -> None:
        """End the thread; it is gone when this returns, unless the database keeps it waiting."""
        self._stopping.set()
        self._wanted.set()
        events.bell.ring()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopping.is_set():
            self._wanted.wait()
            rung = events.bell.rung
            try:
                grown = self._round(loop)
            except Exception as error:  # noqa: BLE001  whatever it is, streams would wait for ever without this thread
                if loop.is_closed():
                    return
                log.warning("live_events_not_read", error=str(error).partition("\n")[0])
                self._stopping.wait(TROUBLE_SECONDS)
                continue
            if grown:
                self._stopping.wait(PACE_SECONDS)
            elif not self._stopping.is_set():
                events.bell.wait(events.POLL_SECONDS, rung)

    def _round(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Hand on a page of every log that has grown; whether one has."""
        with self._lock:
            read = dict(self._read)
        with self._database.read() as session:
            newest = events.last_seqs(session, list(read))
            grown = {name: last for name, last in newest.items() if last > read[name]}
            pages = {name: events.after(session, name, read[name], PAGE) for name in grown}
        for name, page in pages.items():
            seq = page[-1].seq if page else grown[name]  # an empty one: what was there has been erased
            with self._lock:
                if name in self._read:
                    self._read[name] = seq
            self._hand_on(loop, name, [Entry.of(event) for event in page], seq)
        return bool(pages)

    def _hand_on(self, loop: asyncio.AbstractEventLoop, name: str, entries: Sequence[Entry], seq: int) -> None:
        """Wait until the readers had their turn: a burst is read at the speed at which it is sent on."""
        taken = threading.Event()

        def take() -> None:
            if name in self._tails:
                self._tails[name].extend(entries, seq)
            loop.call_soon(taken.set)  # behind the readers that were woken just now

        loop.call_soon_threadsafe(take)
        taken.wait(PATIENCE_SECONDS)

"""Live streams over the log that eight processes write: every reader gets each event once and in order."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from process_harness import in_processes, write_events
from workflow_harness import WORKSPACE, open_database

from ticketflow import events
from ticketflow.api.live.entries import Entry
from ticketflow.api.live.hub import Hub
from ticketflow.api.live.stream import STOPPING, Stream
from ticketflow.api.principal import Principal
from ticketflow.api.scopes import Scope
from ticketflow.api.topics import Filter
from ticketflow.clock import SystemClock
from ticketflow.db import Database

WRITERS, TRANSACTIONS, PER_TRANSACTION = 8, 10, 3
TOTAL = WRITERS * TRANSACTIONS * PER_TRANSACTION
READERS = 20
SECONDS = 30

WHO = Principal("key", "k", "a test", WORKSPACE, frozenset(scope.value for scope in Scope))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "live.db", SystemClock())
    yield opened
    opened.close()


class Noting:
    """A sink that notes what it gets, and now and then is in no hurry."""

    def __init__(self, number: int) -> None:
        self.seqs: list[int] = []
        self.resets = 0
        self._rng = random.Random(number)

    async def events(self, entries: Sequence[Entry]) -> None:
        if self._rng.random() < 0.1:
            await asyncio.sleep(self._rng.uniform(0, 0.02))
        self.seqs += [entry.seq for entry in entries]

    async def reset(self, seq: int) -> None:
        self.resets += 1

    async def heartbeat(self, seq: int) -> None:
        pass


async def read(hub: Hub, sink: Noting, begin: float) -> None:
    """Join after `begin` seconds from the first event on, leave in the midst, come again and read to the end."""
    await asyncio.sleep(begin)
    await read_to(TOTAL // 3, hub, sink)
    await read_to(TOTAL, hub, sink)


async def read_to(count: int, hub: Hub, sink: Noting) -> None:
    """Go on from the last event until there are so many, or some more."""
    leaving: list[asyncio.Task[None]] = []

    async def opened(stream: Stream, _seq: int) -> None:
        async def leave() -> None:
            while len(sink.seqs) < count:
                await asyncio.sleep(0.005)
            stream.end(STOPPING)

        leaving.append(asyncio.create_task(leave()))

    await hub.run(WHO, Filter(), sink.seqs[-1] if sink.seqs else 0, sink, opened)


def test_every_reader_gets_every_event_once_in_order_however_often_it_comes_and_goes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So little is kept in memory that readers pass from it to the database and back all the time.
    monkeypatch.setattr("ticketflow.api.live.tails.KEPT", 8)
    monkeypatch.setattr("ticketflow.api.live.hub.standing", lambda _session, principals: {("key", "k"): WHO})
    sinks = [Noting(number) for number in range(READERS)]
    calls = [(database.url, WORKSPACE, writer, TRANSACTIONS, PER_TRANSACTION) for writer in range(WRITERS)]

    async def everything() -> None:
        hub = Hub(database)
        writing = asyncio.create_task(asyncio.to_thread(in_processes, write_events, calls))
        readers = [read(hub, sink, number * 0.05) for number, sink in enumerate(sinks)]
        await asyncio.wait_for(asyncio.gather(writing, *readers), SECONDS)
        assert not hub.streams
        await asyncio.to_thread(hub.stop)

    asyncio.run(everything())
    for sink in sinks:
        assert sink.seqs == list(range(1, TOTAL + 1))
        assert sink.resets == 0


def test_the_newest_of_many_logs_is_one_look(database: Database) -> None:
    with database.write() as session:
        events.append(session, "one", "ticket.created")
        events.append(session, "two", "ticket.created")
        events.append(session, "two", "ticket.created")
    with database.read() as session:
        assert events.last_seqs(session, ["one", "two", "three"]) == {"one": 1, "two": 2}
        assert events.last_seqs(session, []) == {}

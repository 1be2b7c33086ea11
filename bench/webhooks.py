"""Tickets beside webhooks: whether an endpoint that hangs, with a backlog of 100 deliveries, delays tickets or others.

One process with two ticket threads, as `ticketflow serve` has them; tickets are accepted at a steady rate and timed
until their run has ended. Rounds take turns: without webhooks, with an endpoint that works, with another one that hangs
as well. Receivers are real HTTP servers on this machine.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from common import Bar, report
from ticketflow import events
from ticketflow.agent import pipeline
from ticketflow.clock import MINUTE
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.integrations import endpoints, resending
from ticketflow.integrations.delivering import LANE_WIDTH
from ticketflow.integrations.dispatching import DELIVER
from ticketflow.runtime import Runtime, build
from ticketflow.store.tickets import NewTicket
from ticketflow.store.webhook_endpoints import NewEndpoint
from ticketflow.workflow import history, queue
from ticketflow.workflow.queue import RunState

RATE = 10.0
BACKLOG = 100
NONE, WORKING, HANGING = "no webhooks", "an endpoint that works", "and one that hangs"


class Receiver:
    """Answers 204 at once, or not at all while `hangs`. `most` is how many requests it had at the same moment."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}
        self.most = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self._now: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def _handler(owner) -> type[BaseHTTPRequestHandler]:  # noqa: N805  the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                owner.arrived.setdefault(self.headers["webhook-id"], time.time())
                owner.count(1)
                owner.go_on.wait(60)
                owner.count(-1)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler

    def count(self, change: int) -> None:
        with self._lock:
            self._now["requests"] += change
            self.most = max(self.most, self._now["requests"])


@dataclass
class Round:
    """What a kind of round has shown: milliseconds of tickets, and of deliveries from their event on."""

    tickets: list[float] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)

    def at(self, share: float) -> float:
        return float(np.percentile(self.tickets, share))


class Bench:
    """An installation in a new folder, its workers at work."""

    def __init__(self, home: Path) -> None:
        self.working, self.hanging = Receiver(), Receiver()
        allowed = tuple(f"127.0.0.1:{one.port}" for one in (self.working, self.hanging))
        self.runtime: Runtime = build(Config(home=home, outbound_allow=allowed, lease_seconds=30))
        migrations.upgrade(self.runtime.database)
        self.workspace = self.runtime.workspace().id
        self.ids = {one: self._endpoint(one) for one in (self.working, self.hanging)}
        self.runtime.warm()
        self.runtime.runner.start(2)

    def _endpoint(self, receiver: Receiver) -> str:
        new = NewEndpoint(url=f"http://127.0.0.1:{receiver.port}/", types=["ticket.created", "decision.*"])
        with self.runtime.database.write() as session:
            made, _ = endpoints.create(session, self.workspace, new, self.runtime.signing_secrets, "bench")
        self._switch(made.id, on=False)
        return made.id

    def _switch(self, endpoint_id: str, *, on: bool) -> None:
        state = "enabled" if on else "disabled"
        with self.runtime.database.write() as session:
            endpoints.change(session, self.workspace, endpoint_id, {"state": state}, "bench")

    def play(self, kind: str, seconds: float, into: Round) -> None:
        """One round: switch on what belongs to it, post tickets, wait for them, switch off."""
        if kind != NONE:
            self._switch(self.ids[self.working], on=True)
        if kind == HANGING:
            self.hanging.go_on.clear()
            self._switch(self.ids[self.hanging], on=True)
            with self.runtime.database.write() as session:
                for _ in range(BACKLOG):
                    resending.send_test(session, self.workspace, self.ids[self.hanging], "bench")
        before = set(self.working.arrived)
        into.tickets += self._tickets(seconds)
        time.sleep(1.0)
        into.deliveries += self._waits(before)
        for one in self.ids.values():
            self._switch(one, on=False)
        self.hanging.go_on.set()
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        """What a round leaves behind must not be done in the next one."""
        while True:
            with self.runtime.database.read() as session:
                due_at, now = queue.next_due(session, {DELIVER: 1}), session.now
            if due_at is None or due_at > now + MINUTE:
                return
            time.sleep(0.05)

    def _tickets(self, seconds: float) -> list[float]:
        begun: list[str] = []
        began = time.monotonic()
        for number in range(round(seconds * RATE)):
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            new = NewTicket(subject="Parcel", body=f"Where is my parcel number {number}? It has not moved for a week.")
            with self.runtime.database.write() as session:
                begun.append(pipeline.start(session, self.workspace, new)[1])
        return [self._ended(run_id) for run_id in begun]

    def _ended(self, run_id: str) -> float:
        while True:
            with self.runtime.database.read() as session:
                run = history.get(session, self.workspace, run_id)
            if run.state is not RunState.LIVE:
                return (run.updated_at - run.created_at) / 1_000
            time.sleep(0.01)

    def _waits(self, before: set[str]) -> list[float]:
        from ticketflow.store import webhook_deliveries

        found: list[float] = []
        with self.runtime.database.read() as session:
            for made_id in set(self.working.arrived) - before:
                made = webhook_deliveries.get(session, self.workspace, made_id)
                (event,) = events.after(session, self.workspace, made.seq - 1, 1)
                found.append(self.working.arrived[made_id] * 1_000 - event.created_at / 1_000)
        return found

    def close(self) -> None:
        self.runtime.runner.stop(15)
        self.runtime.close()


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--short", action="store_true", help="One round of each kind, and wide bars.")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    seconds, rounds = (5.0, 1) if given.short else (8.0, 3)
    found = {kind: Round() for kind in (NONE, WORKING, HANGING)}
    with tempfile.TemporaryDirectory() as home:
        bench = Bench(Path(home))
        bench.play(NONE, 3.0, Round())
        for turn in range(rounds):
            kinds = list(found)
            for kind in kinds[turn % 3 :] + kinds[: turn % 3]:  # none of them is always the first
                bench.play(kind, seconds, found[kind])
        bench.close()
    return report("Tickets beside webhooks", _bars(found, bench.hanging.most, short=given.short), as_json=given.json)


def _bars(found: dict[str, Round], most: int, *, short: bool) -> list[Bar]:
    told = [
        Bar(f"ticket p50 / {kind}", one.at(50), None, "ms", f"{len(one.tickets)} tickets, {RATE:g} a second")
        for kind, one in found.items()
    ]
    told += [Bar(f"ticket p95 / {kind}", one.at(95), None, "ms", "as above") for kind, one in found.items()]
    risen = found[HANGING].at(95) / found[NONE].at(95)
    waits = np.array(found[HANGING].deliveries)
    beside = f"{len(waits)} deliveries to the endpoint that works, {BACKLOG} waiting for the one that hangs"
    return [
        *told,
        # A neighbour may raise others' p95 less than twofold; p95 of so few tickets moves by a half from run to run.
        Bar("ticket p95 raised by both", risen, 3.0 if short else 2.0, "times", "over no webhooks", least=False),
        Bar("delivery p95 beside it", float(np.percentile(waits, 95)), 2_000, "ms", beside, least=False),
        Bar("requests at the one that hangs", most, LANE_WIDTH, "at a time", "", least=False),
    ]


if __name__ == "__main__":
    sys.exit(main())

"""Several servers and workers of one installation, each a process of its own, and a client that goes on without one."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from small_company import write_history
from sqlalchemy import select

import databases
from ticketflow.config import Config
from ticketflow.db import Database
from ticketflow.db.tables import decision, event, run, ticket
from ticketflow.runtime import build

SECONDS = 60.0
SHIFTED = Path(__file__).parent / "shifted"  # what it holds is imported by every Python that starts
TEXT = "Where is my parcel with the {}? The tracking has not moved."


class Farm:
    """An installation with a history. Its processes are killed by `close`, and read a clock that `set_clock` sets."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self._clock = folder / "clock"
        self.set_clock(hours=0)
        self.home = folder / "home"
        self.url = database_url or databases.url(folder / "farm.db")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("TICKETFLOW_")}
        self._environment |= {
            "TICKETFLOW_HOME": str(self.home),
            "TICKETFLOW_DATABASE_URL": self.url,
            "TICKETFLOW_LEASE_SECONDS": "5",
            "TICKETFLOW_LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(SHIFTED),
            "SHIFTED_CLOCK": str(self._clock),
        }
        self._processes: list[subprocess.Popen[str]] = []
        write_history(folder / "history.jsonl")
        columns = ("--text", "text", "--answer", "label", "--resolution", "reply", "--id", "id")
        self.command("import", str(folder / "history.jsonl"), *columns)
        told = self.command("key", "create", "farm", "--scope", "all", "--json")
        self.key = str(json.loads(told)["key"])

    def set_clock(self, hours: float) -> None:
        """Set the machine's clock, as the processes see it, so much ahead of the real time (below 0: behind it)."""
        written = self._clock.with_suffix(".new")
        written.write_text(str(round(hours * 3600 * 1e9)))
        written.replace(self._clock)

    def command(self, *arguments: str) -> str:
        """Run a command to its end; what it printed."""
        process = self._start(*arguments)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, err
        return out

    def serve(self, port: int = 0) -> tuple["subprocess.Popen[str]", int]:
        """A server without worker threads, ready; its port."""
        process = self._start("serve", "--workers", "0", "--port", str(port))
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("TicketFlow at http://127.0.0.1:"), process.communicate()[1]
        return process, int(line.split()[2].rstrip(",").rpartition(":")[2])

    def work(self) -> "subprocess.Popen[str]":
        """A worker."""
        return self._start("worker", "--threads", "1")

    @contextmanager
    def at_rest(self, seconds: float = SECONDS) -> Iterator[Database]:
        """The database once every ticket's run has ended, for a look at what is stored."""
        database = build(Config(home=self.home, database_url=self.url)).database
        try:
            until(lambda: live(database) == 0, seconds)
            yield database
        finally:
            database.close()

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.communicate()

    def _start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "ticketflow", *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, env=self._environment, text=True, **pipes)  # type: ignore[call-overload]
        self._processes.append(process)
        return process


@dataclass
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    body: Any


def call(port: int, key: str, method: str, path: str, body: Any = None, *, seconds: float = 30.0) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answered = connection.getresponse()
        return Answer(answered.status, dict(answered.getheaders()), json.load(answered))
    finally:
        connection.close()


@dataclass
class Client:
    """Posts a ticket every `pause` seconds at one of the ports, and at the next where nobody listens.

    accepted   ids of the tickets that were answered with 202
    failed     requests that a server took and did not answer well
    elsewhere  requests that were made again because nobody took them
    """

    ports: list[int]
    key: str
    pause: float = 0.05
    accepted: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    elsewhere: int = 0

    @contextmanager
    def posting(self) -> Iterator[None]:
        """Post while the block runs: some before it begins, and some after what happens in it."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,), daemon=True)
        thread.start()
        try:
            self.goes_on()
            yield
            self.goes_on()
        finally:
            stop.set()
            thread.join(30)

    def goes_on(self) -> None:
        """Wait until some more are accepted."""
        before = len(self.accepted)
        until(lambda: len(self.accepted) > before + 10)

    def _run(self, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            self._post(number)
            stop.wait(self.pause)

    def _post(self, number: int) -> None:
        body = {"subject": "", "body": TEXT.format(number), "external_id": f"F-{number}"}
        for attempt in range(50):
            port = self.ports[(number + attempt) % len(self.ports)]
            try:
                answer = call(port, self.key, "POST", "/v1/tickets", body)
            except (ConnectionRefusedError, ConnectionResetError, http.client.RemoteDisconnected):
                self.elsewhere += 1  # the listener went away before the request was read
                time.sleep(0.02)
                continue
            except OSError as error:
                self.failed.append(repr(error))
                return
            if answer.status == 202:
                self.accepted.append(answer.body["ticket"]["id"])
            else:
                self.failed.append(f"{answer.status} {answer.body}")
            return
        self.failed.append("nobody took it")


def until(holds: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until it holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def live(database: Database) -> int:
    """How many ticket runs have not ended."""
    with database.read() as session:
        return len(session.execute(select(run.c.id).where(run.c.state == "live", run.c.workflow == "ticket")).all())


def findings(database: Database, accepted: list[str]) -> list[str]:
    """What is wrong once every run has ended: tickets lost, doubled or failed, gaps in the event log."""
    with database.read() as session:
        stored = session.execute(select(ticket.c.id, ticket.c.external_id)).all()
        decided = list(session.execute(select(decision.c.ticket_id)).scalars())
        states = dict(session.execute(select(run.c.ticket_id, run.c.state).where(run.c.workflow == "ticket")).all())
        seqs = list(session.execute(select(event.c.seq).order_by(event.c.seq)).scalars())
    found: list[str] = []
    lost = set(accepted) - set(decided)
    if lost:
        found.append(f"lost: {lost}")
    if len(set(decided)) != len(decided):
        found.append("decided twice")
    names = [row.external_id for row in stored if row.external_id]
    if len(set(names)) != len(names):
        found.append("stored twice")
    if {row.id for row in stored} != set(decided):
        found.append("a stored ticket was not decided")
    if set(states.values()) != {"succeeded"}:
        found.append(f"runs {states}")
    if seqs != list(range(1, len(seqs) + 1)):
        found.append("the event log has gaps")
    return found

"""What metrics, the id and the request's line in the log cost: the same requests served with and without, in turns.

Two servers in one process on real sockets, asked by a client in another one. What is compared is the processor time
that this process takes for a request, so that other work on the machine counts for neither. The log goes to a file.
"""

import argparse
import logging
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import Bar, report
from ticketflow import runtime as wiring
from ticketflow.api import keys
from ticketflow.api.app import create_app
from ticketflow.api.observing import Observing
from ticketflow.api.server import Server, listen
from ticketflow.cli import logs
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.store import workspaces
from ticketflow.testing import HashEncoder

ENOUGH = 40  # rounds
READING, TICKET = 10.0, 7.0  # per cent; the first is an empty list, the cheapest request that there is
REQUESTS = 100
CLIENT = """
import http.client, sys
connections = {}
for line in sys.stdin:
    port, method, key, count = line.split()
    if port not in connections:
        connections[port] = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
    body = b'{"subject":"Parcel","body":"Where is it?"}' if method == "POST" else None
    headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
    for _ in range(int(count)):
        connections[port].request(method, "/v1/tickets", body, headers)
        answer = connections[port].getresponse()
        answer.read()
        assert answer.status < 300, answer.status
    print("done", flush=True)
"""


class Bare:
    """Stands where the observing middleware stands, and does nothing: the application without it."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--rounds", type=int, default=ENOUGH, help=f"of {REQUESTS} requests each, for each side")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = _measured(Path(folder), given.rounds)
    slack = 1 if given.rounds >= ENOUGH else 3  # luck decides between a few rounds beside other work
    reading, ticket = found
    bars = [
        _bar("cost of a ticket", TICKET * slack, *ticket),
        _bar("cost of reading a list", READING * slack, *reading),
    ]
    return report("Metrics and logs of a request", bars, as_json=given.json)


def _bar(name: str, most: float, plain: float, share: float) -> Bar:
    about = f"of {plain * 1e3:.2f} ms of processor time without; median over rounds"
    return Bar(name, round(100 * (share - 1), 1), most, "%", about, least=False)


def _measured(home: Path, rounds: int) -> list[tuple[float, float]]:
    """For reading and for writing: processor seconds of a request without, and how many times as many with."""
    config = Config(home=home, workers=0, rate_per_key="none", rate_per_workspace="none")
    built = wiring.build(config, encoder=HashEncoder())
    migrations.upgrade(built.database)
    with built.database.write() as session:
        workspace = workspaces.ensure(session, "bench")
        _, key = keys.create(session, workspace.id, built.secret, "bench", ["tickets:read", "tickets:write"], actor="b")
    observed, plain = create_app(built), create_app(built)
    for middleware in plain.user_middleware:
        if middleware.cls is Observing:
            middleware.cls = Bare
    logs.configure("INFO", "json")
    with (
        (home / "log").open("w") as sys.stderr,
        _served(plain) as without,
        _served(observed) as with_them,
        _client() as ask,
    ):
        found = [_sides((without, with_them), ask, f"{method} {key} {REQUESTS}", rounds) for method in ("GET", "POST")]
    sys.stderr = sys.__stderr__
    logging.getLogger("ticketflow").setLevel("WARNING")
    built.close()
    return found


@contextmanager
def _served(app: Any) -> Iterator[int]:
    listener, started = listen("127.0.0.1", 0), threading.Event()
    server = Server(app, listener, started.set)
    thread = threading.Thread(target=server.serve_until_stopped)
    thread.start()
    started.wait()
    yield int(listener.getsockname()[1])
    server.should_exit = True
    thread.join()
    listener.close()


@contextmanager
def _client() -> Iterator[Callable[[str], None]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", CLIENT], stdin=pipe, stdout=pipe, text=True) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        told, heard = client.stdin, client.stdout

        def ask(line: str) -> None:
            told.write(line + "\n")
            told.flush()
            assert heard.readline() == "done\n"

        yield ask
        told.close()


def _sides(ports: tuple[int, int], ask: Callable[[str], None], rest: str, rounds: int) -> tuple[float, float]:
    times: dict[int, list[float]] = {port: [] for port in ports}
    for number in range(rounds + 1):
        for port in ports[:: -1 if number % 2 else 1]:
            began = time.process_time()
            ask(f"{port} {rest}")
            times[port].append((time.process_time() - began) / REQUESTS)
    without, with_them = (times[port][1:] for port in ports)  # the first round warms both up
    share = statistics.median(more / less for less, more in zip(without, with_them, strict=True))
    return statistics.median(without), share


if __name__ == "__main__":
    sys.exit(main())

"""Live events: so many connections held by one server process on one core, and how soon they hear of what is committed.

A second process holds the connections and notes when each event comes; both are on one machine, so that their clocks
agree. One half of the events is committed by the server itself, as it answers requests, the other by this process, so
that the server has to find them. `--form sse` holds streams of server-sent events instead of WebSockets.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Bar, report
from ticketflow import events
from ticketflow.api import keys
from ticketflow.api.scopes import Scope
from ticketflow.clock import SystemClock
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.runtime import Runtime, build

HERE = Path(__file__).parent
PER_KEY = 100
LATENCY_MS = {"here": 1_000.0, "elsewhere": 1_000.0}
"""Bars of the 95th percentile, wide because the machines that run this are shared."""


@dataclass
class Server:
    """A server on one core, with the workspace and the keys of its readers."""

    process: "subprocess.Popen[str]"
    port: int
    runtime: Runtime
    workspace_id: str
    keys: list[str]

    def used(self) -> tuple[float, float]:
        """CPU seconds so far, and resident MB."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return seconds, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--connections", type=int, default=1_000)
    options.add_argument("--rate", type=float, default=20.0, help="events a second")
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--form", choices=("websocket", "sse", "both"), default="both")
    options.add_argument("--short", action="store_true", help="200 connections for 5 seconds, wide bars")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    if given.short:
        given.connections, given.seconds = 200, 5.0
    bars: list[Bar] = []
    for form in ("websocket", "sse") if given.form == "both" else (given.form,):
        bars += measured(form, given)
    return report("Live events", bars, as_json=given.json)


def measured(form: str, given: argparse.Namespace) -> list[Bar]:
    """The figures of one form."""
    with tempfile.TemporaryDirectory() as folder:
        server = serve(Path(folder), given.connections)
        bare = settled(server)
        readers = hold(server, form, given.connections)
        try:
            opened = json.loads(readers.stdout.readline())  # type: ignore[union-attr]
            idle_cpu, memory = rested(server)
            each = 1_000 * (memory - bare) / given.connections
            cpu, began = server.used()[0], time.monotonic()
            commits = commit(server, given.rate, given.seconds)
            time.sleep(1.5)
            took, cpu = time.monotonic() - began - 1.5, server.used()[0] - cpu
            told, _ = readers.communicate("stop\n", timeout=120)
        finally:
            readers.kill()
            server.process.terminate()
            server.process.wait(30)
            server.runtime.close()
    return bars_of(form, given, opened, json.loads(told), commits, (cpu, took, idle_cpu, memory, each))


def bars_of(
    form: str,
    given: argparse.Namespace,
    opened: Any,
    told: Any,
    commits: dict[int, tuple[str, float]],
    used: tuple[float, float, float, float, float],
) -> list[Bar]:
    """The figures beside their bars. `told` has, for each event, how many heard of it and when."""
    cpu, took, idle_cpu, memory, each = used
    expected = len(commits) * given.connections
    rows = [
        Bar(f"{form}: connections held", told["held"], given.connections, "", f"opened in {opened['seconds']:.1f} s"),
        Bar(f"{form}: events received", 100 * told["received"] / expected, 100, "%", f"of {expected:,}, each once"),
        Bar(f"{form}: out of order", told["disordered"], 0, "", "or twice, or with a gap", least=False),
    ]
    for where, bar in LATENCY_MS.items():
        waits = [
            1_000 * (moment - commits[int(seq)][1])
            for seq, moments in told["moments"].items()
            for moment in moments
            if commits[int(seq)][0] == where
        ]
        waits.sort()
        middle, late = (waits[int(len(waits) * share)] for share in (0.5, 0.95))
        whose = "by the server itself" if where == "here" else "by another process"
        rows.append(Bar(f"{form}: p95, committed {where}", late, bar, "ms", f"{whose}; p50 {middle:.0f}", least=False))
    share = 100 * cpu / took
    rows += [
        Bar(
            f"{form}: CPU of one core", share, 100, "%", f"{given.rate:g} events/s; {idle_cpu:.1f} % idle", least=False
        ),
        Bar(f"{form}: memory of the server", memory, None, "MB", f"all connections idle; {each:.0f} KB each"),
    ]
    return rows


def serve(home: Path, connections: int) -> Server:
    """Start a server without workers, bound to one core."""
    runtime = build(Config(home=home, workers=0), clock=SystemClock())
    migrations.upgrade(runtime.database)
    workspace = runtime.workspace()
    with runtime.database.write() as session:
        names = [scope.value for scope in Scope]
        made = [
            keys.create(session, workspace.id, runtime.secret, f"bench {number}", names, actor="bench")[1]
            for number in range(-(-connections // PER_KEY))
        ]
    environment = {**os.environ, "TICKETFLOW_HOME": str(home), "TICKETFLOW_LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "ticketflow", "serve", "--port", "0", "--workers", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
    assert process.stdout is not None
    port = int(process.stdout.readline().split("http://")[1].split(",")[0].rpartition(":")[2])
    return Server(process, port, runtime, workspace.id, made)


def hold(server: Server, form: str, connections: int) -> "subprocess.Popen[str]":
    """The process that holds the connections; its first line tells that all are open."""
    command = [sys.executable, str(HERE / "live_readers.py"), form, str(server.port), str(connections)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(server.keys) + "\n")
    process.stdin.flush()
    return process


def settled(server: Server) -> float:
    """Resident MB once the server has loaded what it loads after its start."""
    before, memory = 0.0, server.used()[1]
    while memory > before:
        time.sleep(2)
        before, memory = memory, server.used()[1]
    return memory


def rested(server: Server) -> tuple[float, float]:
    """Percent of a core that the idle connections take, heartbeats included, and resident MB."""
    before, began = server.used()[0], time.monotonic()
    time.sleep(3)
    after, memory = server.used()
    return 100 * (after - before) / (time.monotonic() - began), memory


def commit(server: Server, rate: float, seconds: float) -> dict[int, tuple[str, float]]:
    """Commit events at an even rate: each one's seq, where it was committed, and when that was done."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Authorization": f"Bearer {server.keys[0]}", "Content-Type": "application/json"}
    done: dict[int, tuple[str, float]] = {}
    began = time.monotonic()
    for number in range(round(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        if number % 2:
            with server.runtime.database.write() as session:
                events.append(session, server.workspace_id, "ticket.created", "", subject=f"ticket {number}")
            done[number + 1] = ("elsewhere", time.time())
            continue
        body = json.dumps({"subject": f"ticket {number}", "body": "Where is my parcel?"})
        asked = time.time()
        connection.request("POST", "/v1/tickets", body, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 202, response.status
        done[number + 1] = ("here", asked)  # the commit came later: the figure errs on the side of slowness
    return done


if __name__ == "__main__":
    sys.exit(main())

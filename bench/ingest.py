"""Tickets posted at a steady rate to a real server: how long each answer takes, the highest rate held, and neighbours.

The sample company is set up as `ticketflow demo` does it, and served as an operator serves it: `ticketflow serve` with
its own worker threads, which decide what is posted meanwhile. Requests go out when they are due, whatever became of
those before, and are timed from then on, so that a server that stalls cannot hide it. Client and server share the
machine. The noisy neighbour is another workspace that posts ten times as much.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import numpy as np

from common import Bar, report
from ticketflow.api import keys
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.demo import company, setup
from ticketflow.runtime import build
from ticketflow.store import workspaces

SERVE = [sys.executable, "-m", "ticketflow", "serve", "--port", "0"]
QUIET, NOISY = 5.0, 50.0
P50_MS, P99_MS = 20, 100
RAISED = (75, 100, 125, 150, 200, 300)
PATIENCE_SECONDS = 180


@dataclass(frozen=True)
class Load:
    """How long is measured, in seconds, and how often neighbours take turns."""

    steady: float
    step: float
    neighbours: float
    rounds: int


FULL = Load(steady=60, step=10, neighbours=15, rounds=3)
SHORT = Load(steady=15, step=0, neighbours=8, rounds=1)


@dataclass
class Answers:
    """What came back: milliseconds from when a request was due, and statuses that are not 2xx."""

    milliseconds: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    late: float = 0.0

    def at(self, share: float) -> float:
        return float(np.percentile(self.milliseconds, share)) if self.milliseconds else float("inf")

    @property
    def held(self) -> bool:
        return not self.refused and self.at(99) < P99_MS


@dataclass(frozen=True)
class Served:
    """A server and the keys of two workspaces."""

    url: str
    quiet: str
    noisy: str


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The company behind `ticketflow serve`, without limits of rates."""
    built = build(Config(home=folder))
    migrations.upgrade(built.database)
    setup.prepare(built.deps, built.workspace(), folder / "backtest.html", lambda _share, _doing: None)
    found: list[str] = []
    own = built.workspace().slug
    with built.database.write() as session:
        for slug in (own, "noisy"):
            workspace = workspaces.ensure(session, slug)
            _, text = keys.create(session, workspace.id, built.secret, slug, ["tickets:write"], actor="bench")
            found.append(text)
    built.close()
    unlimited = {"TICKETFLOW_RATE_PER_KEY": "none", "TICKETFLOW_RATE_PER_WORKSPACE": "none"}
    environment = {**os.environ, **unlimited, "TICKETFLOW_HOME": str(folder), "TICKETFLOW_LOG_LEVEL": "ERROR"}
    with subprocess.Popen(SERVE, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            address = re.search(r"http://[\w.:]+", told)
            if address is None:
                raise SystemExit(f"The server did not start: {told!r}")
            url = address.group().rstrip(".,")
            _ready(url)
            yield Served(url, *found)
        finally:
            process.terminate()


def _ready(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while httpx2.get(f"{url}/readyz").status_code != 200:
        if time.monotonic() > deadline:
            raise SystemExit("The server does not become ready.")
        time.sleep(0.2)


async def post(url: str, key: str, rate: float, seconds: float, into: Answers) -> None:
    """Post tickets at a rate, each when it is due."""
    texts = company.arrivals()
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=30) as client:
        await client.post("/v1/tickets", json={"subject": "warm", "body": "warm"})

        async def one(number: int, due: float) -> None:
            arrival = texts[number % len(texts)].ticket
            body = {"subject": arrival.subject, "body": arrival.body}
            into.late = max(into.late, time.perf_counter() - due)
            answer = await client.post("/v1/tickets", json=body)
            into.milliseconds.append(1_000 * (time.perf_counter() - due))
            if not answer.is_success:
                into.refused.append(answer.status_code)

        began = time.perf_counter() + 0.1
        async with asyncio.TaskGroup() as group:
            for number in range(round(rate * seconds)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(one(number, due))


def posted(where: Served, rate: float, seconds: float) -> Answers:
    """The answers to one workspace's tickets."""
    answers = Answers()
    asyncio.run(post(where.url, where.quiet, rate, seconds, answers))
    return answers


def beside(where: Served, seconds: float) -> Answers:
    """The quiet workspace's answers while the noisy one posts ten times as much."""
    quiet, noisy = Answers(), Answers()

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(post(where.url, where.noisy, NOISY, seconds, noisy))
            group.create_task(post(where.url, where.quiet, QUIET, seconds, quiet))

    asyncio.run(both())
    return quiet


def main() -> int:
    """Print the figures; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load = SHORT if options.short else FULL
    slack = 3 if options.short else 1  # CI's machine does other things meanwhile
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as where:
        steady = posted(where, NOISY, load.steady)
        highest = NOISY if steady.held else 0.0
        for rate in RAISED if load.step else ():
            time.sleep(5)  # what was posted before is decided meanwhile
            if not posted(where, rate, load.step).held:
                break
            highest = rate
        time.sleep(5)
        alone, crowded = [], []
        for _ in range(load.rounds):
            alone.append(posted(where, QUIET, load.neighbours).at(95))
            crowded.append(beside(where, load.neighbours).at(95))
            time.sleep(5)
    ratio = float(np.median(crowded) / np.median(alone))
    conditions = f"{NOISY:g} a second for {load.steady:g} s, decided by two threads of the same process meanwhile"
    bars = [
        Bar("ingest: p50", steady.at(50), P50_MS * slack, "ms", conditions, least=False),
        Bar("ingest: p99", steady.at(99), P99_MS * slack, "ms", f"slowest {steady.at(100):.0f} ms", least=False),
        Bar(
            "ingest: answers that are not 2xx",
            len(steady.refused),
            0,
            "",
            f"of {len(steady.milliseconds)}",
            least=False,
        ),
        Bar(
            "a neighbour at ten times the load: p95",
            ratio,
            2 * slack,
            "fold",
            f"{np.median(alone):.1f} ms alone, {np.median(crowded):.1f} ms beside, {QUIET:g} and {NOISY:g} a second",
            least=False,
        ),
    ]
    if load.step:
        bars.append(
            Bar("ingest: highest rate held", highest, None, "a second", f"{load.step:g} s each, p99 < {P99_MS} ms")
        )
    return report("Ingest over HTTP", bars, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())

"""A refit in the background of a process that decides tickets: how long it takes, and what it costs each ticket.

The history is Banking77 many times over with words dropped at random, no two tickets the same. Tickets arrive
one at a time, as they do in life; their latency is that of all five steps.
"""

import argparse
import csv
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from common import Bar, data, report
from ticketflow.agent import learn
from ticketflow.agent.batch import process_batch
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.domain import Workspace
from ticketflow.knowledge.importing import import_history
from ticketflow.knowledge.mapping import Mapping
from ticketflow.runtime import Runtime, build
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow import history
from ticketflow.workflow.queue import RunState

KEPT = 0.85
"""Share of a ticket's words that are kept."""
QUIET = 400
"""Tickets decided before the refit, to compare with."""
GAP_SECONDS = 0.05
"""Between two tickets: about as many a second as one process can decide."""


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=50_000)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    folder = data("banking77")
    if folder is None:
        return 0
    with tempfile.TemporaryDirectory() as home:
        past = Path(home) / "history.csv"
        _write(folder / "train.csv", past, given.cases)
        with (folder / "test.csv").open(encoding="utf-8") as file:
            arrivals = [row["text"] for row in csv.DictReader(file)]
        bars = _measure(past, arrivals, Path(home), given.cases)
    return report("A refit beside arriving tickets", bars, as_json=given.json)


def _write(source: Path, target: Path, count: int) -> None:
    rng = random.Random(0)
    with source.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    written: set[str] = set()
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "answer"])
        while len(written) < count:
            row = rng.choice(rows)
            text = " ".join(word for word in row["text"].split() if rng.random() < KEPT)
            if text and text.casefold() not in written:
                written.add(text.casefold())
                writer.writerow([text, row["category"]])


def _measure(past: Path, arrivals: list[str], home: Path, cases: int) -> list[Bar]:
    runtime = build(Config(home=home))
    migrations.upgrade(runtime.database)
    workspace = runtime.workspace()
    imported = import_history(runtime.deps, workspace, past, Mapping(text="text", answer="answer"))
    print(f"imported {imported.added:,} cases in {imported.seconds:.0f} s", flush=True)
    began = time.perf_counter()
    learn.refit(runtime.deps, workspace.id)  # so that tickets meet a learner before
    print(f"a refit with nothing beside it: {time.perf_counter() - began:.0f} s", flush=True)
    runtime.warm()
    runtime.runner.start(1)
    try:
        quiet = [_decide(runtime, workspace, text) for text in arrivals[:QUIET]]
        with runtime.database.write() as session:
            run_id = learn.queue_refit(session, workspace.id)
        began, beside = time.perf_counter(), list[float]()
        while _live(runtime, workspace, run_id):
            beside.append(_decide(runtime, workspace, arrivals[(QUIET + len(beside)) % len(arrivals)]))
        seconds = time.perf_counter() - began
    finally:
        runtime.runner.stop(drain_seconds=60)
        runtime.close()
    before, during = float(np.percentile(quiet[20:], 95)), float(np.percentile(beside, 95))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = f"{cases:,} cases, one process deciding, one ticket every {GAP_SECONDS * 1e3:.0f} ms"
    return [
        Bar("refit", seconds, 300, "s", said, least=False),
        Bar("p95 before", before, None, "ms", f"{len(quiet)} tickets"),
        Bar("p95 beside the refit", during, None, "ms", f"{len(beside)} tickets"),
        Bar("rise of p95", during / before - 1, 0.5, "", "the same", least=False),
        Bar("memory", memory, None, "MB", "peak of the deciding process"),
    ]


def _decide(runtime: Runtime, workspace: Workspace, text: str) -> float:
    """Milliseconds of a ticket's steps."""
    time.sleep(GAP_SECONDS)
    (made,) = process_batch(runtime.deps, workspace, [NewTicket(body=text)])
    return sum(made.timings_ms.values())


def _live(runtime: Runtime, workspace: Workspace, run_id: str) -> bool:
    with runtime.database.read() as session:
        return history.get(session, workspace.id, run_id).state is RunState.LIVE


if __name__ == "__main__":
    sys.exit(main())

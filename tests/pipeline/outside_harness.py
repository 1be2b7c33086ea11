"""The crash matrix: every point that a run passes x what happens to the worker there x what the provider does.

Used by the tests (a selection) and by bench/durability.py (all of it).
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from kill_harness import exit_code, start
from outside_provider import MODES, Provider
from outside_worker import HARMS, INSIDE, LEASE_SECONDS, MAX_ATTEMPTS, work
from outside_workflow import (
    OUTLETS,
    Outside,
    arrive,
    first_times,
    handed_over,
    lease_us,
    unprepared,
    violations,
    workflow,
)
from workflow_harness import open_database

import databases
from ticketflow.clock import SECOND, SystemClock
from ticketflow.testing import FrozenClock
from ticketflow.workflow.outlets import call_seconds
from ticketflow.workflow.runner import Runner

TICKETS = 2
RECOVERING = ("before_retry", "looking_up:send")
"""Points that only a run passes that is not on its first way."""
CRUCIAL = ("committed:decide", "in_sending:send", "sending:send", "calling:send", "called:send", "in_commit:send")

_MAKING = threading.Lock()  # databases are made, and go back, by one thread at a time


@dataclass(frozen=True)
class Case:
    """Where what happens, against which provider."""

    point: str
    harm: str
    mode: str
    outlet: str
    hit: int = 1
    mutant: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a case came to. `reached`: whether the harm was done; `recovery`: seconds from it to the last run's end."""

    case: Case
    reached: bool
    findings: list[str] = field(default_factory=list[str])
    hand_offs: int = 0
    recovery: float = 0.0

    def count(self, *invariants: str) -> int:
        """How many findings speak of these invariants."""
        return sum(finding.startswith(invariants) for finding in self.findings)


class _Instant:
    """An outlet that has it at once."""

    repeatable_seconds = 0.0

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, key: str, draft: Mapping[str, Any], timeout_seconds: float) -> str:
        return "sent"

    def confirm(self, key: str, draft: Mapping[str, Any], timeout_seconds: float) -> str | None:
        return "sent"


def every_point(folder: Path) -> list[str]:
    """The points that a run passes on its way, as it reports them itself."""
    reached: list[str] = []
    database = open_database(folder / "points.db", FrozenClock())
    with database.write() as session:
        arrive(session, 1)
    deps = Outside({name: _Instant(name) for name in OUTLETS})
    Runner(database, deps, [workflow()], lease_seconds=30, max_attempts=5, checkpoint=reached.append).run_one()
    database.close()
    return reached


def all_cases(points: Iterable[str], harms: Iterable[str] = HARMS, modes: Iterable[str] = MODES) -> list[Case]:
    """The product of them, for both kinds of outlet."""
    combined = product(points, harms, modes, OUTLETS)
    return [Case(*each, hit=1 + place % TICKETS) for place, each in enumerate(combined)]


def run_all(cases: Iterable[Case], folder: Path, side_by_side: int = 6) -> list[Outcome]:
    """The outcomes, most of whose time is spent waiting for leases."""
    ready = [folder / f"ready-{place}.db" for place in range(side_by_side if databases.SERVER else 0)]
    for path in ready:  # before anything is timed: changing a schema holds the others' work up
        open_database(path, SystemClock()).close()
    give_back(folder)
    made = iter(range(1_000_000))
    numbered = [(case, folder / f"case-{next(made)}") for case in cases]
    with ThreadPoolExecutor(side_by_side) as pool:
        return list(pool.map(lambda pair: run_case(*pair), numbered))


def run_case(case: Case, folder: Path) -> Outcome:
    """Two tickets, a worker that comes to harm, another that finishes the rest."""
    folder.mkdir()
    with _MAKING:
        database = open_database(folder / "scene.db", SystemClock())
    provider = Provider(
        case.mode, patience=call_seconds(LEASE_SECONDS), on_accept=lambda key: unprepared(database, key)
    )
    with database.write() as session:
        for number in range(TICKETS):
            arrive(session, 2 * number + OUTLETS.index(case.outlet))
    given = (database.url, str(folder), provider.port)
    try:
        codes = _play(case, given, folder)
        provider.come_to_rest()
        found = violations(database, provider.accepted, lease_us=lease_us(LEASE_SECONDS), most_attempts=MAX_ATTEMPTS)
        harmed = folder / "harmed"
        recovery = max(first_times(database).values()) / SECOND - harmed.stat().st_mtime if harmed.exists() else 0.0
        found += provider.complaints + ([f"exits {codes}"] if codes != (0, 0) else [])
        return Outcome(case, harmed.exists(), found, len(handed_over(database)), recovery)
    finally:
        provider.close()
        database.close()
        with _MAKING:
            give_back(folder)


def _play(case: Case, given: tuple[Any, ...], folder: Path) -> tuple[int | None, int | None]:
    victim = start(work, *given, case.point, case.hit, case.harm, case.mutant)
    if case.harm != "stop":
        code = exit_code(victim)
        expected = -signal.SIGKILL if case.harm == "kill" and (folder / "harmed").exists() else 0
        return code if code != expected else 0, exit_code(start(work, *given, "", 0, "", case.mutant))
    deadline = time.monotonic() + 20
    while not (folder / "harmed").exists() and victim.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    other = start(work, *given, "", 0, "", case.mutant)
    if case.point.startswith(INSIDE):
        time.sleep(2 * LEASE_SECONDS)  # it holds the database's lock; the other can only wait
    else:
        exit_code(other)
    if exit_code(victim, 0.01) is None:
        assert victim.pid
        os.kill(victim.pid, signal.SIGCONT)
    return exit_code(victim), exit_code(other)


def give_back(folder: Path) -> None:
    """The databases of a folder are not needed any more."""
    if databases.SERVER is not None:
        databases.take_back(folder)

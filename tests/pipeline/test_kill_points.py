"""Worker processes that are killed, stopped or refused at every point at which it makes a difference.

Random killing would prove little: without the fence it survives hundreds of kills.
"""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path

import kill_harness
import pytest
from kill_harness import LEASE_SECONDS, MAX_ATTEMPTS, calls, exit_code, start, work
from sqlalchemy import select
from workflow_harness import Deps, accept, open_database, runner, violations

import databases
from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.db.tables import message, run
from ticketflow.testing import FrozenClock

TICKETS = 4
SIDE_BY_SIDE = 4  # most of the time is spent waiting for leases
INSIDE = ("in_commit", "applied")


def every_point(folder: Path) -> list[str]:
    """The points that a run passes, as it reports them itself."""
    reached: list[str] = []
    database = open_database(folder / "points.db", FrozenClock())
    with database.write() as session:
        accept(session, 1)
    runner(database, Deps(), checkpoint=reached.append).run_one()
    database.close()
    return reached


def until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)
    return holds()


class Scene:
    """A database with tickets waiting, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.path = folder / "scene.db"
        self.database = open_database(self.path, SystemClock())
        with self.database.write() as session:
            for number in range(TICKETS):
                accept(session, number)

    def start(self, point: str = "", hit: int = 0, harm: str = "") -> BaseProcess:
        return start(work, self.database.url, str(self.folder), point, hit, harm)

    def findings(self, point: str, repeated: int) -> list[str]:
        """What is wrong once all is over; `repeated` is how many outside calls may have been made twice."""
        found = violations(self.database, finished=True)
        with self.database.read() as session:
            states = list(session.execute(select(run.c.state)).scalars())
            replies = list(session.execute(select(message.c.ticket_id).where(message.c.author == "agent")).scalars())
        if states != ["succeeded"] * TICKETS or len(set(replies)) != len(replies) or len(replies) != TICKETS:
            found.append(f"runs {states}, replies {replies}")
        made = calls(self.folder)
        if len(made) != TICKETS or sum(made.values()) > TICKETS + repeated:
            found.append(f"calls {dict(made)}")
        self.database.close()
        databases.give_back(self.path)
        return [f"{point}: {each}" for each in found]


def kill(folder: Path, point: str, hit: int) -> list[str]:
    scene = Scene(folder)
    victim = scene.start(point, hit, "kill")
    if exit_code(victim) != -signal.SIGKILL:
        return [f"{point}: the worker was not killed"]
    if exit_code(scene.start()) != 0:
        return [f"{point}: the second worker failed"]
    return scene.findings(point, repeated=1)


def stop(folder: Path, point: str, hit: int) -> list[str]:
    scene = Scene(folder)
    sleeper = scene.start(point, hit, "stop")
    if not until((folder / "stopped").exists, 20):
        return [f"{point}: the worker did not stop"]
    other = scene.start()
    if point.startswith(INSIDE):
        time.sleep(2 * LEASE_SECONDS)  # it holds the database's lock; the other can only wait
    else:
        exit_code(other)
    assert sleeper.pid
    os.kill(sleeper.pid, signal.SIGCONT)
    codes = exit_code(sleeper), exit_code(other)
    if codes != (0, 0):
        return [f"{point}: exits {codes}"]
    return scene.findings(point, repeated=1)


def refuse(folder: Path, point: str, hit: int) -> list[str]:
    scene = Scene(folder)
    worker = scene.start(point, hit, "error")
    if exit_code(worker) != 0:
        return [f"{point}: the worker did not go on"]
    return scene.findings(point, repeated=1)


@pytest.mark.parametrize("scenario", [kill, stop, refuse])
def test_at_every_point_every_ticket_is_answered_once(
    tmp_path: Path, scenario: Callable[[Path, str, int], list[str]]
) -> None:
    points = every_point(tmp_path)
    assert len(points) == 21
    if scenario is refuse:
        points = [point for point in points if point.startswith(INSIDE)]
    cases = [(tmp_path / f"case-{place}", point, 1 + place % TICKETS) for place, point in enumerate(points)]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        findings = list(pool.map(lambda case: scenario(*case), cases))
    assert [each for found in findings for each in found] == []


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "scene")


def test_after_a_kill_the_tickets_are_done_within_a_lease_and_two_seconds(scene: Scene) -> None:
    exit_code(scene.start("computed:call", 2, "kill"))
    began = time.monotonic()
    exit_code(scene.start())
    assert time.monotonic() - began < LEASE_SECONDS + 2
    assert scene.findings("computed:call", repeated=1) == []


def test_workers_with_threads_share_the_work_and_survive_a_kill(scene: Scene) -> None:
    with scene.database.write() as session:
        for number in range(TICKETS, 40):
            accept(session, number)
    victims = [scene.start("threads", 0, "threads") for _ in range(2)]
    assert until(lambda: sum(calls(scene.folder).values()) >= 5, 20)
    victims[0].kill()
    assert [exit_code(victim) for victim in victims] == [-signal.SIGKILL, 0]
    assert violations(scene.database, finished=True) == []
    assert len(calls(scene.folder)) == 40
    scene.database.close()


def test_a_ticket_that_kills_every_worker_goes_to_a_human_and_the_rest_is_answered(scene: Scene) -> None:
    kills = 0
    while live(scene.database):
        worker = start(kill_harness.poisoned, scene.database.url, str(scene.folder), "ticket-2")
        kills += exit_code(worker) == -signal.SIGKILL
        assert kills <= MAX_ATTEMPTS, "attempts are not bounded"
        time.sleep(LEASE_SECONDS / 4)
    with scene.database.read() as session:
        states = {row.ticket_id: row.state for row in session.execute(select(run))}
        told = session.execute(select(message.c.ticket_id, message.c.body).where(message.c.author == "system")).all()
    assert kills == MAX_ATTEMPTS
    assert states == {"ticket-2": "failed"} | dict.fromkeys(("ticket-0", "ticket-1", "ticket-3"), "succeeded")
    assert told == [("ticket-2", "The worker stopped during every attempt.")]
    assert violations(scene.database, finished=True) == []
    scene.database.close()


def live(database: Database) -> bool:
    with database.read() as session:
        return session.execute(select(run.c.id).where(run.c.state == "live")).first() is not None

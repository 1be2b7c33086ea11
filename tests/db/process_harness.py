"""Functions that tests run in other processes: the database is one file, its users are many.

The processes come from a fork server that has imported the product, so each costs milliseconds.
"""

import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import workflow_harness
from sqlalchemy import select, update

import databases
from ticketflow import events
from ticketflow.clock import SECOND, SystemClock
from ticketflow.db import Database, migrations
from ticketflow.db.tables import daily_metric
from ticketflow.workflow import queue

CONTEXT = multiprocessing.get_context("forkserver")
# Installed packages only: the server does not know the tests' folders. Each process imports pytest as its main module.
CONTEXT.set_forkserver_preload(["pytest", "ticketflow.db.dialects", "ticketflow.db.migrations", "ticketflow.worker"])


def in_processes(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """What `function` returned for each tuple of arguments, all called at once in processes of their own."""
    with ProcessPoolExecutor(len(calls), mp_context=CONTEXT) as pool:
        return [future.result(60) for future in [pool.submit(function, *arguments) for arguments in calls]]


def open_url(url: str) -> Database:
    """The database as another process opens it."""
    return databases.open_url(url, SystemClock())


def upgrade(url: str) -> str | None:
    """Bring the schema to this version's revision; the revision it is at then."""
    database = open_url(url)
    migrations.upgrade(database)
    revision = migrations.current(database)
    database.close()
    return revision


def accept_one(url: str, number: int) -> str:
    """Queue a ticket's run; its id."""
    database = open_url(url)
    with database.write() as session:
        run_id = workflow_harness.accept(session, number)
    database.close()
    return run_id


def claim_all(url: str, seed: int) -> list[str]:
    """Claim until nothing is due; the ids of the runs that were won."""
    database, rng, won = open_url(url), random.Random(seed), []
    for _ in range(1_000):
        run = queue.claim(database, {"letters": 1}, 600 * SECOND, rng)
        if run is not None:
            won.append(run.id)
        else:
            with database.read() as session:
                due_at = queue.next_due(session, {"letters": 1})
                if due_at is None or due_at > session.now:
                    break
    database.close()
    return won


def write_events(url: str, workspace_id: str, writer: int, transactions: int, per_transaction: int) -> int:
    """Commit facts in transactions of random length; the number of facts."""
    database, rng = open_url(url), random.Random(writer)
    for number in range(transactions):
        with database.write() as session:
            for part in range(per_transaction):
                events.append(session, workspace_id, "written", writer=writer, number=number, part=part)
            time.sleep(rng.uniform(0, 0.002))
        if rng.random() < 0.2:
            roll_back(database, workspace_id)
    database.close()
    return transactions * per_transaction


def roll_back(database: Database, workspace_id: str) -> None:
    """A transaction that appends a fact and fails."""
    try:
        with database.write() as session:
            events.append(session, workspace_id, "never")
            raise RuntimeError("rolled back on purpose")
    except RuntimeError:
        pass


def count_up(url: str, workspace_id: str, times: int) -> int:
    """Read a number and write one more, `times` times: what fails with BUSY when the read takes no lock."""
    database = open_url(url)
    here = daily_metric.c.workspace_id == workspace_id
    for _ in range(times):
        with database.write() as session:
            value = session.execute(session.held(select(daily_metric.c.value).where(here))).scalar_one()
            session.execute(update(daily_metric).where(here).values(value=value + 1))
    database.close()
    return times

"""Counts by day: each name and dimension on its own, a new day at midnight UTC, exact under many adders."""

import threading

from ticketflow.db import Database
from ticketflow.domain import Workspace
from ticketflow.store import daily
from ticketflow.testing import FrozenClock


def today(database: Database, workspace: Workspace, name: str = "replies", dimension: str = "") -> float:
    with database.read() as session:
        return daily.today(session, workspace.id, name, dimension)


def add(database: Database, workspace: Workspace, name: str = "replies", dimension: str = "", value: float = 1) -> None:
    with database.write() as session:
        daily.add(session, workspace.id, name, dimension, value)


def test_a_day_begins_at_nothing_and_counts_up(database: Database, workspace: Workspace) -> None:
    assert today(database, workspace) == 0.0
    add(database, workspace)
    add(database, workspace)
    add(database, workspace, value=0.5)
    assert today(database, workspace) == 2.5


def test_names_dimensions_and_workspaces_count_apart(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    add(database, workspace)
    add(database, workspace, dimension="billing", value=3)
    add(database, workspace, "tickets", value=7)
    add(database, other, value=11)
    assert today(database, workspace) == 1
    assert today(database, workspace, dimension="billing") == 3
    assert today(database, workspace, "tickets") == 7
    assert today(database, other) == 11
    assert today(database, other, "tickets") == 0


def test_a_day_ends_at_midnight_utc(database: Database, workspace: Workspace) -> None:
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(86_400 - clock.now() / 1_000_000 % 86_400 - 1)
    add(database, workspace)
    assert today(database, workspace) == 1
    clock.advance(1)
    assert today(database, workspace) == 0
    add(database, workspace, value=5)
    assert today(database, workspace) == 5


def test_a_count_belongs_to_its_transaction(database: Database, workspace: Workspace) -> None:
    class Stop(Exception):
        pass

    try:
        with database.write() as session:
            daily.add(session, workspace.id, "replies")
            raise Stop
    except Stop:
        pass
    assert today(database, workspace) == 0


def test_no_count_is_lost_when_several_add(database: Database, workspace: Workspace) -> None:
    threads = [
        threading.Thread(target=lambda: [add(database, workspace) for _ in range(10)], daemon=True) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert today(database, workspace) == 40

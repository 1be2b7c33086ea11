"""Notices: newest first, unread until somebody has read them, and never another workspace's."""

import pytest

from ticketflow.clock import SECOND
from ticketflow.db import Database
from ticketflow.domain import Workspace
from ticketflow.errors import NotFound
from ticketflow.store import notices
from ticketflow.store.notices import Notice
from ticketflow.testing import FrozenClock


def told(database: Database, workspace: Workspace, *texts: str) -> list[Notice]:
    with database.write() as session:
        return [notices.add(session, workspace.id, "automation.lowered", text) for text in texts]


def test_a_notice_comes_back_whole_and_unread(database: Database, workspace: Workspace) -> None:
    (made,) = told(database, workspace, "Automatic replies are withdrawn. \N{WARNING SIGN}")
    assert (made.kind, made.created_at, made.read_at, made.read_by) == (
        "automation.lowered",
        database.clock.now(),
        None,
        None,
    )
    with database.read() as session:
        assert notices.page(session, workspace.id) == [made]


def test_pages_go_back_in_time(database: Database, workspace: Workspace) -> None:
    told(database, workspace, *"abcde")
    with database.read() as session:
        first = notices.page(session, workspace.id, limit=2)
        rest = notices.page(session, workspace.id, before=first[-1].id)
    assert [one.text for one in (*first, *rest)] == list("edcba")


def test_a_read_notice_keeps_its_first_reader(database: Database, workspace: Workspace) -> None:
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    first, second = told(database, workspace, "a", "b")
    clock.advance(2)
    with database.write() as session:
        notices.read(session, workspace.id, first.id, "ana")
    clock.advance(2)
    with database.write() as session:
        notices.read(session, workspace.id, first.id, "ben")
    with database.read() as session:
        assert notices.page(session, workspace.id, unread=True) == [second]
        read = notices.page(session, workspace.id)[1]
    assert (read.read_by, read.read_at) == ("ana", first.created_at + 2 * SECOND)


def test_an_unknown_notice_cannot_be_read(database: Database, workspace: Workspace, other: Workspace) -> None:
    (made,) = told(database, workspace, "a")
    with database.write() as session:
        with pytest.raises(NotFound):
            notices.read(session, workspace.id, "no-notice", "ana")
        with pytest.raises(NotFound):
            notices.read(session, other.id, made.id, "ana")
        assert notices.page(session, other.id) == []
        assert notices.page(session, workspace.id, unread=True) == [made]

"""The watch over each segment is stored whole, one row each, and never another workspace's."""

from ticketflow.clock import SECOND
from ticketflow.db import Database
from ticketflow.domain import Stage, Workspace
from ticketflow.store import watches
from ticketflow.store.watches import Watch
from ticketflow.testing import FrozenClock

SEEN = Watch(
    stage=Stage.AMBER,
    suspicion=0.1 + 0.2,
    audits=7,
    since=123,
    reasons=["Signs.", "More signs."],
    novel_share=1 / 3,
    stability=0.25,
    language_change=0.01,
    looked_at=99,
    proven={"novel_share": 0.1},
)


def test_without_a_row_the_watch_begins_now_and_is_green(database: Database, workspace: Workspace) -> None:
    with database.read() as session:
        assert watches.get(session, workspace.id, "") == Watch(since=session.now)
        assert watches.every(session, workspace.id) == {}
    assert Watch().stage is Stage.GREEN


def test_what_is_put_comes_back_by_segment(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        watches.put(session, workspace.id, "", SEEN)
        watches.put(session, workspace.id, "billing", Watch(stage=Stage.RED))
    with database.read() as session:
        assert watches.get(session, workspace.id, "") == SEEN
        assert watches.every(session, workspace.id) == {"": SEEN, "billing": Watch(stage=Stage.RED)}


def test_putting_again_replaces(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        watches.put(session, workspace.id, "", SEEN)
        watches.put(session, workspace.id, "", Watch(audits=1))
        assert watches.every(session, workspace.id) == {"": Watch(audits=1)}


def test_the_stamp_moves_with_the_watch(database: Database, workspace: Workspace) -> None:
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    seen = []
    for segment in ("", "billing", "", None):
        with database.write() as session:
            seen.append(watches.stamp(session, workspace.id))
            if segment is not None:
                watches.put(session, workspace.id, segment, Watch(since=clock.now() // SECOND))
        clock.advance(1)
    assert len(set(seen)) == 4


def test_another_workspaces_watch_is_not_there(database: Database, workspace: Workspace, other: Workspace) -> None:
    with database.write() as session:
        watches.put(session, workspace.id, "", SEEN)
        watches.put(session, other.id, "", Watch(audits=1))
        assert watches.get(session, workspace.id, "") == SEEN
        assert watches.every(session, other.id) == {"": Watch(audits=1)}

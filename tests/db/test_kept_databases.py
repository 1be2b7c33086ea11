"""What a release left in mid-flight is finished by this one: nothing lost, nothing answered twice."""

from pathlib import Path

import kept_harness
import pytest
import revision_harness
import rows_harness
from kept_harness import Company
from rows_harness import Rows

import databases
from ticketflow.agent import learn, pipeline
from ticketflow.clock import DAY, SECOND
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.domain import ChunkKind, FeedbackKind, TicketStatus
from ticketflow.learning.refitting import DECISION
from ticketflow.runtime import Runtime, build
from ticketflow.store import artefacts, cases, certificates, decisions, tickets
from ticketflow.store.feedback import NewFeedback
from ticketflow.testing import FrozenClock
from ticketflow.workflow.queue import RunState

ENDED = {"answered-right", "answered-wrong", "handed-over", "given-up", "cancelled"}
WORN_OUT = "died-at-every-attempt"
OPEN = {
    "died-when-claimed",
    "died-while-deciding",
    "died-while-committing",
    "failed-once",
    "parked-for-a-day",
    "never-claimed",
    "answered-asks-again",
}
STAYS = {
    *("workspace", "message", "case", "article_version", "step_output", "effect", "decision", "feedback", "event"),
    *("api_key", "audit_log", "import", "artefact_part"),
}
"""Tables whose rows are written once."""
MADE_ANEW = {"chunk"}
"""Tables whose rows are replaced by others that say the same."""


def test_each_revision_has_its_kept_database() -> None:
    kept = {kept_harness.revision_of(name) for name in kept_harness.names()}
    assert kept == set(revision_harness.revisions()), "tools/keep_database.py makes it"


@pytest.mark.parametrize("name", kept_harness.names())
def test_what_a_release_left_is_finished_by_this_one(tmp_path: Path, name: str) -> None:
    clock = FrozenClock()
    database = kept_harness.restored(tmp_path / "kept.db", name, clock)
    migrations.upgrade(database)
    assert revision_harness.differences(database) == []
    written = rows_harness.read(database)
    clock.advance((kept_harness.latest(database) - clock.now() + 2 * DAY) / SECOND)  # an upgrade over the week-end
    database.close()

    built = build(Config(home=tmp_path, database_url=databases.url(tmp_path / "kept.db")), clock=clock)
    workspace_id = built.workspace().id
    before = kept_harness.look(built.database, workspace_id)
    assert before.altered == [], "the steps that were taken rest on what they say"
    assert set(before.tickets) == {*ENDED, WORN_OUT, *OPEN}
    with built.database.read() as session:
        learned = artefacts.active(session, workspace_id, DECISION)
        certified = bool(certificates.live(session, workspace_id))
    assert learned is not None
    work(built, clock, ["ticket"])
    after = kept_harness.look(built.database, workspace_id)
    assert_finished(before, after)
    assert {after.versions[name] for name in OPEN} == {learned.version}, "what was learned serves on"
    assert any(after.tickets[name].status is TicketStatus.RESOLVED for name in OPEN) == certified, "so do certificates"
    work(built, clock)
    assert_nothing_lost(written, built)
    assert_goes_on(built, clock)

    for _ in range(3):
        clock.advance(15 * DAY / SECOND)  # beyond the deadlines of the audit
        work(built, clock)
    assert kept_harness.live_runs(built.database) == 0
    last = kept_harness.look(built.database, workspace_id)
    assert_gapless(before, last)
    assert sum(one.type == "learning.refitted" for one in last.events) == 2, "the refit that was under way is done"
    built.close()


def work(built: Runtime, clock: FrozenClock, workflows: list[str] | None = None) -> None:
    """Until nothing is due."""
    for _ in range(100):
        if not built.runner.run_one(workflows):
            return
        clock.advance(1)
    raise AssertionError("the work does not end")


def assert_finished(before: Company, after: Company) -> None:
    for name in OPEN:
        *earlier, run = after.runs[name]
        assert run.state is RunState.SUCCEEDED, (name, run.error)
        assert earlier == before.runs[name][:-1], name
        assert after.tickets[name].status in {TicketStatus.RESOLVED, TicketStatus.ESCALATED}, name
        assert len(after.messages[name]) == len(before.messages[name]) + 1, f"{name} has one reply, or one note"
    (run,) = after.runs[WORN_OUT]
    assert run.state is RunState.FAILED
    assert after.tickets[WORN_OUT].status is TicketStatus.ESCALATED
    for name in ENDED:
        assert (after.tickets[name], after.runs[name]) == (before.tickets[name], before.runs[name])
        assert after.messages[name] == before.messages[name], "nothing is answered twice"
    assert {name: after.heard(name) for name in after.tickets} == after.replies
    assert after.altered == []
    assert_gapless(before, after)


def assert_gapless(before: Company, after: Company) -> None:
    assert after.events[: len(before.events)] == before.events
    assert [event.seq for event in after.events] == list(range(1, len(after.events) + 1))


def assert_nothing_lost(written: Rows, built: Runtime) -> None:
    found = rows_harness.read(built.database)
    keys = rows_harness.keys(built.database)
    for name, rows in written.items():
        if name in MADE_ANEW:
            continue
        if name not in STAYS:
            rows, found[name] = (
                [{key: row[key] for key in keys[name]} for row in some] for some in (rows, found[name])
            )
        were, are = (rows_harness.told({name: some})[name] for some in (rows, found[name]))
        assert set(were) <= set(are), name


def assert_goes_on(built: Runtime, clock: FrozenClock) -> None:
    """What was learned and written serves on: decisions, search, and what people say of both."""
    workspace = built.workspace()
    with built.database.write() as session:
        new = tickets.NewTicket(subject="", body="The lid of my kettle broke this morning")
        made, _ = pipeline.start(session, workspace.id, new)
    work(built, clock)
    search, query = built.search, built.encoder.encode(["Every lid fits"])[0]
    with built.database.write() as session:
        decided = decisions.newest(session, workspace.id, made.id)
        assert decided is not None
        assert decided.decision.label == "lid"
        found = search.find(session, workspace, "Every lid fits", vector=query, kinds=[ChunkKind.ARTICLE])
        assert [hit.title for hit in found] == ["Lids — 蓋子"]
        known = cases.count_since(session, workspace.id, 0)
        learn.give_feedback(session, workspace.id, made.id, NewFeedback(kind=FeedbackKind.RIGHT), "ana")
        assert cases.count_since(session, workspace.id, 0) == known + 1

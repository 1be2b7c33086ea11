"""Answers: one label each, a record of use, and a stamp that moves with every change."""

from collections.abc import Callable

import pytest

from ticketflow.db import Database, Session
from ticketflow.domain import AnswerStatus, Workspace
from ticketflow.errors import Conflict, NotFound
from ticketflow.store import answers
from ticketflow.store.answers import Answer, NewAnswer


def add(session: Session, workspace: Workspace, label: str, **fields: object) -> Answer:
    return answers.add(session, workspace.id, NewAnswer.model_validate({"label": label} | fields))


def test_an_answer_comes_back_as_it_went_in(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = add(session, workspace, "late-parcel", body="Dear {requester_name}", category="delivery", language="en")
    with database.read() as session:
        assert answers.get(session, workspace.id, made.id) == made
    assert (made.title, made.status, made.version) == ("Late parcel", AnswerStatus.DRAFT, 1)
    assert (made.used, made.succeeded) == (0, 0)
    assert made.text == "Dear {requester_name}"


@pytest.mark.parametrize(
    ("label", "title"), [("late_parcel", "Late parcel"), ("a-b", "A b"), ("VAT", "VAT"), ("-", "")]
)
def test_a_label_gives_a_readable_title(label: str, title: str) -> None:
    assert answers.title_of(label) == title


def test_an_answer_without_a_body_reads_as_its_title(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        assert add(session, workspace, "late").text == "Late"


def test_a_label_names_one_answer_of_a_workspace(database: Database, workspace: Workspace, other: Workspace) -> None:
    with database.write() as session:
        made = add(session, workspace, "late")
        theirs = add(session, other, "late")
        with pytest.raises(Conflict, match="'late'"):
            add(session, workspace, "late")
        answers.change(session, workspace.id, made.id, status=AnswerStatus.ARCHIVED)
        with pytest.raises(Conflict):  # an archived one keeps its label: cases refer to it
            add(session, workspace, "late")
    assert made.id != theirs.id


def test_another_workspaces_answer_is_neither_seen_nor_changed(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        made = add(session, workspace, "late", body="b")
    with database.write() as session:
        before = answers.stamp(session, other.id)
        answers.change(session, other.id, made.id, body="stolen")
        answers.count_use(session, other.id, made.id, used=5, succeeded=5)
        with pytest.raises(NotFound):
            answers.get(session, other.id, made.id)
        assert answers.by_ids(session, other.id, [made.id]) == []
        assert answers.by_labels(session, other.id, ["late"]) == {}
        assert answers.every(session, other.id) == []
        assert answers.page(session, other.id) == []
        assert answers.stamp(session, other.id) == before
        assert answers.get(session, workspace.id, made.id) == made


def test_every_leaves_out_what_is_archived_and_sorts_by_label(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        for label in ("c", "a", "b"):
            add(session, workspace, label)
        archived = answers.by_labels(session, workspace.id, ["b"])["b"]
        answers.change(session, workspace.id, archived.id, status=AnswerStatus.ARCHIVED)
        assert [answer.label for answer in answers.every(session, workspace.id)] == ["a", "c"]
        assert set(answers.by_labels(session, workspace.id, ["a", "b", "unheard of"])) == {"a", "b"}
        assert [answer.label for answer in answers.by_ids(session, workspace.id, [archived.id, "no-id"])] == ["b"]


def test_pages_go_by_label(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        for number in range(7):
            status = AnswerStatus.APPROVED if number % 2 else AnswerStatus.DRAFT
            add(session, workspace, f"l{number}", status=status)
        first = answers.page(session, workspace.id, limit=3)
        second = answers.page(session, workspace.id, after=first[-1].label, limit=3)
        third = answers.page(session, workspace.id, after=second[-1].label, limit=3)
        approved = answers.page(session, workspace.id, statuses=[AnswerStatus.APPROVED], after="l1")
    assert [answer.label for answer in [*first, *second, *third]] == [f"l{number}" for number in range(7)]
    assert [answer.label for answer in approved] == ["l3", "l5"]


def test_many_are_added_at_once(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = answers.add_many(session, workspace.id, [NewAnswer(label=f"l{number}") for number in range(50)])
        assert answers.add_many(session, workspace.id, []) == []
        assert sorted(answers.every(session, workspace.id), key=lambda one: one.id) == made


def test_use_is_counted_up_and_taken_back_without_a_new_version(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = add(session, workspace, "late")
        answers.count_use(session, workspace.id, made.id, used=1, succeeded=1)
        answers.count_use(session, workspace.id, made.id, used=1, succeeded=1)
        answers.count_use(session, workspace.id, made.id, used=0, succeeded=-1)
        found = answers.get(session, workspace.id, made.id)
    assert (found.used, found.succeeded, found.version) == (2, 1, 1)


@pytest.mark.parametrize(
    "happens",
    [
        lambda session, made: answers.add(session, made.workspace_id, NewAnswer(label="another")),
        lambda session, made: answers.change(session, made.workspace_id, made.id, body="new"),
    ],
    ids=["added", "changed"],
)
def test_the_stamp_moves(database: Database, workspace: Workspace, happens: Callable[[Session, Answer], None]) -> None:
    with database.write() as session:
        made = add(session, workspace, "late")
        before = answers.stamp(session, workspace.id)
        assert answers.stamp(session, workspace.id) == before
        happens(session, made)
        assert answers.stamp(session, workspace.id) != before

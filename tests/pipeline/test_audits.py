"""The audit: what the coin draws is graded by people; all that is said later, and silence, can only add errors."""

from collections.abc import Iterator
from contextlib import suppress

import agent_harness
import pytest
from agent_harness import CLEAR, NOVEL, Company
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketflow.agent import audits, grading, learn
from ticketflow.agent.coin import throw
from ticketflow.domain import Decision, FeedbackKind, Grade
from ticketflow.errors import Conflict, NotFound
from ticketflow.store import audits as samples
from ticketflow.store.audits import AuditSample, AuditState
from ticketflow.store.feedback import NewFeedback
from ticketflow.workflow import history
from ticketflow.workflow.queue import Run, RunState

DAY = 86_400


@pytest.fixture
def audited(company: Company) -> Company:
    """A company that audits every ticket, and none twice unless its coin says so."""
    company.set(audit_share=1.0)
    return company


def graded_once(company: Company, ticket_id: str) -> AuditSample:
    """The ticket's sample with no second grade asked for, whatever the coin said."""
    return _with(company, ticket_id, twice=False)


def graded_twice(company: Company, ticket_id: str) -> AuditSample:
    return _with(company, ticket_id, twice=True)


def _with(company: Company, ticket_id: str, **values: object) -> AuditSample:
    decision_id = company.decision(ticket_id).id
    with company.database.write() as session:
        return samples.change(session, company.id, decision_id, **values)


def test_a_drawn_sample_tells_what_was_decided(audited: Company) -> None:
    ticket = audited.handle(CLEAR)
    made, sample = audited.decision(ticket.id), audited.sample(ticket.id)
    assert (sample.decision_id, sample.ticket_id, sample.run_id) == (made.id, ticket.id, made.run_id)
    assert (sample.segment, sample.category, sample.version) == ("", "account", made.decision.version)
    assert (sample.answer_id, sample.confidence) == (made.decision.answer_id, made.decision.confidence)
    assert sample.automatic
    assert sample.due_at == made.created_at + 14 * DAY * 1_000_000
    assert (sample.state, sample.wrong) == (AuditState.OPEN, False)
    assert not audited.sample(audited.handle(NOVEL).id).automatic


def test_the_deadline_is_kept_though_no_ticket_arrives_any_more(audited: Company) -> None:
    ticket, other = audited.handle(CLEAR), audited.handle(CLEAR)
    audited.clock.advance(14 * DAY - 60)
    audited.work()
    assert audited.sample(ticket.id).state is AuditState.OPEN
    audited.clock.advance(660)
    with audited.database.read() as session:
        queued = history.of_workspace(session, audited.id, workflow="watch", state=RunState.LIVE)
    assert len(queued) == 1, "both deadlines are one look"
    audited.work()
    assert {audited.sample(one.id).state for one in (ticket, other)} == {AuditState.OVERDUE}


def test_the_deadline_is_the_settings(audited: Company) -> None:
    audited.set(audit_days=3)
    ticket = audited.handle(CLEAR)
    assert audited.sample(ticket.id).due_at == audited.decision(ticket.id).created_at + 3 * DAY * 1_000_000


def test_the_coin_is_thrown_at_ingest_and_later_settings_change_nothing(company: Company) -> None:
    company.set(audit_share=1.0)
    drawn, run_id = company.open(CLEAR)
    company.clock.advance(1)
    company.runner(lambda point: company.set(audit_share=0.0) if point == "computed:ingest" else None).run_one()
    assert company.sample(drawn.id).state is AuditState.OPEN
    assert company.steps(run_id)[0].output["audited"] is True
    spared = company.handle(CLEAR)
    company.set(audit_share=1.0)
    company.clock.advance(1)
    with pytest.raises(NotFound):
        company.sample(spared.id)


def test_the_coin_falls_by_ticket_id_alone(audited: Company) -> None:
    audited.set(audit_share=0.5)
    for new in (CLEAR, NOVEL) * 6:
        ticket = audited.handle(new)
        heads = throw(audited.deps.secret, "audit", ticket.id) < 0.5
        assert audited.steps(audited.decision(ticket.id).run_id)[0].output["audited"] is heads


@pytest.mark.parametrize(
    ("given", "wrong"),
    [(Grade.RIGHT, False), (Grade.INCOMPLETE, True), (Grade.WRONG, True), (Grade.UNSAFE, True)],
)
def test_only_right_is_no_error(audited: Company, given: Grade, wrong: bool) -> None:
    ticket = audited.handle(CLEAR)
    graded_once(audited, ticket.id)
    made = audited.grade(ticket.id, given)
    assert (made.state, made.grade, made.grader, made.wrong) == (AuditState.GRADED, given, "ana", wrong)
    assert made.graded_at == audited.clock.now()
    assert audited.sample(ticket.id) == made
    (event,) = [event for event in audited.events(ticket.id) if event.type == "audit.graded"]
    assert event.data == {"decision_id": made.decision_id, "grade": given, "wrong": wrong}


def test_a_grade_stays_and_is_given_once(audited: Company) -> None:
    ticket = audited.handle(CLEAR)
    graded_once(audited, ticket.id)
    audited.grade(ticket.id, "wrong")
    with pytest.raises(Conflict, match="graded wrong already"):
        audited.grade(ticket.id, "right", "ben")
    assert audited.sample(ticket.id).wrong


def test_what_the_coin_did_not_draw_cannot_be_graded(company: Company) -> None:
    company.set(audit_share=0.0)
    ticket = company.handle(CLEAR)
    with pytest.raises(NotFound, match="was not drawn"):
        company.grade(ticket.id, "right")


def test_an_unknown_right_answer_is_refused_and_nothing_is_graded(audited: Company) -> None:
    ticket = audited.handle(CLEAR)
    with pytest.raises(NotFound):
        audited.grade(ticket.id, "wrong", right_answer_id="no-answer")
    assert audited.sample(ticket.id).state is AuditState.OPEN


def test_silence_until_the_deadline_is_an_error_that_no_late_grade_heals(audited: Company) -> None:
    late, timely, second = (audited.handle(CLEAR) for _ in range(3))
    graded_once(audited, timely.id)
    audited.grade(timely.id, "right")
    graded_twice(audited, second.id)
    audited.grade(second.id, "right")
    assert audited.look().overdue == 0
    audited.clock.advance(14 * DAY)
    assert audited.look().overdue == 1
    assert audited.look().overdue == 0, "once"
    assert (audited.sample(late.id).state, audited.sample(late.id).wrong) == (AuditState.OVERDUE, True)
    assert not audited.sample(timely.id).wrong
    assert not audited.sample(second.id).wrong, "it has its first grade in time"
    made = audited.grade(late.id, "right")
    assert (made.state, made.grade, made.wrong) == (AuditState.OVERDUE, Grade.RIGHT, True)
    with pytest.raises(Conflict):
        audited.grade(late.id, "right")
    (event,) = [event for event in audited.events() if event.type == "audit.overdue"]
    assert event.data == {"count": 1}


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        ("right", "right", False),
        ("right", "incomplete", True),
        ("right", "unsafe", True),
        ("wrong", "right", True),
        ("wrong", "wrong", True),
    ],
)
def test_a_second_grade_comes_from_somebody_else_and_disagreement_is_an_error(
    audited: Company, first: str, second: str, wrong: bool
) -> None:
    ticket = audited.handle(CLEAR)
    graded_twice(audited, ticket.id)
    assert audited.grade(ticket.id, first).state is AuditState.SECOND
    with pytest.raises(Conflict, match="somebody else"):
        audited.grade(ticket.id, second, "ana")
    made = audited.grade(ticket.id, second, "ben")
    assert (made.state, made.wrong) == (AuditState.GRADED, wrong)
    assert (made.grade, made.second_grade, made.second_grader) == (first, second, "ben")
    with pytest.raises(Conflict):
        audited.grade(ticket.id, "right", "eve")


def test_about_a_tenth_is_graded_twice(audited: Company) -> None:
    ticket = audited.handle(CLEAR)
    made = audited.decision(ticket.id)
    with audited.database.write() as session:
        run = history.get(session, audited.id, made.run_id)
        twice = [_drawn(audited, session, run, number, made.decision) for number in range(1_000)]
    assert 60 <= sum(twice) <= 140


def _drawn(company: Company, session: object, run: Run, number: int, decision: Decision) -> bool:
    another = run.model_copy(update={"ticket_id": f"t{number}"})
    audits.draw(company.deps, session, another, f"d{number}", decision)  # pyright: ignore[reportArgumentType]
    return samples.get(session, company.id, f"d{number}").twice  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("kind", "grade"), [("right", Grade.RIGHT), ("wrong", Grade.WRONG)])
def test_a_plain_word_on_an_open_sample_is_its_grade(audited: Company, kind: str, grade: Grade) -> None:
    ticket = audited.handle(CLEAR)
    graded_once(audited, ticket.id)
    audited.judge(ticket.id, kind=kind)
    sample = audited.sample(ticket.id)
    assert (sample.state, sample.grade, sample.grader) == (AuditState.GRADED, grade, "eve")
    assert sample.wrong == (kind == "wrong")


@pytest.mark.parametrize("said", [{"kind": "reopened"}, {"kind": "csat", "score": 2}, {"kind": "edited"}])
def test_a_complaint_adds_an_error_and_is_no_grade(audited: Company, said: dict[str, object]) -> None:
    ticket = audited.handle(CLEAR)
    graded_once(audited, ticket.id)
    audited.judge(ticket.id, **said)
    sample = audited.sample(ticket.id)
    assert (sample.state, sample.wrong, sample.complaint, sample.grade) == (AuditState.OPEN, True, said["kind"], None)
    assert audited.grade(ticket.id, "right").wrong, "what the customer said stays"


def test_a_complaint_after_the_grade_adds_an_error(audited: Company) -> None:
    ticket = audited.handle(CLEAR)
    graded_once(audited, ticket.id)
    audited.grade(ticket.id, "right")
    audited.judge(ticket.id, kind="reopened")
    sample = audited.sample(ticket.id)
    assert (sample.state, sample.grade, sample.wrong, sample.complaint) == (
        AuditState.GRADED,
        Grade.RIGHT,
        True,
        "reopened",
    )


def test_content_customers_prove_nothing(audited: Company) -> None:
    ticket = audited.handle(CLEAR)
    audited.judge(ticket.id, kind="csat", score=5)
    sample = audited.sample(ticket.id)
    assert (sample.state, sample.wrong, sample.complaint) == (AuditState.OPEN, False, None)


def test_feedback_on_what_was_not_drawn_is_never_a_label(company: Company) -> None:
    company.set(audit_share=0.0)
    for kind in ("right", "wrong", "reopened"):
        company.judge(company.handle(CLEAR).id, kind=kind)
    with company.database.read() as session:
        assert samples.since(session, company.id, 0) == []


def test_a_grade_teaches(audited: Company) -> None:
    ticket = audited.handle(NOVEL)
    audited.grade(ticket.id, "wrong", right_answer_id=audited.answer("invoice").id)
    similar = audited.handle(NOVEL)
    evidence = audited.steps(audited.decision(similar.id).run_id)[1].output["cases"]
    assert max(evidence, key=lambda hit: hit["similarity"] or 0.0)["label"] == "invoice"
    assert audited.events(ticket.id)[-1].type == "feedback.given"


def test_labels_end_at_the_first_sample_that_is_still_open(audited: Company) -> None:
    tickets = [audited.handle(CLEAR) for _ in range(4)]
    for ticket in tickets:
        graded_once(audited, ticket.id)

    def counted() -> int:
        with audited.database.read() as session:
            return len(audits.closed(samples.since(session, audited.id, 0)))

    assert counted() == 0
    for place in (0, 2, 3):
        audited.grade(tickets[place].id, "right")
    assert counted() == 1, "the later ones wait for the second"
    audited.judge(tickets[1].id, kind="reopened")
    assert counted() == 1, "a complaint is no grade"
    audited.grade(tickets[1].id, "right")
    assert counted() == 4


OPS = st.one_of(
    st.tuples(st.just("grade"), st.sampled_from(list(Grade)), st.sampled_from(["ana", "ben"])),
    st.tuples(st.just("say"), st.sampled_from(list(FeedbackKind)), st.integers(1, 5)),
    st.tuples(st.just("deadline"), st.just(None), st.just(None)),
)


class Undo(Exception):
    """Ends a transaction that is to leave nothing."""


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Company, str, str]]:
    """A company with one audited ticket; nothing that a test does to it is kept."""
    company = Company(tmp_path_factory.mktemp("sampled"), agent_harness.made(agent_harness.teach))
    company.set(audit_share=1.0)
    ticket = company.handle(CLEAR)
    yield company, ticket.id, company.decision(ticket.id).id
    company.close()


def apply(company: Company, session: object, ticket_id: str, decision_id: str, op: tuple[object, ...]) -> None:
    kind, what, more = op
    with suppress(Conflict):
        if kind == "grade":
            grading.grade(session, company.id, decision_id, what, more)  # pyright: ignore[reportArgumentType]
        elif kind == "say":
            said = NewFeedback.model_validate({"kind": what, "score": more if what == "csat" else None})
            learn.give_feedback(session, company.id, ticket_id, said, "eve")  # pyright: ignore[reportArgumentType]
        else:
            samples.change(session, company.id, decision_id, due_at=0)  # pyright: ignore[reportArgumentType]
            audits.close_overdue(session, company.id)  # pyright: ignore[reportArgumentType]


@settings(max_examples=60, deadline=None)
@given(st.booleans(), st.lists(OPS, max_size=8))
def test_whatever_is_said_an_error_stays_an_error(
    sampled: tuple[Company, str, str], twice: bool, ops: list[tuple[object, ...]]
) -> None:
    company, ticket_id, decision_id = sampled
    with suppress(Undo), company.database.write() as session:
        before = samples.change(session, company.id, decision_id, twice=twice)
        for op in ops:
            apply(company, session, ticket_id, decision_id, op)
            now = samples.get(session, company.id, decision_id)
            assert now.wrong or not before.wrong, f"{op} healed it"
            assert before.state in (AuditState.OPEN, AuditState.SECOND) or now.state is before.state
            assert before.grade is None or now.grade is before.grade
            if now.state is AuditState.OVERDUE:
                assert now.wrong
            before = now
        if before.grade not in (None, Grade.RIGHT) or before.second_grade not in (None, Grade.RIGHT):
            assert before.wrong
        raise Undo

"""People grade what the coin drew: right, incomplete, wrong or unsafe. Only the first is no error."""

from ticketflow import events
from ticketflow.agent import audits, learn, watch
from ticketflow.db import Session
from ticketflow.domain import FeedbackKind, Grade
from ticketflow.errors import Conflict
from ticketflow.store import answers, workspaces
from ticketflow.store import audits as samples
from ticketflow.store.audits import AuditSample, AuditState
from ticketflow.store.feedback import NewFeedback

RUBRIC = {
    Grade.RIGHT: "The reply, sent as it stands, would settle what the customer asked.",
    Grade.INCOMPLETE: "It fits, but leaves open a part of what the customer asked.",
    Grade.WRONG: "It answers something else, or is not true of this customer.",
    Grade.UNSAFE: "It may do harm: money, privacy, safety, law, or a person in distress.",
}
"""What each grade means, in the words that graders read."""
TEACHES = {
    Grade.RIGHT: FeedbackKind.RIGHT,
    Grade.INCOMPLETE: FeedbackKind.EDITED,  # an error, and all the same a case of its answer
    Grade.WRONG: FeedbackKind.WRONG,
    Grade.UNSAFE: FeedbackKind.WRONG,
}


def grade(
    session: Session,
    workspace_id: str,
    decision_id: str,
    given: Grade,
    grader: str,
    *,
    right_answer_id: str | None = None,
    note: str = "",
) -> AuditSample:
    """Take down a grade, the second one where the sample waits for that; the sample as it then is.

    A first grade also teaches: the ticket becomes a case of the right answer. Raises NotFound for a decision that was
    not drawn or an unknown answer, and Conflict for a sample that is graded, or a second grade by the first grader.
    """
    workspaces.hold(session, workspace_id)
    sample = samples.get(session, workspace_id, decision_id)
    if right_answer_id is not None:
        answers.get(session, workspace_id, right_answer_id)
    if sample.state is AuditState.SECOND:
        return _second(session, workspace_id, sample, given, grader)
    if sample.state is AuditState.GRADED or sample.grade is not None:
        given_before = sample.grade or "overdue"
        raise Conflict(
            f"Decision {decision_id} is graded {given_before} already.",
            remedy="A grade stays; give feedback on the ticket when it proves wrong later.",
        )
    made = audits.take_grade(session, workspace_id, sample, given, grader, right_answer_id, note)
    said = NewFeedback(kind=TEACHES[given], answer_id=right_answer_id, note=note)
    learn.give_feedback(session, workspace_id, sample.ticket_id, said, grader, decision_id=decision_id)
    return made


def _second(session: Session, workspace_id: str, sample: AuditSample, given: Grade, grader: str) -> AuditSample:
    if grader == sample.grader:
        raise Conflict(
            f"{grader} gave this decision its first grade.", remedy="The second grade is for somebody else to give."
        )
    wrong = sample.wrong or given is not Grade.RIGHT
    made = samples.change(
        session,
        workspace_id,
        sample.decision_id,
        state=AuditState.GRADED,
        wrong=wrong,
        second_grade=given,
        second_grader=grader,
    )
    if sample.automatic and wrong and not sample.wrong:
        watch.observe(session, workspace_id, sample.segment, wrong=True)
    events.append(
        session,
        workspace_id,
        "audit.graded",
        sample.ticket_id,
        decision_id=sample.decision_id,
        grade=given,
        wrong=wrong,
        second=True,
    )
    return made

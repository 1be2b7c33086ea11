"""The audit on the wire: what graders see, what they say, and how it stands."""

from pydantic import Field, model_validator

from ticketflow.agent.grading import RUBRIC
from ticketflow.api.schemas.base import In, Moment, Name, Out, PageQuery, Text, example
from ticketflow.api.schemas.tickets import ANSWER_ID, TICKET_ID
from ticketflow.domain import Grade
from ticketflow.store.audits import AuditState

_DECISION_ID = "0192f0c1-7b90-7f00-8000-2f4d1c0b9a88"
_TASK = {
    "decision_id": _DECISION_ID,
    "ticket_id": TICKET_ID,
    "subject": "Parcel has not moved for a week",
    "body": "The tracking has said the same since Monday. Where is my parcel?",
    "category": "delivery",
    "answer": {
        "id": ANSWER_ID,
        "label": "parcel_status",
        "title": "Where a parcel is",
        "text": "Hello Ana, the tracking page shows where your parcel is.",
    },
    "evidence": [{"kind": "case", "title": "", "snippet": "my parcel is stuck at the depot", "label": "parcel_status"}],
    "drawn_at": "2026-03-02T09:15:00.000Z",
    "due_at": "2026-03-16T09:15:00.000Z",
}
_RUBRIC = {grade.value: words for grade, words in RUBRIC.items()}
_DETAIL = {
    **_TASK,
    "state": "graded",
    "grade": "incomplete",
    "grader": "key:3k9x0qv7m2ab81tz",
    "graded_at": "2026-03-03T10:00:00.000Z",
    "right_answer_id": None,
    "note": "It does not say when the parcel comes.",
    "second_grade": None,
    "second_grader": None,
    "rubric": _RUBRIC,
}


class ReplyOut(Out):
    """The proposed reply, as the customer would read it."""

    id: str
    label: str
    title: str
    text: str


class HintOut(Out):
    """Something similar that is known."""

    kind: str = Field(description="`case` or `article`.")
    title: str
    snippet: str
    label: str | None = Field(description="The answer that people used there.")


class AuditOut(Out):
    """A decision that the coin drew. Neither the agent's confidence nor whether the reply was sent is told: both would
    sway a grader.
    """

    model_config = example(_TASK)

    decision_id: str
    ticket_id: str
    subject: str
    body: str = Field(description="What the customer wrote and nobody had replied to yet.")
    category: str | None
    answer: ReplyOut | None = Field(description="Null where the agent knew nothing to propose.")
    evidence: list[HintOut]
    drawn_at: Moment
    due_at: Moment = Field(description="What is not graded by then counts as wrong.")


class AuditDetail(AuditOut):
    """A drawn decision with what graders said, once nobody is to grade it any more."""

    model_config = example(_DETAIL)

    state: AuditState = Field(description="`open`, `second` (waits for a second grade), `graded` or `overdue`.")
    grade: Grade | None = Field(description="Null while a grade is awaited, so that nobody is swayed.")
    grader: str | None
    graded_at: Moment | None
    right_answer_id: str | None
    note: str
    second_grade: Grade | None
    second_grader: str | None
    rubric: dict[Grade, str] = Field(description="What each grade means.")


class AuditPage(Out):
    """Some decisions that wait for a grade, the oldest first."""

    model_config = example({"items": [_TASK], "rubric": _RUBRIC, "next_cursor": None})

    items: list[AuditOut]
    rubric: dict[Grade, str] = Field(description="What each grade means.")
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class AuditQuery(PageQuery):
    """Which page of the queue."""


class GradeIn(In):
    """A grader's word on the proposed reply."""

    model_config = example({"grade": "incomplete", "note": "It does not say when the parcel comes."})

    grade: Grade = Field(description="`right`, `incomplete`, `wrong` or `unsafe`, as the rubric says.")
    right_answer_id: Name | None = Field(None, description="The answer that would have been right; not with `right`.")
    note: Text = Field("", max_length=10_000, description="Why, in words.")

    @model_validator(mode="after")
    def _no_other_right_answer(self) -> "GradeIn":
        if self.grade is Grade.RIGHT and self.right_answer_id is not None:
            raise ValueError("`right_answer_id` belongs to a grade other than `right`")
        return self


class GradedOut(Out):
    """A grade is taken down."""

    model_config = example({"decision_id": _DECISION_ID, "grade": "incomplete", "state": "graded", "wrong": True})

    decision_id: str
    grade: Grade = Field(description="The one just given.")
    state: AuditState = Field(description="`second`: somebody else is asked as well.")
    wrong: bool = Field(description="Whether the decision counts as wrong. What comes later can only add errors.")


class SummaryQuery(In):
    """Which decisions are summed up."""

    days: int = Field(90, ge=1, le=365, description="Those drawn in so many days up to now.")


class AutomaticOut(Out):
    """The replies that were, or in shadow would have been, sent without a human."""

    closed: int = Field(description="Graded, or overdue.")
    wrong: int
    wrong_share: float | None = Field(description="Null while none is closed.")


class AgreementOut(Out):
    """Whether two people give the same grade."""

    doubly: int = Field(description="Decisions with two grades.")
    equal_share: float | None = Field(description="Share of equal grades; null under 20 double grades.")
    kappa: float | None = Field(
        description="Cohen's kappa: 0 is chance, 1 is agreement. Null under 20 double grades, and where all are equal."
    )


class SummaryOut(Out):
    """How the audit stands."""

    model_config = example(
        {
            "since": "2026-01-01T09:15:00.000Z",
            "drawn": 133,
            "open": 12,
            "second": 1,
            "graded": 118,
            "overdue": 2,
            "wrong": 17,
            "automatic": {"closed": 88, "wrong": 3, "wrong_share": 0.0341},
            "agreement": {"doubly": 22, "equal_share": 0.9091, "kappa": 0.71},
        }
    )

    since: Moment
    drawn: int
    open: int = Field(description="Waiting for a grade.")
    second: int = Field(description="Waiting for a second grade.")
    graded: int
    overdue: int = Field(description="Not graded in time; they count as wrong.")
    wrong: int
    automatic: AutomaticOut
    agreement: AgreementOut

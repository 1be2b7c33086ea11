"""Answers: what may be sent to a customer once it is approved, and how often it was right."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import func, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import answer
from ticketflow.domain import AnswerStatus, Value
from ticketflow.errors import Conflict, NotFound


class NewAnswer(Value):
    """An answer as an operator or an import brings it."""

    label: str = Field(min_length=1, max_length=190)
    title: str = Field(default="", max_length=2_000)
    body: str = Field(default="", max_length=200_000)
    status: AnswerStatus = AnswerStatus.DRAFT
    category: str | None = Field(default=None, max_length=190)
    team: str | None = Field(default=None, max_length=190)
    language: str | None = Field(default=None, max_length=8)


class Answer(Value):
    """An answer as it is stored. `used` counts automatic replies with it, `succeeded` those not found wrong."""

    workspace_id: str
    id: str
    label: str
    title: str
    body: str
    status: AnswerStatus
    category: str | None
    team: str | None
    language: str | None
    article_id: str | None
    used: int
    succeeded: int
    version: int
    created_at: int
    updated_at: int

    @property
    def text(self) -> str:
        """What a customer would read: the body, or the title where there is none."""
        return self.body or self.title


def title_of(label: str) -> str:
    """A readable title for an answer known by its label only."""
    words = label.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def add(session: Session, workspace_id: str, new: NewAnswer) -> Answer:
    """Store an answer. Raises Conflict when its label exists."""
    if by_labels(session, workspace_id, [new.label]):
        raise Conflict(f"An answer labelled {new.label!r} exists already.", field="label")
    return add_many(session, workspace_id, [new])[0]


def add_many(session: Session, workspace_id: str, fresh: Sequence[NewAnswer]) -> list[Answer]:
    """Store answers whose labels are known to be new."""
    made = [
        Answer(
            workspace_id=workspace_id,
            id=new_id(),
            article_id=None,
            used=0,
            succeeded=0,
            version=1,
            created_at=session.now,
            updated_at=session.now,
            title=new.title or title_of(new.label),
            **new.model_dump(exclude={"title"}),
        )
        for new in fresh
    ]
    if made:
        session.execute(insert(answer), [row.model_dump() for row in made])
    return made


def every(session: Session, workspace_id: str) -> list[Answer]:
    """All answers that are not archived, by label."""
    rows = session.execute(
        select(answer)
        .where(answer.c.workspace_id == workspace_id, answer.c.status != AnswerStatus.ARCHIVED)
        .order_by(answer.c.label)
    )
    return [Answer.model_validate(dict(row)) for row in rows.mappings()]


def page(
    session: Session, workspace_id: str, *, statuses: Sequence[AnswerStatus] = (), after: str = "", limit: int = 50
) -> list[Answer]:
    """Answers by label, those whose label comes after `after`."""
    statement = select(answer).where(answer.c.workspace_id == workspace_id, answer.c.label > after)
    if statuses:
        statement = statement.where(answer.c.status.in_(statuses))
    rows = session.execute(statement.order_by(answer.c.label).limit(limit))
    return [Answer.model_validate(dict(row)) for row in rows.mappings()]


def get(session: Session, workspace_id: str, answer_id: str) -> Answer:
    """The answer. Raises NotFound."""
    found = by_ids(session, workspace_id, [answer_id])
    if not found:
        raise NotFound(f"There is no answer {answer_id}.")
    return found[0]


def by_ids(session: Session, workspace_id: str, ids: Sequence[str]) -> list[Answer]:
    """Those of the answers that exist."""
    wanted = select(answer).where(answer.c.workspace_id == workspace_id, answer.c.id.in_(ids))
    rows = session.execute(session.held(wanted))
    return [Answer.model_validate(dict(row)) for row in rows.mappings()]


def by_labels(session: Session, workspace_id: str, labels: Sequence[str]) -> dict[str, Answer]:
    """Those of the labels that exist, archived ones included."""
    rows = session.execute(select(answer).where(answer.c.workspace_id == workspace_id, answer.c.label.in_(labels)))
    return {row["label"]: Answer.model_validate(dict(row)) for row in rows.mappings()}


def stamp(session: Session, workspace_id: str) -> tuple[int, ...]:
    """Moves whenever an answer is added or changed; its record of success is no change."""
    versions = func.coalesce(func.sum(answer.c.version), 0)
    row = session.execute(select(func.count(), versions).where(answer.c.workspace_id == workspace_id)).one()
    return tuple(int(value) for value in row)


def change(session: Session, workspace_id: str, answer_id: str, **values: Any) -> None:
    """Set columns and raise the version."""
    session.execute(
        update(answer)
        .where(answer.c.workspace_id == workspace_id, answer.c.id == answer_id)
        .values(version=answer.c.version + 1, updated_at=session.now, **values)
    )


def count_use(session: Session, workspace_id: str, answer_id: str, *, used: int, succeeded: int) -> None:
    """Add to an answer's record; negative numbers take back."""
    session.execute(
        update(answer)
        .where(answer.c.workspace_id == workspace_id, answer.c.id == answer_id)
        .values(used=answer.c.used + used, succeeded=answer.c.succeeded + succeeded)
    )

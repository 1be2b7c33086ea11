"""Decisions: what the agent decided for a ticket, and everything it decided from."""

from typing import Any

from sqlalchemy import insert, select

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import decision
from ticketflow.domain import Analysis, Decision, Value
from ticketflow.errors import NotFound

_ADD = insert(decision)


class StoredDecision(Value):
    """A decision with its identity and the analysis it came from."""

    id: str
    ticket_id: str
    run_id: str
    decision: Decision
    analysis: Analysis
    created_at: int


def add(session: Session, workspace_id: str, ticket_id: str, run_id: str, made: Decision, analysis: Analysis) -> str:
    """Store a run's decision; its id."""
    decision_id = new_id()
    row = {
        "workspace_id": workspace_id,
        "id": decision_id,
        "ticket_id": ticket_id,
        "run_id": run_id,
        "action": made.action,
        "answer_id": made.answer_id,
        "confidence": made.confidence,
        "threshold": made.threshold,
        "version": made.version,
        "segment": made.segment,
        "body": {"decision": made.model_dump(mode="json"), "analysis": analysis.model_dump(mode="json")},
        "created_at": session.now,
    }
    session.execute(_ADD, row)
    return decision_id


def get(session: Session, workspace_id: str, decision_id: str) -> StoredDecision:
    """The decision. Raises NotFound."""
    where = (decision.c.workspace_id == workspace_id, decision.c.id == decision_id)
    row = session.execute(select(decision).where(*where)).mappings().first()
    if row is None:
        raise NotFound(f"There is no decision {decision_id}.")
    return _value(dict(row))


def of_run(session: Session, workspace_id: str, run_id: str) -> StoredDecision | None:
    """The decision that a run made, None while it has made none."""
    where = (decision.c.workspace_id == workspace_id, decision.c.run_id == run_id)
    row = session.execute(select(decision).where(*where)).mappings().first()
    return _value(dict(row)) if row else None


def newest(session: Session, workspace_id: str, ticket_id: str) -> StoredDecision | None:
    """The ticket's latest decision."""
    where = (decision.c.workspace_id == workspace_id, decision.c.ticket_id == ticket_id)
    row = session.execute(select(decision).where(*where).order_by(decision.c.id.desc()).limit(1)).mappings().first()
    return _value(dict(row)) if row else None


class Lately(Value):
    """What early warnings need of a decision."""

    confidence: float
    language: str | None


def lately(session: Session, workspace_id: str, version: str, segment: str, *, limit: int) -> list[Lately]:
    """The newest decisions of a score version in a segment, newest first, with the languages they were made in.

    A ticket's own language would not do: in shadow the ticket stays without one.
    """
    language = decision.c.body["analysis"]["language"]["value"].as_string()
    rows = session.execute(
        select(decision.c.confidence, language.label("language"))
        .where(
            decision.c.workspace_id == workspace_id,
            decision.c.version == version,
            decision.c.segment == segment,
        )
        .order_by(decision.c.id.desc())
        .limit(limit)
    )
    return [Lately.model_validate(dict(row)) for row in rows.mappings()]


def _value(row: dict[str, Any]) -> StoredDecision:
    return StoredDecision(
        id=row["id"],
        ticket_id=row["ticket_id"],
        run_id=row["run_id"],
        created_at=row["created_at"],
        **row["body"],
    )

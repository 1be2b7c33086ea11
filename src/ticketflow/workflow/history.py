"""Reading runs back: which there were, and each step with its input in full. Nothing here changes a run."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, and_, or_, select

from ticketflow.db import Session
from ticketflow.db.tables import message, step_output, ticket
from ticketflow.db.tables import run as run_table
from ticketflow.domain import StepRecord
from ticketflow.errors import NotFound
from ticketflow.workflow.engine import TICKET, digest, fingerprint
from ticketflow.workflow.queue import Run

PAGE = 100


def get(session: Session, workspace_id: str, run_id: str) -> Run:
    """The run. Raises NotFound."""
    row = session.execute(
        select(run_table).where(run_table.c.workspace_id == workspace_id, run_table.c.id == run_id)
    ).mappings()
    found = row.first()
    if found is None:
        raise NotFound(f"There is no run {run_id!r} in this workspace.")
    return Run.model_validate(dict(found))


def of_ticket(session: Session, workspace_id: str, ticket_id: str) -> list[Run]:
    """All runs of a ticket, oldest first."""
    rows = session.execute(
        select(run_table)
        .where(run_table.c.workspace_id == workspace_id, run_table.c.ticket_id == ticket_id)
        .order_by(run_table.c.id)
    )
    return [Run.model_validate(dict(row)) for row in rows.mappings()]


def of_workspace(
    session: Session,
    workspace_id: str,
    *,
    workflow: str | None = None,
    state: str | None = None,
    before: Run | None = None,
    limit: int = PAGE,
) -> list[Run]:
    """The workspace's runs, newest first; `before` is the last run of the previous page."""
    statement = select(run_table).where(run_table.c.workspace_id == workspace_id)
    if workflow is not None:
        statement = statement.where(run_table.c.workflow == workflow)
    if state is not None:
        statement = statement.where(run_table.c.state == state)
    if before is not None:
        earlier = run_table.c.created_at < before.created_at
        same_moment = and_(run_table.c.created_at == before.created_at, run_table.c.id < before.id)
        statement = statement.where(earlier | same_moment)
    rows = session.execute(statement.order_by(run_table.c.created_at.desc(), run_table.c.id.desc()).limit(limit))
    return [Run.model_validate(dict(row)) for row in rows.mappings()]


def steps(session: Session, workspace_id: str, run_id: str) -> list[StepRecord]:
    """The run's committed steps in order, with their inputs in full. Raises NotFound for an unknown run.

    A record's `input` maps each name the step builds on to that step's output, and "ticket" to
    {"id", "subject", "messages": [{"id", "author", "body"}], "payload"} as it stood when the step was committed.
    """
    run = get(session, workspace_id, run_id)
    rows = _rows(session, workspace_id, run_id)
    stored = {row.step: row.output for row in rows}
    return [
        _record(row, {name: _input(session, run, name, stored, row.created_at) for name in row.input["from"]})
        for row in rows
    ]


def outputs(session: Session, workspace_id: str, run_id: str) -> dict[str, StepRecord]:
    """The run's committed steps by name, in order; empty for an unknown run. Cheaper than `steps`.

    A record's `input` is the stored reference: {"from": names, "digest": SHA-256 of what they held}.
    """
    return {row.step: _record(row, row.input) for row in _rows(session, workspace_id, run_id)}


def altered(session: Session, workspace_id: str, run_id: str) -> list[str]:
    """Names of the steps whose input, as stored now, is not what they built on. Empty unless somebody edited rows."""
    run = get(session, workspace_id, run_id)
    rows = _rows(session, workspace_id, run_id)
    prints = {row.step: fingerprint(row.output) for row in rows} | {TICKET: fingerprint(run.payload)}
    return [row.step for row in rows if digest(row.input["from"], prints) != row.input["digest"]]


def _rows(session: Session, workspace_id: str, run_id: str) -> Sequence[Row[Any]]:
    statement = select(step_output).where(step_output.c.workspace_id == workspace_id, step_output.c.run_id == run_id)
    return session.execute(statement.order_by(step_output.c.ordinal)).all()


def _record(row: Row[Any], found: dict[str, Any]) -> StepRecord:
    return StepRecord(
        step=row.step,
        version=row.version,
        input=found,
        output=row.output,
        duration_us=row.duration_us,
        created_at=row.created_at,
    )


def _input(session: Session, run: Run, name: str, stored: Mapping[str, Any], at: int) -> Any:
    return _ticket(session, run, at) if name == TICKET else stored.get(name)


def _ticket(session: Session, run: Run, at: int) -> dict[str, Any]:
    subject = session.execute(
        select(ticket.c.subject).where(ticket.c.workspace_id == run.workspace_id, ticket.c.id == run.ticket_id)
    ).scalar()
    said = session.execute(
        select(message.c.id, message.c.author, message.c.body)
        .where(
            message.c.workspace_id == run.workspace_id,
            message.c.ticket_id == run.ticket_id,
            # What this very commit wrote carries its time, and was not there when the step was computed.
            or_(message.c.created_at <= run.created_at, message.c.created_at < at),
        )
        .order_by(message.c.id)
    )
    messages = [{"id": row.id, "author": row.author, "body": row.body} for row in said]
    return {"id": run.ticket_id, "subject": subject, "messages": messages, "payload": run.payload}

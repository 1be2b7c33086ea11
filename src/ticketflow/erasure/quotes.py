"""Where other tickets quote an erased case: what their search found, and the note to the person who took over."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, func, or_, select, update

from ticketflow.db import Database, Session
from ticketflow.db.tables import case, message, run, step_output
from ticketflow.erasure.finding import parts

RUNS = 200
SEARCH = "search"
"""The step whose output holds Findings, with the words of the cases that it found."""
NOTE_LENGTH = 80
"""How much of a case without a title a note to people quotes."""
ERASED = "(erased)"


def oldest(session: Session, workspace_id: str, case_ids: Collection[str]) -> int | None:
    """When the first of the cases was stored (microseconds): nothing before it can quote one. None where none is."""
    moments: list[int] = []
    for part in parts(list(case_ids)):
        mine = (case.c.workspace_id == workspace_id, case.c.id.in_(part))
        first = session.execute(select(func.min(case.c.created_at)).where(*mine)).scalar()
        moments += [] if first is None else [int(first)]
    return min(moments, default=None)


def blank(database: Database, workspace_id: str, case_ids: Collection[str], since: int) -> int:
    """Take the cases' words out of what other runs found since a moment, and out of their notes; how many runs.

    What those steps built on then differs from what is stored, and a replay says so.
    """
    wanted, after, changed = frozenset(case_ids), "", 0
    while True:
        with database.read() as session:  # nobody waits for what is only looked at
            mine = (run.c.workspace_id == workspace_id, step_output.c.step == SEARCH)
            page = (
                select(run.c.id, run.c.ticket_id, step_output.c.output)
                .join(step_output, step_output.c.run_id == run.c.id)
                .where(*mine, run.c.updated_at >= since, run.c.id > after)
                .order_by(run.c.id)
                .limit(RUNS)
            )
            rows = session.execute(page).all()
        for row in rows:
            if any(one["id"] in wanted for one in row.output.get("cases", [])):
                with database.write() as session:
                    _blank_run(session, workspace_id, row, wanted)
                changed += 1
        if len(rows) < RUNS:
            return changed
        after = rows[-1].id


def _blank_run(session: Session, workspace_id: str, row: Row[Any], wanted: Collection[str]) -> None:
    found: list[dict[str, Any]] = row.output.get("cases", [])
    quoted = [one for one in found if one["id"] in wanted]
    cleaned = [{**one, "title": "", "snippet": ERASED} if one["id"] in wanted else one for one in found]
    own = (step_output.c.run_id == row.id, step_output.c.step == SEARCH)
    session.execute(update(step_output).where(*own).values(output={**row.output, "cases": cleaned}))
    lines = {one["title"] or one["snippet"][:NOTE_LENGTH] for one in quoted} - {"", ERASED}
    _blank_notes(session, workspace_id, row.ticket_id, lines)


def _blank_notes(session: Session, workspace_id: str, ticket_id: str, lines: Collection[str]) -> None:
    mine = (message.c.workspace_id == workspace_id, message.c.ticket_id == ticket_id, message.c.internal.is_(True))
    quoting = or_(*(message.c.body.contains(f"- {line}", autoescape=True) for line in lines))
    if not lines:
        return
    for note in session.execute(select(message.c.id, message.c.body).where(*mine, quoting)).all():
        body = note.body
        for line in sorted(lines, key=len, reverse=True):
            body = body.replace(f"- {line}", f"- {ERASED}")
        session.execute(update(message).where(*mine, message.c.id == note.id).values(body=body))

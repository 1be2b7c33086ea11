"""A workflow that answers outside the product, and what must be true of the database and the provider afterwards.

Tickets with an even number go to an outlet of kind B (it knows our key), the others to one of kind C (it does not).
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "db"))  # the engine's harness is shared with the tests there

from sqlalchemy import func, insert, select, update
from workflow_harness import WORKSPACE, accept, spoken

from ticketflow import events
from ticketflow.clock import SECOND
from ticketflow.db import Database, Session
from ticketflow.db.tables import effect, message, run, setting, step_output, ticket
from ticketflow.domain import Value
from ticketflow.workflow import effects, queue
from ticketflow.workflow.effects import Effect, EffectState
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.outlets import Outlet, sending_step
from ticketflow.workflow.queue import Run

NAME = "outside"
KIND = "reply"
OUTLETS = ("mail-b", "mail-c")
SWITCH = "automation"


class Draft(Value):
    """What the deciding step yields: the answer and the ticket's version that it was decided on."""

    text: str
    version: int


@dataclass
class Outside:
    """What the steps use: the outlets by name."""

    outlets: Mapping[str, Outlet] = field(default_factory=dict[str, Outlet])


def outlet_of(number: int) -> str:
    """Which outlet a ticket's answer goes to."""
    return OUTLETS[number % 2]


def arrive(session: Session, number: int) -> str:
    """A ticket and its run; the run's id."""
    return accept(session, number, workflow=NAME, payload={"number": number})


def workflow() -> Workflow[Outside]:
    """Read, decide and record the intent, send, and a last word."""
    steps: list[Step[Any]] = [
        Step("read", "1", _read, output=Draft, inputs=(TICKET,)),
        Step("decide", "1", None, _decide, output=Draft, inputs=("read",)),
        sending_step(
            "send", "1", kind=KIND, outlet=_outlet, objection=_objection, conclude=_conclude, inputs=("decide",)
        ),
        Step("close", "1", lambda _deps, _state: None),
    ]
    return Workflow(NAME, 1, steps, _give_up)


def _read(_deps: Outside, state: State) -> Draft:
    return Draft(text=f"Answer {state.run.payload['number']}", version=0)


def _decide(_deps: Outside, session: Session, state: State, _value: None) -> Draft:
    version = session.execute(session.held(select(ticket.c.version).where(*_mine(state.run)))).scalar()
    draft = Draft(text=state.output("read", Draft).text, version=version or 0)
    if version is not None:
        to = outlet_of(state.run.payload["number"])
        effects.intend(session, state.run, KIND, {"text": draft.text, "outlet": to})
    return draft


def _outlet(deps: Outside, found: Effect) -> Outlet:
    return deps.outlets[found.draft["outlet"]]


def _objection(_deps: Outside, session: Session, state: State) -> str | None:
    version = session.execute(session.held(select(ticket.c.version).where(*_mine(state.run)))).scalar()
    if version != state.output("decide", Draft).version:
        return "The ticket has changed."
    off = session.execute(session.held(select(setting.c.value).where(setting.c.name == SWITCH))).scalar()
    return None if off is None or off["on"] else "Automation is switched off."


def _conclude(_deps: Outside, session: Session, state: State, ended: Effect) -> None:
    if ended.state is EffectState.SENT:
        _set(session, state.run, "resolved")
    else:
        _to_human(session, state.run, f"{ended.reason} Draft: {ended.draft['text']}")
    current = session.execute(select(run.c.fence).where(run.c.id == state.run.id)).scalar_one()
    events.append(session, WORKSPACE, "outside.settled", state.run.ticket_id, held=state.run.fence, current=current)


def _give_up(_deps: Outside, session: Session, failed: Run, error: str) -> None:
    drafts = [left.draft["text"] for left in effects.not_sent(session, failed)]
    _to_human(session, failed, f"{error} Draft: {' '.join(drafts) or 'none'}")


def _to_human(session: Session, held: Run, text: str) -> None:
    if _set(session, held, "escalated"):
        session.execute(insert(message), spoken(held.ticket_id, "system", text, session.now))


def _set(session: Session, held: Run, status: str) -> bool:
    changed = session.execute(update(ticket).where(*_mine(held)).values(status=status, updated_at=session.now))
    return changed.rowcount == 1


def _mine(held: Run) -> tuple[Any, ...]:
    return ticket.c.workspace_id == held.workspace_id, ticket.c.id == held.ticket_id


def handed_over(database: Database) -> set[str]:
    """The tickets that a human has."""
    with database.read() as session:
        return set(session.execute(select(ticket.c.id).where(ticket.c.status == "escalated")).scalars())


def live(database: Database) -> int:
    """How many runs have not ended."""
    with database.read() as session:
        return int(session.execute(select(func.count()).where(run.c.state == "live")).scalar_one())


def unprepared(database: Database, key: str) -> str | None:
    """What is missing in the database at the moment when the provider accepts a message with that key (I6)."""
    with database.read() as session:
        row = session.execute(select(effect).where(effect.c.key == key)).first()
        if row is None:
            return "I6: accepted without an intent"
        decided = select(step_output.c.step).where(step_output.c.run_id == row.run_id, step_output.c.step == "decide")
        if row.state == "intended" or not row.payload.get("first_at"):
            return f"I6 {row.ticket_id}: accepted in state {row.state}"
        return None if session.execute(decided).first() else f"I6 {row.ticket_id}: accepted before the decision"


def violations(database: Database, accepted: Counter[str], *, lease_us: int, most_attempts: int) -> list[str]:
    """What contradicts I1 to I7 now that every run should have ended; `accepted` counts the messages by their key."""
    with database.read() as session:
        runs = session.execute(select(run)).all()
        rows = {row.ticket_id: row for row in session.execute(select(effect))}
        statuses = {row.id: row.status for row in session.execute(select(ticket))}
        told = session.execute(select(message.c.ticket_id, message.c.body).where(message.c.author == "system")).all()
        facts = [fact for fact in events.after(session, WORKSPACE, 0, limit=100_000) if fact.type == "outside.settled"]
        now = session.now
    found = [
        f"I3 {fact.ticket_id}: claim {fact.data['held']} wrote during {fact.data['current']}"
        for fact in facts
        if fact.data["held"] != fact.data["current"]
    ]
    settled = Counter(fact.ticket_id for fact in facts)
    found += [f"I4 {ticket_id}: settled {times} times" for ticket_id, times in settled.items() if times > 1]
    for row in runs:
        if row.state == "live":
            late = row.due_at > now + max(lease_us, queue.BACKOFF_CAP_US)
            found.append(f"I1 {row.ticket_id}: still live, due {'too late' if late else 'soon'}: {row.error}")
        if row.attempt > 2 * most_attempts:
            found.append(f"I7 {row.ticket_id}: {row.attempt} attempts")
        sends = accepted[effects.effect_key(WORKSPACE, row.ticket_id, row.trigger_id, KIND)]
        draft = f"Draft: Answer {row.payload['number']}"
        drafted = any(draft in body for whose, body in told if whose == row.ticket_id)
        found += _wrong(row.ticket_id, statuses.get(row.ticket_id), rows.get(row.ticket_id), sends, drafted=drafted)
    return found


def _wrong(ticket_id: str, status: str | None, row: Any, sends: int, *, drafted: bool) -> list[str]:
    state = "none" if row is None else row.state
    found: list[str] = []
    if sends > 1:
        found.append(f"I2 {ticket_id}: sent {sends} times")
    if status is None:
        return found  # erased
    if status == "resolved" and (state != "sent" or sends != 1):
        found.append(f"I5 {ticket_id}: resolved, effect {state}, accepted {sends}")
    if status not in ("resolved", "escalated") or (state in ("dropped", "unconfirmed") and not drafted):
        found.append(f"I5 {ticket_id}: lost: {status}, effect {state}, draft with a human: {drafted}")
    if state in ("intended", "sending") or (state == "dropped" and sends):
        found.append(f"I5 {ticket_id}: ended with the effect {state}, accepted {sends}")
    return found


def first_times(database: Database) -> dict[str, int]:
    """When each ticket's run was last written, in microseconds."""
    with database.read() as session:
        return {row.ticket_id: row.updated_at for row in session.execute(select(run))}


def lease_us(seconds: float) -> int:
    """Seconds as the database counts them."""
    return round(seconds * SECOND)

"""What each release left (tools/keep_database.py), on the database that is tested, and what is in it now."""

import gzip
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import revision_harness
import rows_harness
from sqlalchemy import func, select

import databases
from ticketflow import events
from ticketflow.db import Database, Session
from ticketflow.db.tables import effect, run
from ticketflow.domain import Author
from ticketflow.events import Event
from ticketflow.store import decisions, ticket_lists, tickets
from ticketflow.store.tickets import Message, Ticket
from ticketflow.testing import FrozenClock
from ticketflow.workflow import history
from ticketflow.workflow.queue import Run, RunState

ENDING = ".sql.gz"
KEPT = Path(__file__).parent / "kept"


def names() -> list[str]:
    """What is kept, each as REVISION-VERSION."""
    return sorted(path.name.removesuffix(ENDING) for path in KEPT.glob(f"*{ENDING}"))


def revision_of(name: str) -> str:
    """The revision of the schema that a kept database is at."""
    return name.partition("-")[0]


def restored(path: Path, name: str, clock: FrozenClock) -> Database:
    """A kept database as the release left it, still at its revision."""
    file = path if databases.SERVER is None else path.with_suffix(".sqlite")
    with closing(sqlite3.connect(file)) as written:
        written.executescript(gzip.decompress((KEPT / f"{name}{ENDING}").read_bytes()).decode())
    if databases.SERVER is None:
        return databases.open_at(path, clock)
    source = databases.open_url(f"sqlite:///{file}", clock)
    target = revision_harness.at_revision(path, revision_of(name), clock)
    rows_harness.put(target, rows_harness.read(source))
    source.close()
    return target


@dataclass
class Company:
    """The company as it stands at one moment, by its tickets' names.

    replies   how many were sent, by the record of effects
    versions  of the score that a ticket's newest decision rests on
    altered   steps whose input is not what they were computed from
    """

    tickets: dict[str, Ticket] = field(default_factory=dict)
    messages: dict[str, list[Message]] = field(default_factory=dict)
    runs: dict[str, list[Run]] = field(default_factory=dict)
    replies: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    altered: list[str] = field(default_factory=list)

    def heard(self, name: str) -> int:
        """How many of the agent's replies the customer has."""
        return sum(one.author is Author.AGENT and not one.internal for one in self.messages[name])


def look(database: Database, workspace_id: str) -> Company:
    """The company as it is now."""
    company = Company()
    with database.read() as session:
        company.events = events.after(session, workspace_id, 0, 10_000)
        for ticket in ticket_lists.page(session, workspace_id, ticket_lists.Wanted(), limit=1_000):
            name = ticket.external_id or ticket.id
            company.tickets[name] = ticket
            company.messages[name] = tickets.messages(session, workspace_id, ticket.id)
            company.runs[name] = history.of_ticket(session, workspace_id, ticket.id)
            company.replies[name] = _replies(session, ticket)
            if decided := decisions.newest(session, workspace_id, ticket.id):
                company.versions[name] = decided.decision.version
            for one in company.runs[name]:
                company.altered += history.altered(session, workspace_id, one.id)
    return company


def live_runs(database: Database) -> int:
    """How many runs have not ended, of tickets or not."""
    with database.read() as session:
        return session.execute(select(func.count()).where(run.c.state == RunState.LIVE.value)).scalar_one()


def latest(database: Database) -> int:
    """When the company was left, in microseconds."""
    with database.read() as session:
        return int(session.execute(select(func.max(run.c.updated_at))).scalar_one())


def _replies(session: Session, ticket: Ticket) -> int:
    mine = (effect.c.workspace_id == ticket.workspace_id, effect.c.ticket_id == ticket.id, effect.c.kind == "reply")
    return session.execute(select(func.count()).select_from(effect).where(*mine)).scalar_one()

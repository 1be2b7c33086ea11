"""Step 1: the ticket's words become a clean text with language, mood and a sentence vector; the text is indexed."""

from ticketflow.agent import rules
from ticketflow.agent.coin import throw
from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import Experience
from ticketflow.agent.vectors import pack_vector, ticket_vector
from ticketflow.db import Session
from ticketflow.domain import ChunkKind, Intake, Stage, Trigger
from ticketflow.knowledge import reencoding
from ticketflow.retrieval import chunks
from ticketflow.retrieval.cleaning import clean
from ticketflow.retrieval.language import detect
from ticketflow.retrieval.redaction import redact
from ticketflow.store import tickets, workspaces
from ticketflow.workflow.engine import State


def ingest(deps: Deps, state: State) -> Intake:
    """Prepare the trigger's words for search. They are in the run's payload, so this step can be replayed alone."""
    trigger = Trigger.model_validate(state.run.payload)
    known = deps.experience.get(state.run.workspace_id)
    text, redactions = redact(clean(trigger.subject, trigger.words))
    mood = rules.sentiment(text)
    encoder, vector = deps.minds.current().read(text)
    return Intake(
        text=text,
        language=detect(text),
        sentiment=mood,
        redactions=redactions,
        automatic=rules.automatic(trigger.headers),
        encoder=encoder,
        vector="" if vector is None else pack_vector(vector),
        audited=throw(deps.secret, "audit", state.run.ticket_id) < audit_share(known),
    )


def audit_share(known: Experience) -> float:
    """The share of tickets that people grade: twice the usual while the watch over any segment has its doubts."""
    share = known.settings.audit_share
    doubted = any(watch.stage is not Stage.GREEN for watch in known.watches.values())
    return min(2 * share, 1.0) if doubted else share


def index_ticket(deps: Deps, session: Session, state: State, intake: Intake) -> None:
    """Make the ticket itself findable, as this commit leaves it.

    Last of all but the events: a new chunk's number locks the workspace's counter until the commit, so on TiDB every
    other ticket of the workspace waits for whatever comes between.
    """
    session.before_commit(lambda: _index(deps, session, state, intake))


def _index(deps: Deps, session: Session, state: State, intake: Intake) -> None:
    ticket = tickets.get(session, state.run.workspace_id, state.run.ticket_id)
    source = chunks.Source(
        kind=ChunkKind.TICKET,
        id=ticket.id,
        title="",
        text=intake.text,
        status=ticket.status,
        category=ticket.category,
        language=intake.language.value,
    )
    workspace = workspaces.get(session, ticket.workspace_id)
    chunks.replace(session, workspace, [chunks.whole(intake.encoder, source, ticket_vector(intake))])
    reencoding.complete_later(session, workspace.id, intake.encoder)

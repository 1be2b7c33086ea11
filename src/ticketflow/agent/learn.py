"""What people do with a decision comes back: cases, each answer's record, and a refit when enough has changed."""

from collections.abc import Callable

from ticketflow import events
from ticketflow.agent import audits, desk, life, proving
from ticketflow.agent.deps import Deps
from ticketflow.agent.minds import Mind
from ticketflow.agent.vectors import ticket_vector
from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.domain import Action, ChunkKind, FeedbackKind, Intake, Outcome, TicketStatus, Value
from ticketflow.knowledge import reencoding
from ticketflow.learning import refitting
from ticketflow.learning.refitting import History, Taught
from ticketflow.learning.training import TrainingSettings
from ticketflow.retrieval import chunks
from ticketflow.retrieval.history import labelled_pools
from ticketflow.store import answers, cases, decisions, feedback, settings, tickets, workspaces
from ticketflow.store.decisions import StoredDecision
from ticketflow.store.feedback import Feedback, NewFeedback
from ticketflow.workflow import history, queue
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

LOW_CSAT = 2
ERRORS = {FeedbackKind.WRONG, FeedbackKind.EDITED, FeedbackKind.REOPENED}
REFIT = "refit"


class Refitted(Value):
    """What a refit produced: its version, its out-of-fold figures, and whether it is in force or waits for a proof."""

    version: str
    figures: dict[str, float]
    in_force: bool = True


def give_feedback(
    session: Session,
    workspace_id: str,
    ticket_id: str,
    new: NewFeedback,
    author: str,
    *,
    decision_id: str | None = None,
) -> Feedback:
    """Take note of what somebody said about a ticket's decision (the newest unless one is named), and learn from it.

    "right" makes the ticket a case of the proposed answer, "wrong" one of `new.answer_id` (of none without it).
    Everything but "right" can only add to an answer's errors. Raises NotFound for an unknown ticket or answer.
    """
    workspaces.hold(session, workspace_id)
    ticket = tickets.get(session, workspace_id, ticket_id)
    if new.answer_id is not None:
        answers.get(session, workspace_id, new.answer_id)
    named = decisions.get(session, workspace_id, decision_id) if decision_id is not None else None
    decision = named or decisions.newest(session, workspace_id, ticket_id)
    earlier = feedback.of_ticket(session, workspace_id, ticket_id)
    made = feedback.add(session, workspace_id, ticket_id, decision.id if decision else None, new, author)
    events.append(session, workspace_id, "feedback.given", ticket_id, kind=new.kind, decision_id=made.decision_id)
    known = any(_is_error(said) for said in earlier if decision is not None and said.decision_id == decision.id)
    if _is_error(new) and decision is not None and not known:
        _count_error(session, workspace_id, decision)
    if decision is not None:
        audits.hear(session, workspace_id, decision.id, new, author, error=_is_error(new))
    if new.kind is FeedbackKind.REOPENED and _reopens(ticket):
        desk.move(session, workspace_id, ticket_id, TicketStatus.REOPENED)
        events.append(session, workspace_id, "ticket.reopened", ticket_id, feedback_id=made.id)
    _learn_case(session, ticket, decision, new)
    return made


def _reopens(ticket: tickets.Ticket) -> bool:
    """A ticket that a human has already, or that was merged, stays where it is; the word against a decision counts."""
    return ticket.merged_into is None and life.allowed(ticket.status, TicketStatus.REOPENED)


def _is_error(said: NewFeedback) -> bool:
    return said.kind in ERRORS or (said.kind is FeedbackKind.CSAT and said.score is not None and said.score <= LOW_CSAT)


def _count_error(session: Session, workspace_id: str, decision: StoredDecision) -> None:
    """Only what was really sent counts toward an answer's record."""
    made = decision.decision
    if made.action is not Action.RESOLVE or made.answer_id is None:
        return
    steps = history.outputs(session, workspace_id, decision.run_id)
    if "execute" not in steps:
        return  # older than steps are kept: whether it was sent is not known any more
    outcome = Outcome.model_validate(steps["execute"].output)
    if outcome.status is TicketStatus.RESOLVED and outcome.message_id is not None:
        answers.count_use(session, workspace_id, made.answer_id, used=0, succeeded=-1)


def _learn_case(session: Session, ticket: tickets.Ticket, decision: StoredDecision | None, said: NewFeedback) -> None:
    """The ticket becomes evidence once a human has said what is right for it, and stops being so when it reopens."""
    if said.kind is FeedbackKind.REOPENED:
        forgotten = cases.remove_for_ticket(session, ticket.workspace_id, ticket.id)
        if forgotten is not None:
            chunks.delete(session, workspaces.get(session, ticket.workspace_id), ChunkKind.CASE, [forgotten])
        return
    if decision is None or said.kind is FeedbackKind.CSAT:
        return
    kept = said.kind in (FeedbackKind.RIGHT, FeedbackKind.EDITED)  # who edits a reply keeps the answer it is made of
    right = decision.decision.answer_id if kept else None
    _put_case(session, ticket, decision, said.answer_id or right)
    _refit_when_due(session, ticket.workspace_id)


def _put_case(session: Session, ticket: tickets.Ticket, decision: StoredDecision, answer_id: str | None) -> None:
    steps = history.outputs(session, ticket.workspace_id, decision.run_id)
    if "ingest" not in steps:
        return  # older than steps are kept, or brought in from elsewhere: there is no vector to learn from
    intake = Intake.model_validate(steps["ingest"].output)
    answer = answers.get(session, ticket.workspace_id, answer_id) if answer_id else None
    case = cases.put_for_ticket(
        session,
        ticket.workspace_id,
        cases.NewCase(
            ticket_id=ticket.id,
            subject=ticket.subject,
            body=intake.text,
            resolution=answer.text if answer else "",
            answer_id=answer_id,
            category=(answer.category if answer else None) or ticket.category,
            priority=ticket.priority,
            language=intake.language.value,
            content_hash=chunks.content_hash(intake.text),
            resolved_at=session.now,
        ),
    )
    source = chunks.Source(
        kind=ChunkKind.CASE,
        id=case.id,
        title="",
        text=intake.text,
        category=case.category,
        language=case.language,
        answer_id=answer_id,
    )
    whole = chunks.whole(intake.encoder, source, ticket_vector(intake))
    chunks.replace(session, workspaces.get(session, ticket.workspace_id), [whole])
    reencoding.complete_later(session, ticket.workspace_id, intake.encoder)


def _refit_when_due(session: Session, workspace_id: str) -> None:
    fresh = cases.count_since(session, workspace_id, refitting.learned_until(session, workspace_id))
    if fresh >= settings.get(session, workspace_id).refit_after:
        queue_refit(session, workspace_id)


def queue_refit(session: Session, workspace_id: str) -> str:
    """Queue learning anew in the background, unless it is queued already; the run's id."""
    queued = history.of_workspace(session, workspace_id, workflow=REFIT, state=queue.RunState.LIVE, limit=1)
    if queued and queued[0].fence == 0:
        return queued[0].id
    return queue.enqueue(session, workspace_id, REFIT, trigger_id=new_id(), payload={})


def refit(
    deps: Deps,
    workspace_id: str,
    progress: Callable[[float, str], None] | None = None,
    *,
    workers: int = TrainingSettings().workers,
) -> Refitted:
    """Learn from the workspace's whole history now, on `workers` threads.

    `progress` gets a share of 0 to 1 and what is being done.
    """
    mind = deps.minds.current()
    past, taught = taught_by(deps, mind, workspace_id, progress or silent, workers)
    figures = taught.provenance["figures"]
    with deps.database.write() as session:
        workspaces.hold(session, workspace_id)
        reencoding.check_in_force(session, mind.encoder.id)
        in_force = proving.settle(session, workspace_id, taught, past.settings)
        version = taught.version
        events.append(session, workspace_id, "learning.refitted", version=version, figures=figures, in_force=in_force)
    return Refitted(version=version, figures=figures, in_force=in_force)


def taught_by(
    deps: Deps, mind: Mind, workspace_id: str, progress: Callable[[float, str], None], workers: int
) -> tuple[History, Taught]:
    """What the workspace's history teaches with an encoder's vectors; nothing is stored."""
    with deps.database.read() as session:
        past = refitting.read(session, mind.encoder, workspace_id)
        workspace = workspaces.get(session, workspace_id)
    pools = labelled_pools(deps.database, mind.search, workspace)
    return past, refitting.learn(past, pools, progress, workers)


def silent(_share: float, _doing: str) -> None:
    """Progress that nobody wants to hear of."""


def _refit_step(deps: Deps, state: State) -> Refitted:
    with deps.database.read() as session:
        known = refitting.in_force(session, state.run.workspace_id)
    if known is not None and known.provenance["read_at"] > state.run.created_at:
        return Refitted(version=known.version, figures=known.provenance["figures"])  # somebody was faster
    with state.kept():
        return refit(deps, state.run.workspace_id, workers=1)  # the other processors are for tickets


def _give_up(_deps: Deps, session: Session, run: Run, error: str) -> None:
    """The artefacts in force stay in force."""
    events.append(session, run.workspace_id, "learning.failed", run_id=run.id, error=error)


REFIT_WORKFLOW = Workflow[Deps](
    REFIT,
    1,
    (Step[Deps]("refit", "1", _refit_step, output=Refitted, inputs=(TICKET,), outside=True),),
    _give_up,
    background=True,
)

"""Step 7: the decision takes effect. Everything here happens in one transaction, so it happens once.

An automatic reply is checked again at the last moment: nobody else may have spoken, automation must still be on, its
certificate live, no cap reached, and the answer still approved. A run that a newer message of the customer has
overtaken leaves the ticket to that message's run, which works on all that is open. One whose ticket is done by now,
or was merged into another, has no effect at all; neither has one in shadow.
"""

import hashlib
import re
from typing import Any

from ticketflow import events
from ticketflow.agent import desk, life
from ticketflow.agent.deps import Deps
from ticketflow.agent.support import stray
from ticketflow.db import Session
from ticketflow.domain import (
    Action,
    Analysis,
    AnswerStatus,
    Author,
    Consultation,
    Decision,
    Draft,
    Findings,
    Level,
    Outcome,
    Reading,
    TicketStatus,
    Trigger,
)
from ticketflow.store import answers, certificates, daily, settings, tickets, workspaces
from ticketflow.store.answers import Answer
from ticketflow.workflow import effects, history
from ticketflow.workflow.engine import State
from ticketflow.workflow.queue import Run, RunState

CASES_IN_NOTE = 3
_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+){0,3}")
"""A first name as people have them. The requester chose it: it could hold a link, or a sentence."""
REPLIES = "automatic replies"
"""The daily count that `max_replies_per_day` caps."""
REPLIES_TO = "automatic replies to a requester"
"""The daily counts that `max_replies_per_requester` caps, by a digest of the address."""


def execute(deps: Deps, session: Session, state: State, _value: None) -> Outcome:
    """Reply or escalate, set what was understood on the ticket, and say so in the event log."""
    decision = state.output("decide", Decision)
    analysis = state.output("analyze", Analysis)
    if decision.action is Action.RESOLVE:
        workspaces.hold(session, state.run.workspace_id)  # who stops automation now stops this reply, or comes after it
    ticket = tickets.get(session, state.run.workspace_id, state.run.ticket_id)
    if _done(ticket) or _overtaken(session, state, ticket):
        return Outcome(status=ticket.status, message_id=None, team=None)
    if decision.level in (Level.OFF, Level.SHADOW):
        return _leave_alone(session, state, ticket)
    objection = _objection(session, state, ticket, decision) if decision.action is Action.RESOLVE else None
    if decision.action is Action.RESOLVE and objection is None:
        outcome = _reply(session, state, ticket, decision)
    else:
        outcome = _hand_over(session, state, decision, objection)
    touched = ticket.version != _ticket_version(state.run)  # what people wrote meanwhile stands
    understood: dict[str, Any] = {
        "category": (touched and ticket.category) or decision.category or ticket.category,
        "priority": max(decision.priority, ticket.priority, key=lambda level: list(type(level)).index(level)),
        "language": analysis.language.value,
        "sentiment": analysis.sentiment.value,
    }
    team = (touched and ticket.team) or outcome.team or ticket.team
    desk.move(session, ticket.workspace_id, ticket.id, outcome.status, team=team, **understood)
    events.append(
        session,
        ticket.workspace_id,
        f"ticket.{outcome.status}",
        ticket.id,
        run_id=state.run.id,
        confidence=decision.confidence,
        answer=decision.label,
        team=outcome.team,
        **understood,
    )
    return outcome


def _leave_alone(session: Session, state: State, ticket: tickets.Ticket) -> Outcome:
    """The ticket is as it would be without the agent; where somebody moved it meanwhile, it stays there."""
    before = Trigger.model_validate(state.run.payload).status
    if ticket.status is not TicketStatus.PROCESSING:
        return Outcome(status=ticket.status, message_id=None, team=None)
    desk.move(session, ticket.workspace_id, ticket.id, before, resolved_at=ticket.resolved_at)
    return Outcome(status=before, message_id=None, team=None)


def _done(ticket: tickets.Ticket) -> bool:
    return ticket.status in life.DONE or ticket.merged_into is not None


def _ticket_version(run: Run) -> int:
    return Trigger.model_validate(run.payload).ticket_version


def _overtaken(session: Session, state: State, ticket: tickets.Ticket) -> bool:
    mine = _ticket_version(state.run)
    if ticket.version == mine:
        return False
    runs = history.of_ticket(session, ticket.workspace_id, ticket.id)
    return any(_ticket_version(run) > mine for run in runs if run.state is not RunState.CANCELLED)


def _objection(session: Session, state: State, ticket: tickets.Ticket, decision: Decision) -> str | None:
    if ticket.snoozed_until is not None:
        return "Somebody put the ticket aside until later."
    if ticket.version != _ticket_version(state.run):
        return "The ticket changed while the agent was deciding."
    rules = settings.get(session, ticket.workspace_id)
    if not rules.automation or rules.level is not Level.AUTO:
        return "Automation was switched off."
    if rules.max_replies_per_day is not None and daily.today(session, ticket.workspace_id, REPLIES) >= (
        rules.max_replies_per_day
    ):
        return f"The day's limit of {rules.max_replies_per_day} automatic replies is reached."
    if tickets.count_messages(session, ticket.workspace_id, ticket.id, Author.AGENT) >= rules.max_replies_per_ticket:
        return f"The ticket has had {rules.max_replies_per_ticket} automatic replies; a person goes on."
    replies = daily.today(session, ticket.workspace_id, REPLIES_TO, _who(ticket)) if ticket.requester_email else 0
    if replies >= rules.max_replies_per_requester:
        return f"The requester has had {rules.max_replies_per_requester} automatic replies today; a person goes on."
    if decision.certificate_id not in {one.id for one in certificates.live(session, ticket.workspace_id).values()}:
        return "The certificate behind the decision has ended."
    answer = _answer(session, state, decision)
    if answer.status is not AnswerStatus.APPROVED:
        return "The proposed answer is not approved any more."
    return stray(rules, "The proposed answer", answer.text)


def _who(ticket: tickets.Ticket) -> str:
    """Names a requester in counts, which outlive what is known of them."""
    address = (ticket.requester_email or "").strip().casefold()
    return hashlib.sha256(f"{ticket.workspace_id}:{address}".encode()).hexdigest()[:32]


def _answer(session: Session, state: State, decision: Decision) -> Answer:
    assert decision.answer_id is not None  # a decision to resolve names its answer
    return answers.get(session, state.run.workspace_id, decision.answer_id)


def _reply(session: Session, state: State, ticket: tickets.Ticket, decision: Decision) -> Outcome:
    run = state.run
    answer = _answer(session, state, decision)
    body = fill(answer.text, ticket)
    if not _first(session, run, "reply", {"answer_id": answer.id, "answer_version": answer.version}):
        return Outcome(status=TicketStatus.RESOLVED, message_id=None, team=None)
    message_id = tickets.add_message(
        session, run.workspace_id, run.ticket_id, author=Author.AGENT, author_name="TicketFlow", body=body
    )
    answers.count_use(session, run.workspace_id, answer.id, used=1, succeeded=1)
    daily.add(session, run.workspace_id, REPLIES)
    if ticket.requester_email:
        daily.add(session, run.workspace_id, REPLIES_TO, _who(ticket))
    return Outcome(status=TicketStatus.RESOLVED, message_id=message_id, team=None)


def _hand_over(session: Session, state: State, decision: Decision, objection: str | None) -> Outcome:
    run = state.run
    if not _first(session, run, "escalation", {"team": decision.team}):
        return Outcome(status=TicketStatus.ESCALATED, message_id=None, team=decision.team)
    message_id = tickets.add_message(
        session,
        run.workspace_id,
        run.ticket_id,
        author=Author.AGENT,
        author_name="TicketFlow",
        body=_note(state, decision, objection),
        internal=True,
    )
    return Outcome(status=TicketStatus.ESCALATED, message_id=message_id, team=decision.team)


def _first(session: Session, run: Run, kind: str, payload: dict[str, Any]) -> bool:
    """Whether this trigger has not had this effect before; it is recorded with the transaction."""
    return effects.once(
        session,
        workspace_id=run.workspace_id,
        ticket_id=run.ticket_id,
        trigger_id=run.trigger_id,
        run_id=run.id,
        kind=kind,
        payload=payload,
    )


def fill(text: str, ticket: tickets.Ticket) -> str:
    """An answer's text with its slots filled from the ticket's own fields; unknown braces stay as they are."""
    first = (ticket.requester_name or "").split(maxsplit=1)[:1]
    name = first[0] if first and _NAME.fullmatch(first[0]) else "there"
    return text.replace("{requester_name}", name)


def _note(state: State, decision: Decision, objection: str | None) -> str:
    findings = state.output("search", Findings)
    analysis = state.output("analyze", Analysis)
    lines = ["Handed over: " + " ".join([objection] if objection else decision.reasons)]
    reading = state.output("consult", Consultation).reading
    if reading is not None:
        lines.append(f"In short, as a language model read it: {reading.summary}")
        lines.append(f"Likely cause: {reading.root_cause}")
    lines += _drafted(state.output("draft", Draft), reading)
    if analysis.candidates:
        best = analysis.candidates[0]
        lines.append(f"Proposed answer: {best.label} (confidence {decision.confidence:.0%}).")
        others = ", ".join(candidate.label for candidate in analysis.candidates[1:3])
        if others:
            lines.append(f"Other answers to consider: {others}.")
    if findings.cases:
        lines.append("Similar resolved cases:")
        lines += [
            f"- {case.title or case.snippet[:80]}" + (f" -> {case.label}" if case.label else "")
            for case in findings.cases[:CASES_IN_NOTE]
        ]
    if findings.articles:
        lines.append("Articles: " + "; ".join(article.title for article in findings.articles[:CASES_IN_NOTE]))
    return "\n".join(lines)


def _drafted(draft: Draft, reading: Reading | None) -> list[str]:
    if draft.without is not None:
        return []
    lines = [] if reading else [f"In short, as a language model read it: {draft.wants}"]
    lines += [f"Tried already: {draft.tried}", f"Still to find out: {draft.missing}"]
    if draft.reply:
        reply = " ".join(sentence.text for sentence in draft.reply)
        lines.append(f"Suggested reply, written by a language model from your answers and articles: {reply}")
    return lines

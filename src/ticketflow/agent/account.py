"""A full account of what the agent did with a ticket, read back from what its steps stored. Changes nothing."""

from ticketflow.db import Session
from ticketflow.domain import Consultation, Draft, Evidence, Findings, StepRecord, Value
from ticketflow.store import decisions, tickets
from ticketflow.store.decisions import StoredDecision
from ticketflow.store.tickets import Ticket
from ticketflow.workflow import history


class Account(Value):
    """The newest decision on a ticket, with the evidence and the steps of the run that made it."""

    ticket: Ticket
    decision: StoredDecision
    evidence: list[Evidence]
    steps: list[StepRecord]
    consultation: Consultation | None
    draft: Draft | None


def account(session: Session, workspace_id: str, ticket: str) -> Account | None:
    """The account of a ticket, named by its id or its external id; None when there is none to give."""
    found = tickets.find(session, workspace_id, ticket)
    if found is None:
        return None
    decision = decisions.newest(session, workspace_id, found.id)
    if decision is None:
        return None
    steps = history.steps(session, workspace_id, decision.run_id)
    findings = next((Findings.model_validate(step.output) for step in steps if step.step == "search"), None)
    evidence = [*findings.cases, *findings.articles, *findings.answers] if findings else []
    return Account(
        ticket=found,
        decision=decision,
        evidence=sorted(evidence, key=lambda hit: -(hit.similarity or 0.0)),
        steps=steps,
        consultation=next((Consultation.model_validate(one.output) for one in steps if one.step == "consult"), None),
        draft=next((Draft.model_validate(one.output) for one in steps if one.step == "draft"), None),
    )

"""Step 5: from the analysis to a decision. Pure: the same analysis, artefacts and settings give the same decision.

An answer is sent without a human only when its confidence reaches a certified threshold, the answer is approved, and
nothing about the ticket forbids it. Everything else goes to a human with full context.
"""

from ticketflow import events
from ticketflow.agent import audits, segments, watch
from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import Experience
from ticketflow.agent.permission import Permit, permit, rules_of
from ticketflow.agent.support import stray
from ticketflow.db import Session
from ticketflow.domain import (
    Action,
    Analysis,
    AnswerStatus,
    Consultation,
    Decision,
    Findings,
    Intake,
    Level,
    Path,
    Priority,
    Reading,
)
from ticketflow.retrieval.analyzer import terms
from ticketflow.store import decisions
from ticketflow.store.settings import Settings
from ticketflow.workflow.engine import State


def decide(deps: Deps, state: State) -> Decision:
    """Judge the best candidate against everything that speaks against an automatic reply."""
    analysis, intake = state.output("analyze", Analysis), state.output("ingest", Intake)
    known = deps.known_to(state.run.workspace_id, intake, analysis)
    variants, reading = state.output("search", Findings).variants, state.output("consult", Consultation).reading
    return judge(known, intake, analysis, variants, reading)


def judge(
    known: Experience,
    intake: Intake,
    analysis: Analysis,
    variants: dict[str, str] | None = None,
    reading: Reading | None = None,
) -> Decision:
    """The decision itself; `variants` are the sides of the experiments that the ticket takes part in.

    A language model's `reading` can only add objections: without it the decision is never less automatic.
    """
    confidence = _confidence(known, analysis)
    best = analysis.candidates[0] if analysis.candidates else None
    allowed = permit(known, analysis.category.value, variants)
    objections = [*_objections(known, intake, analysis, confidence, allowed), *_doubts(known, analysis, reading)]
    resolves = best is not None and not objections
    threshold = allowed.threshold
    reason = f"Confidence {confidence:.3f} reaches the certified threshold {threshold or 0:.3f}."
    return Decision(
        action=Action.RESOLVE if resolves else Action.ESCALATE,
        answer_id=best.answer_id if best else None,
        label=best.label if best else None,
        confidence=confidence,
        threshold=threshold,
        category=analysis.category.value,
        priority=Priority(analysis.priority.value or Priority.NORMAL),
        team=_team(known, analysis, reading),
        reasons=objections or [reason],
        version=known.version,
        knowledge=known.knowledge,
        level=allowed.level,
        stage=allowed.stage,
        segment=allowed.segment,
        certificate_id=allowed.certificate_id,
        variants=variants or {},
        rules=rules_of(known, allowed.segment, variants or {}),
        path=Path.LEARNED if reading is None else Path.MODEL,
    )


def store_decision(deps: Deps, session: Session, state: State, decision: Decision) -> None:
    """Keep the decision with all it was made from, announce it, and put it before a grader when the coin says so."""
    if decision.level is Level.OFF:
        return
    analysis = state.output("analyze", Analysis)
    run = state.run
    decision_id = decisions.add(session, run.workspace_id, run.ticket_id, run.id, decision, analysis)
    if state.output("ingest", Intake).audited:
        audits.draw(deps, session, run, decision_id, decision)
    watched = decision.rules.get("watch") or {}
    watch.queue_look(session, run.workspace_id, looked_at=watched.get("looked_at", 0))
    events.append(
        session,
        run.workspace_id,
        "decision.shadowed" if decision.level is Level.SHADOW else "decision.made",
        run.ticket_id,
        run_id=run.id,
        decision_id=decision_id,
        action=decision.action,
        answer=decision.label,
        confidence=decision.confidence,
    )


def _objections(known: Experience, intake: Intake, analysis: Analysis, confidence: float, allowed: Permit) -> list[str]:
    """Why a human must see the ticket; the deciding reason first, none when the agent may reply."""
    if not analysis.candidates:
        return ["No answer in the knowledge base resembles this ticket."]
    found = list(allowed.objections)
    answer = known.answer(analysis.candidates[0].answer_id)
    if allowed.threshold is not None and confidence < allowed.threshold:
        found.insert(0, f"Confidence {confidence:.3f} is below the threshold {allowed.threshold:.3f}.")
    if not intake.encoder:
        found.append("The sentence encoder gave no answer: nobody knows how close past tickets are.")
    if not terms(intake.text):
        found.append("The message holds no words to go by.")
    if intake.automatic is not None:
        found.append(f"The message was sent by a machine ({intake.automatic}).")
    if answer is None or answer.status is not AnswerStatus.APPROVED:
        found.append("The proposed answer is a draft that nobody has approved.")
    elif led := stray(known.settings, "The proposed answer", answer.text):
        found.append(led)
    elif known.unseen[known.index_of[answer.id]]:
        found.append(
            "No resolved ticket with the proposed answer has been learned from yet: its confidence is a guess."
        )
    return found


def _doubts(known: Experience, analysis: Analysis, reading: Reading | None) -> list[str]:
    """What a language model's reading has against an automatic reply."""
    if reading is None or not analysis.candidates:
        return []
    found: list[str] = []
    best = analysis.candidates[0]
    if reading.answer_id is None:
        found.append("The language model holds none of the answers right.")
    elif reading.answer_id != best.answer_id:
        other = known.answer(reading.answer_id)
        found.append(f"The language model holds another answer right: {other.label if other else reading.answer_id}.")
    if reading.category is not None and segments.sensitive(known.settings, reading.category):
        found.append(f"The language model sees a matter of {reading.category!r}, a sensitive category.")
    return found


def _confidence(known: Experience, analysis: Analysis) -> float:
    """The calibrated probability that the best candidate is right; 0 without one, or before anything was learned."""
    if known.trained is None or not analysis.candidates:
        return 0.0
    return known.trained.confidence(analysis.candidates[0].features)


def _team(known: Experience, analysis: Analysis, reading: Reading | None) -> str:
    """Whose ticket it is when a person gets it: the rules tell; a language model only where they do not."""
    settings: Settings = known.settings
    category = analysis.category.value
    if category is not None and category in settings.teams:
        return settings.teams[category]
    answer = known.answer(analysis.candidates[0].answer_id) if analysis.candidates else None
    if answer is not None and answer.team is not None and (category is None or answer.category == category):
        return answer.team
    teams = [row.team for row in known.answers if row.team is not None and row.category == category]
    if teams:
        return teams[0]
    return reading.team if reading is not None and reading.team is not None else settings.default_team

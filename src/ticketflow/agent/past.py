"""What a stored decision was made from, rebuilt: its run's steps, and the experience as it was. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import ValidationError

from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import UNTAUGHT, Experience
from ticketflow.agent.pipeline import STEPS
from ticketflow.agent.remembering import load, with_past_answers
from ticketflow.db import Session
from ticketflow.domain import Analysis, Consultation, Decision, Draft, Findings, Intake, Stage, StepRecord, Value
from ticketflow.errors import Conflict, NotFound
from ticketflow.learning.refitting import DECISION
from ticketflow.store import artefacts, certificates, decisions, experiments, watches
from ticketflow.store.certificates import Certificate
from ticketflow.store.decisions import StoredDecision
from ticketflow.store.experiments import Experiment
from ticketflow.store.settings import Settings
from ticketflow.store.watches import Watch
from ticketflow.workflow import history
from ticketflow.workflow.queue import Run

V = TypeVar("V", bound=Value)

MOST_CERTIFICATES = 10_000
VERSIONS = {step.name: step.version for step in STEPS}
"""The version of each step in this release."""

NOBODY_ASKED = Consultation(reading=None, without="The decision predates language models.")
NOTHING_DRAFTED = Draft(without="The decision predates drafts.")

OTHER = "another segment"
"""Stands for the segments whose watch a decision did not keep."""


@dataclass(frozen=True)
class Past:
    """What a decision's run has left behind."""

    stored: StoredDecision
    run: Run
    steps: Mapping[str, StepRecord]
    altered: list[str]
    intake: Intake
    findings: Findings
    analysis: Analysis
    consultation: Consultation
    draft: Draft
    decision: Decision


def read_past(session: Session, workspace_id: str, decision_id: str) -> Past:
    """What there is of a decision's run. Raises NotFound for an unknown decision or a step that is not stored, Conflict
    for a stored step that this release cannot read.
    """
    stored = decisions.get(session, workspace_id, decision_id)
    steps = history.outputs(session, workspace_id, stored.run_id)
    return Past(
        stored=stored,
        run=history.get(session, workspace_id, stored.run_id),
        steps=steps,
        altered=history.altered(session, workspace_id, stored.run_id),
        intake=_read(decision_id, steps, "ingest", Intake),
        findings=_read(decision_id, steps, "search", Findings),
        analysis=_read(decision_id, steps, "analyze", Analysis),
        # Decisions from before there were language models have no such step.
        consultation=_read(decision_id, steps, "consult", Consultation) if "consult" in steps else NOBODY_ASKED,
        draft=_read(decision_id, steps, "draft", Draft) if "draft" in steps else NOTHING_DRAFTED,
        decision=_read(decision_id, steps, "decide", Decision),
    )


def _read(decision_id: str, steps: Mapping[str, StepRecord], step: str, kind: type[V]) -> V:
    if step not in steps:
        raise NotFound(f"The decision {decision_id} cannot be replayed: its run's step {step!r} is not stored.")
    try:
        return kind.model_validate(steps[step].output)
    except ValidationError as error:
        raise Conflict(
            f"The decision {decision_id} cannot be replayed: what its run's step {step!r} (version "
            f"{steps[step].version}) stored cannot be read by version {VERSIONS[step]} of it.",
            remedy="Replay it with the release that made it.",
        ) from error


def _gone(decision_id: str, what: str) -> NotFound:
    return NotFound(
        f"The decision {decision_id} cannot be replayed: {what} is not stored.",
        remedy="Against today's configuration it can be compared all the same: `ticketflow replay DECISION --now`.",
    )


def as_it_was(session: Session, deps: Deps, past: Past, version: str, knowledge: str) -> Experience:
    """What the decision knew: of certificates, refusals and watches those of its segment, of experiments its own.

    Raises NotFound where a part is not stored, Conflict where it is damaged; the message names it.
    """
    workspace_id, named, rules = past.run.workspace_id, past.stored.id, past.decision.rules
    if not rules.get("settings") or not knowledge:
        raise _gone(named, "it predates replay; what was in force then")
    if version != UNTAUGHT and artefacts.find(session, workspace_id, DECISION, version) is None:
        raise _gone(named, f"its score version {version}")
    try:
        known = with_past_answers(session, load(session, deps.encoder, workspace_id, version), knowledge)
    except NotFound as error:
        raise _gone(named, f"what it knew of its answers ({knowledge}) or learned attributes") from error
    except ValueError as error:
        raise Conflict(
            f"The decision {named} cannot be replayed: its score version {version} or its answers ({knowledge}) are "
            "damaged in the database.",
            remedy="Restore a backup.",
        ) from error
    segment = past.decision.segment
    certificate, refusal = (_proof(session, past, rules.get(name)) for name in ("certificate", "refusal"))
    settings, watch = _rules(past)
    return replace(
        known,
        settings=settings,
        certificates={segment: certificate} if certificate else {},
        refusals={segment: refusal} if refusal else {},
        watches=({segment: watch} if watch else {}) | _doubts(past, watch),
        experiments=tuple(_experiment(session, past, one) for one in sorted(past.findings.variants)),
    )


def _doubts(past: Past, own: Watch | None) -> dict[str, Watch]:
    """A watch over some other segment that had its doubts, which doubled the share of the audit coin."""
    doubted = past.decision.rules.get("doubted") and (own is None or own.stage is Stage.GREEN)
    return {OTHER: Watch(stage=Stage.AMBER)} if doubted else {}


def _rules(past: Past) -> tuple[Settings, Watch | None]:
    """The settings and the watch that the decision kept; a setting that this release no longer has is left out."""
    rules = past.decision.rules
    kept = {name: value for name, value in rules["settings"].items() if name in Settings.model_fields}
    try:
        watch = rules.get("watch")
        return Settings.model_validate(kept), None if watch is None else Watch.model_validate(watch)
    except ValidationError as error:
        raise Conflict(
            f"The decision {past.stored.id} cannot be replayed: the settings or the watch that it kept cannot be read "
            "by this release.",
            remedy="Replay it with the release that made it.",
        ) from error


def _proof(session: Session, past: Past, certificate_id: str | None) -> Certificate | None:
    if certificate_id is None:
        return None
    try:
        return certificates.get(session, past.run.workspace_id, certificate_id)
    except NotFound:
        raise _gone(past.stored.id, f"its certificate {certificate_id}") from None


def _experiment(session: Session, past: Past, experiment_id: str) -> Experiment:
    try:
        return experiments.get(session, past.run.workspace_id, experiment_id)
    except NotFound:
        raise _gone(past.stored.id, f"its experiment {experiment_id}") from None


def with_other_segments(session: Session, past: Past, known: Experience) -> Experience:
    """With the proofs that the other segments had then, and their watches as they stand now: a changed setting may
    bring the ticket under one of them.
    """
    workspace_id, then, own = past.run.workspace_id, past.stored.created_at, past.decision.segment
    live: dict[str, Certificate] = {}
    newest: dict[str, Certificate] = {}
    for made in reversed(certificates.page(session, workspace_id, limit=MOST_CERTIFICATES)):
        if made.version == known.version and made.created_at <= then and made.segment != own:
            newest[made.segment] = made
            if made.live or (made.ended_at is not None and made.ended_at > then):
                live[made.segment] = made
    refused = {segment: made for segment, made in newest.items() if made.threshold is None}
    others = {segment: watch for segment, watch in watches.every(session, workspace_id).items() if segment != own}
    return replace(
        known,
        certificates={**live, **known.certificates},
        refusals={**refused, **known.refusals},
        watches={**others, **known.watches},
    )

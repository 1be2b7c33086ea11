"""A stored decision made again from what its run stored: as it was, to prove it, or under another configuration.

Nothing is written. Search is not repeated by itself: what it looked through has moved on. Nor are language models asked
again: their reading of then counts.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from ticketflow.agent.decide import judge
from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import UNTAUGHT, Experience
from ticketflow.agent.experiments import sides
from ticketflow.agent.ingest import ingest
from ticketflow.agent.past import VERSIONS, Past, as_it_was, read_past, with_other_segments
from ticketflow.agent.remembering import ExperienceCache, load
from ticketflow.agent.search import search
from ticketflow.agent.understanding import understand
from ticketflow.agent.vectors import unpack_vector
from ticketflow.clock import SECOND
from ticketflow.db import Session
from ticketflow.domain import Candidate, Decision, Findings, Intake, StepRecord, Value
from ticketflow.errors import Conflict, InvalidInput, NotFound
from ticketflow.learning.refitting import DECISION
from ticketflow.store import artefacts, cases, decisions, tickets
from ticketflow.store.decisions import StoredDecision
from ticketflow.store.settings import Settings
from ticketflow.workflow.engine import State, fingerprint

ABSENT = "(absent)"
"""Stands in a difference for a field that one side does not have."""
NEAR = 0.999
"""Cosine of two vectors of one text that differ by nothing but the processor's rounding."""


class Difference(Value):
    """A field, by its path such as `rules.settings.max_wrong` or `candidates.0.score`, with its two values."""

    path: str
    before: Any
    after: Any


class Repeated(Value):
    """A step made again. `same`: it yields the bytes (of canonical JSON) that it yielded then; None: not repeated.

    `vector` and `record` stand beside the steps: the sentence vector, and the decision's row against its run.
    """

    step: str
    same: bool | None
    differences: list[Difference] = []
    note: str = ""


class Replay(Value):
    """A decision made again as it was.

    `same`: every step that was repeated yields the same bytes, a rounding of the vector aside, and no stored step was
    `altered`: those are the steps whose input, as it is stored now, is not what they built on.
    """

    decision_id: str
    ticket_id: str
    run_id: str
    version: str
    created_at: int
    same: bool
    steps: list[Repeated]
    altered: list[str]


class Configuration(Value):
    """What a ticket is decided under instead: settings by name, today's score version, answers, settings and proofs
    (`now`), the same with another score `version`, and evidence of today (`search_again`).
    """

    settings: dict[str, Any] = {}
    now: bool = False
    version: str | None = None
    search_again: bool = False

    @property
    def changes(self) -> bool:
        """Whether it differs from the configuration that decided."""
        return bool(self.settings) or self.now or self.version is not None or self.search_again

    @property
    def of_today(self) -> bool:
        """Whether it starts from what is known today."""
        return self.now or self.version is not None


class Ruling(Value):
    """A decision with the candidates that it chose from, best first."""

    decision: Decision
    candidates: list[Candidate]


class Comparison(Value):
    """A ticket's decision as it was and under another configuration, with the fields that differ; those of `rules`,
    which is what the two were decided by, apart.
    """

    decision_id: str
    ticket_id: str
    configuration: Configuration
    before: Ruling
    after: Ruling
    differences: list[Difference]
    rules: list[Difference]


class _Remembered(ExperienceCache):
    """One experience, whatever the database holds by now: lets a step run under it."""

    def __init__(self, known: Experience) -> None:
        self._known = known

    def get(self, workspace_id: str) -> Experience:
        return self._known


def locate(session: Session, workspace_id: str, name: str) -> StoredDecision:
    """The decision of this id, or the newest one of the ticket that we or another system call so. Raises NotFound."""
    try:
        return decisions.get(session, workspace_id, name)
    except NotFound:
        ticket = tickets.find(session, workspace_id, name)
        found = decisions.newest(session, workspace_id, ticket.id) if ticket else None
        if found is None:
            raise NotFound(
                f"There is no decision {name!r}, and no ticket of this id that has one.",
                remedy="`ticketflow explain TICKET --json` shows a decision's id.",
            ) from None
        return found


def replay(deps: Deps, workspace_id: str, decision_id: str) -> Replay:
    """Make a decision again from its run's trigger, evidence, artefacts, answers and rules of then.

    Raises NotFound for an unknown decision and where something it was made from is not stored (the message names it),
    Conflict where a stored step cannot be read by this release.
    """
    deps = deps.pinned()
    with deps.database.read() as session:
        past = read_past(session, workspace_id, decision_id)
        known = as_it_was(session, deps, past, past.decision.version, past.decision.knowledge)
        analysed = (past.analysis.version, past.analysis.knowledge)
        knew = known if analysed == (known.version, known.knowledge) else as_it_was(session, deps, past, *analysed)
    again = ingest(_remembering(deps, known), _state(deps, past))
    analysis = understand(knew, past.intake, past.findings)
    decision = judge(known, past.intake, analysis, past.findings.variants, past.consultation.reading)
    steps = [
        _ingested(past, again),
        _vector(deps, past, again),
        _thrown(deps, past, known),
        _repeated(past.steps["analyze"], analysis),
        _repeated(past.steps["decide"], decision),
        _recorded(past),
    ]
    rounding = _close(past.intake, again)
    return Replay(
        decision_id=decision_id,
        ticket_id=past.run.ticket_id,
        run_id=past.run.id,
        version=past.decision.version,
        created_at=past.stored.created_at,
        same=not past.altered and all(one.same is not False or (one.step == "vector" and rounding) for one in steps),
        steps=steps,
        altered=past.altered,
    )


def under(deps: Deps, workspace_id: str, decision_id: str, configuration: Configuration) -> Comparison:
    """Decide a decision's ticket under another configuration.

    Raises as `replay` does, NotFound for an unknown score version, InvalidInput for settings that there are not, and
    Conflict where the ticket's stored vector cannot be compared with what today's encoder made.
    """
    if configuration.now and configuration.version is not None:
        raise InvalidInput(
            "Today's score version and a named one exclude each other.", remedy="Choose one.", field="version"
        )
    deps = deps.pinned()
    with deps.database.read() as session:
        past = read_past(session, workspace_id, decision_id)
        if (configuration.of_today or configuration.search_again) and past.intake.encoder != deps.encoder.id:
            raise Conflict(
                f"The ticket was read with the encoder {past.intake.encoder}, today's evidence with {deps.encoder.id}: "
                "their vectors cannot be compared.",
                remedy="Change settings only, or run the ticket again.",
            )
        known = _configured(session, deps, past, configuration)
    findings = _searched(deps, past, known) if configuration.search_again else past.findings
    analysis = understand(known, past.intake, findings)
    variants = sides(known.experiments, deps.secret, past.run.ticket_id)
    decision = judge(known, past.intake, analysis, variants, past.consultation.reading)
    before, after = (one.model_dump(mode="json") for one in (past.decision, decision))
    rules = differences(before.pop("rules"), after.pop("rules"))
    return Comparison(
        decision_id=decision_id,
        ticket_id=past.run.ticket_id,
        configuration=configuration,
        before=Ruling(decision=past.decision, candidates=past.analysis.candidates),
        after=Ruling(decision=decision, candidates=analysis.candidates),
        differences=list(differences(before, after)),
        rules=list(rules),
    )


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """The leaves at which two JSON values differ, in the order of their paths; none when their bytes are the same."""
    if isinstance(before, dict) and isinstance(after, dict):
        first, second = _keyed(before), _keyed(after)
    elif isinstance(before, list) and isinstance(after, list):
        first, second = _keyed(dict(enumerate(before))), _keyed(dict(enumerate(after)))  # pyright: ignore[reportUnknownArgumentType]
    else:
        if json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
            yield Difference(path=path, before=before, after=after)
        return
    for name in [*first, *(name for name in second if name not in first)]:
        yield from differences(first.get(name, ABSENT), second.get(name, ABSENT), f"{path}.{name}" if path else name)


def _keyed(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in values.items()}


def _configured(session: Session, deps: Deps, past: Past, wanted: Configuration) -> Experience:
    workspace_id = past.run.workspace_id
    if not wanted.of_today:
        made = past.decision
        known = with_other_segments(session, past, as_it_was(session, deps, past, made.version, made.knowledge))
    elif wanted.version is None:
        known = load(session, deps.encoder, workspace_id)
    elif wanted.version != UNTAUGHT and artefacts.find(session, workspace_id, DECISION, wanted.version) is None:
        raise NotFound(
            f"There is no score version {wanted.version!r}.",
            remedy="`ticketflow explain TICKET --json` shows the version of a decision.",
            field="version",
        )
    else:
        known = load(session, deps.encoder, workspace_id, wanted.version)
    return replace(known, settings=_changed(known.settings, wanted.settings))


def _changed(base: Settings, changes: Mapping[str, Any]) -> Settings:
    for name, value in changes.items():
        if name not in Settings.model_fields:
            raise _no_setting(f"There is no setting {name!r}.")
        try:
            made = Settings.model_validate({**base.model_dump(), name: value})
            json.dumps(made.model_dump(mode="json"), allow_nan=False)
        except ValidationError as error:
            problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
            wrong = f"{problem['msg'][:1].lower()}{problem['msg'][1:]}"
            raise _no_setting(f"The setting {name} cannot be {json.dumps(value)}: {wrong}.") from None
        except ValueError:
            raise _no_setting(f"The setting {name} cannot be {value}: that is no finite number.") from None
        base = made
    return base


def _no_setting(message: str) -> InvalidInput:
    return InvalidInput(message, remedy=f"Settings are: {', '.join(Settings.model_fields)}.", field="settings")


def _remembering(deps: Deps, known: Experience) -> Deps:
    return deps.with_mind(replace(deps.minds.current(), experience=_Remembered(known)))


def _state(deps: Deps, past: Past) -> State:
    state = State(past.run, deps.clock, 60 * SECOND, lambda: None)
    state.outputs["ingest"] = past.intake
    return state


def _searched(deps: Deps, past: Past, known: Experience) -> Findings:
    """The evidence of today, without the case that the ticket itself has become."""
    found = search(_remembering(deps, known), _state(deps, past))
    with deps.database.read() as session:
        own = [
            hit.id
            for hit in found.cases
            if cases.get(session, past.run.workspace_id, hit.id).ticket_id == past.run.ticket_id
        ]
    return found.model_copy(update={"cases": [hit for hit in found.cases if hit.id not in own]})


def _repeated(stored: StepRecord, again: Value, leaving_out: frozenset[str] = frozenset()) -> Repeated:
    before, after = (
        {name: value for name, value in output.items() if name not in leaving_out}
        for output in (stored.output, again.model_dump(mode="json"))
    )
    now = VERSIONS[stored.step]
    return Repeated(
        step=stored.step,
        same=fingerprint(before) == fingerprint(after),
        differences=list(differences(before, after)),
        note="" if stored.version == now else f"Made by version {stored.version} of the step, repeated by {now}.",
    )


def _ingested(past: Past, again: Intake) -> Repeated:
    """`ingest` but for the vector, the throw of the audit coin included."""
    others = frozenset({"vector"} if past.intake.encoder == again.encoder else {"vector", "encoder"})
    return _repeated(past.steps["ingest"], again, others)


def _thrown(deps: Deps, past: Past, known: Experience) -> Repeated:
    """Of `search` only the sides in experiments: the index that it looked through has moved on."""
    again = sides(known.experiments, deps.secret, past.run.ticket_id)
    found = list(differences(past.findings.variants, again, "variants"))
    return Repeated(
        step="search",
        same=False if found else None,
        differences=found,
        note="" if found else "Not repeated: what it looked through has moved on.",
    )


def _vector(deps: Deps, past: Past, again: Intake) -> Repeated:
    if past.intake.encoder != deps.encoder.id:
        note = f"Not repeated: it was made by the encoder {past.intake.encoder}, which is not the one in use."
        return Repeated(step="vector", same=None, note=note)
    if past.intake.vector == again.vector:
        return Repeated(step="vector", same=True)
    cosine = _cosine(past.intake, again)
    return Repeated(
        step="vector",
        same=False,
        differences=[Difference(path="vector", before=past.intake.vector, after=again.vector)],
        note=f"Cosine {cosine:.6f}. "
        + ("Processors round differently; the decision rests on the stored one." if cosine >= NEAR else "Too far."),
    )


def _close(stored: Intake, again: Intake) -> bool:
    return stored.vector == again.vector or _cosine(stored, again) >= NEAR


def _cosine(stored: Intake, again: Intake) -> float:
    first, second = (unpack_vector(one.vector).astype(np.float64) for one in (stored, again))
    if len(first) != len(second):
        return 0.0
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / lengths if lengths else 0.0


def _recorded(past: Past) -> Repeated:
    """The row that people read, against the run that it came from."""
    row, run = (
        {"decision": decision.model_dump(mode="json"), "analysis": analysis.model_dump(mode="json")}
        for decision, analysis in ((past.stored.decision, past.stored.analysis), (past.decision, past.analysis))
    )
    return Repeated(step="record", same=fingerprint(row) == fingerprint(run), differences=list(differences(run, row)))

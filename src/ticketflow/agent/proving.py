"""Score versions and their proofs: which version is in force, and when the labels are looked at anew.

A version that learning has just made is tried on tickets held out of learning. It replaces the one in force when it is
proven itself, or when the other is not; otherwise it stays in the shadow until audited tickets prove it.
"""

import numpy as np

from ticketflow.agent import audits, certifying, segments, watch
from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import Experience
from ticketflow.agent.permission import asked_now, fits
from ticketflow.agent.remembering import load
from ticketflow.agent.understanding import understand
from ticketflow.db import Session
from ticketflow.domain import Findings, Intake, Stage
from ticketflow.embeddings.encoder import Space
from ticketflow.learning import refitting
from ticketflow.learning.certificate import labels_needed, spend
from ticketflow.learning.holding_out import Graded
from ticketflow.learning.refitting import DECISION, Taught
from ticketflow.store import artefacts, certificates, settings, watches, workspaces
from ticketflow.store import audits as samples
from ticketflow.store.artefacts import Artefact
from ticketflow.store.audits import AuditSample, AuditState
from ticketflow.store.certificates import Certificate, NewCertificate
from ticketflow.store.settings import Settings
from ticketflow.store.watches import Watch
from ticketflow.workflow import history

NEW_VERSION = "A new score version is in force."
NEW_ENCODER = "Another encoder is in force, and with it a score of its own."
GROWTH = 1.2
"""The labels have to grow by this factor before they are looked at again by themselves: each look costs certainty."""
WORTH_KEEPING = 50
"""Grades of a version without a proof that are not given up for a newer version without one."""
COMPARABLE = 0.9
"""A new version may cover this part of what the one in force does: it knows newer tickets and is proven on them."""


def settle(session: Session, workspace_id: str, taught: Taught, rules: Settings) -> bool:
    """Store what a refit taught with its first certificates; whether it is in force now."""
    version = taught.version
    looks = _looks(session, workspace_id, version, rules)
    made = certifying.look_at_all(version, taught.trained, taught.graded, rules, looks, certifying.HISTORY)
    now = refitting.in_force(session, workspace_id)
    same = now is not None and now.version == version
    if same:  # the same labels as before: another look would only cost certainty
        newest = certificates.newest(session, workspace_id, version)
        made = [new for new in made if new.segment not in newest or not asked_now(rules, newest[new.segment])]
    adopted = same or _better(session, workspace_id, made)
    refitting.store(session, workspace_id, taught, in_force=adopted)
    if adopted and not same:
        certificates.end(session, workspace_id, None, NEW_VERSION)
    for new in made:
        _add(session, workspace_id, new, in_force=adopted)
    return adopted


def adopt(session: Session, encoder: Space, workspace_id: str, version: str) -> list[Certificate]:
    """Put a version in force because its encoder is, proven or not; its first certificates, refusals included."""
    known = load(session, encoder, workspace_id, version)
    if known.trained is None:
        return []
    stored = artefacts.get(session, workspace_id, DECISION, version)
    graded = Graded.from_arrays(artefacts.load(session, workspace_id, stored.id))
    looks = _looks(session, workspace_id, version, known.settings)
    made = certifying.look_at_all(version, known.trained, graded, known.settings, looks, certifying.HISTORY)
    refitting.promote(session, workspace_id, version)
    certificates.end(session, workspace_id, None, NEW_ENCODER)
    return [_add(session, workspace_id, new, in_force=True) for new in made]


def prove(deps: Deps, workspace_id: str, segment: str | None = None) -> list[Certificate]:
    """Look at the labels of the version in force, of one segment or of all; what came of it, refusals included.

    Each look costs a part of the certainty, so looking often at the same labels proves less.
    """
    encoder = deps.encoder
    with deps.database.read() as session:
        known = load(session, encoder, workspace_id)
    if known.trained is None:
        return []
    wanted = segments.segments(known.settings) if segment is None else [segment]
    made: list[Certificate] = []
    with deps.database.write() as session:
        workspaces.hold(session, workspace_id)
        now = refitting.in_force(session, workspace_id)
        if now is None or now.version != known.version:
            return []  # a refit was faster: its version has had its own look
        for one in wanted:
            graded, source = _labels(session, known, one)
            number = certificates.looks(session, workspace_id, known.version, one) + 1
            new = certifying.look(known.version, known.trained, graded, known.settings, one, number, source)
            made.append(_add(session, workspace_id, new, in_force=True))
    return made


def worth_a_look(session: Session, known: Experience, segment: str) -> bool:
    """Whether a look by itself makes sense: no live proof of what is asked, and enough new labels since the last."""
    if known.trained is None:
        return False
    state = known.watches.get(segment, watches.Watch())
    green = state.stage is Stage.GREEN
    live = known.certificates.get(segment)
    settings = known.settings
    if live is not None and fits(settings, live) and green:
        return False
    newest = certificates.newest(session, known.workspace.id, known.version).get(segment)
    if newest is None or (green and not asked_now(settings, newest)):
        return True
    graded, _ = _labels(session, known, segment)
    enough = _fewest(session, known, segment)
    if _of_now(newest, state):
        enough = max(enough, GROWTH * newest.labels, _asked_for(newest))
    return _counted(settings, segment, graded) >= enough


def reconsider(deps: Deps, workspace_id: str) -> bool:
    """Try the candidate version on the tickets audited since it learned; whether it was put in force."""
    encoder = deps.encoder
    with deps.database.read() as session:
        waiting = refitting.candidate(session, workspace_id)
        if waiting is None:
            return False
        known = load(session, encoder, workspace_id, waiting.version)
        graded, source = _labels_of_candidate(session, known, waiting)
        if known.trained is None or graded is None:
            return False
    with deps.database.write() as session:
        workspaces.hold(session, workspace_id)
        if refitting.candidate(session, workspace_id) != waiting:
            return False
        looks = _looks(session, workspace_id, waiting.version, known.settings)
        made = certifying.look_at_all(known.version, known.trained, graded, known.settings, looks, source)
        adopted = _better(session, workspace_id, made)
        if adopted:
            refitting.promote(session, workspace_id, waiting.version)
            certificates.end(session, workspace_id, None, NEW_VERSION)
        for new in made:
            _add(session, workspace_id, new, in_force=adopted)
    return adopted


def _labels_of_candidate(session: Session, known: Experience, waiting: Artefact) -> tuple[Graded | None, str]:
    """The labels to try the candidate on, after an alarm only audits drawn since; None while a look is not worth it."""
    workspace_id, settings = known.workspace.id, known.settings
    state = known.watches.get(segments.REST, watches.Watch())
    alarmed = state.stage is not Stage.GREEN
    learned = int(waiting.provenance["read_at"])
    fresh = audits.closed(samples.since(session, workspace_id, max(learned, state.since) if alarmed else learned))
    if not fresh:
        return None, ""
    graded, source = _scored_by(session, known, fresh), certifying.AUDIT
    if not alarmed:
        held_out = Graded.from_arrays(artefacts.load(session, workspace_id, waiting.id))
        source = certifying.BOTH if len(held_out.right) else source
        graded = held_out.joined(graded)
    newest = certificates.newest(session, workspace_id, waiting.version).get(segments.REST)
    grown = newest.labels if newest is not None and _of_now(newest, state) else 0
    enough = max(GROWTH * grown, _fewest(session, known, segments.REST))
    return (graded if _counted(settings, segments.REST, graded) >= enough else None), source


def _counted(settings: Settings, segment: str, graded: Graded) -> int:
    return len(segments.labels_of(settings, segment, graded).right)


def _add(session: Session, workspace_id: str, new: NewCertificate, *, in_force: bool) -> Certificate:
    live = in_force and _serves(session, workspace_id, new)
    made = certificates.add(session, workspace_id, new, live=live)
    if live:
        watch.raise_(session, workspace_id, new.segment, made.id)
    return made


def _serves(session: Session, workspace_id: str, new: NewCertificate) -> bool:
    """Whether a look's result can carry automatic replies: after an alarm, labels from before it prove nothing."""
    alarmed = watches.get(session, workspace_id, new.segment).stage is not Stage.GREEN
    return new.threshold is not None and (not alarmed or new.source == certifying.AUDIT)


def _better(session: Session, workspace_id: str, made: list[NewCertificate]) -> bool:
    """Proven where most tickets are, and covering about as much.

    Anything is better than a version without a proof of what the settings ask for.
    """
    rules = settings.get(session, workspace_id)
    live = {segment: one for segment, one in certificates.live(session, workspace_id).items() if fits(rules, one)}
    proven = [new for new in made if _serves(session, workspace_id, new)]
    now = live.get(segments.REST)
    if now is None:
        return bool(proven) or (not live and not _audited_enough(session, workspace_id))
    return any(new.segment == segments.REST and new.coverage >= COMPARABLE * now.coverage for new in proven)


def _audited_enough(session: Session, workspace_id: str) -> bool:
    """Whether so many grades speak of the version in force that another without a proof would only throw them away."""
    stored = refitting.in_force(session, workspace_id)
    if stored is None:
        return False
    return len(audits.closed(samples.since(session, workspace_id, 0, version=stored.version))) >= WORTH_KEEPING


def _looks(session: Session, workspace_id: str, version: str, rules: Settings) -> dict[str, int]:
    return {
        segment: certificates.looks(session, workspace_id, version, segment) for segment in segments.segments(rules)
    }


def _labels(session: Session, known: Experience, segment: str) -> tuple[Graded, str]:
    """The labels of the version in force: of history and audits, after an alarm only of audits drawn since."""
    workspace_id = known.workspace.id
    state = known.watches.get(segment, watches.Watch())
    alarmed = state.stage is not Stage.GREEN
    drawn = samples.since(session, workspace_id, state.since if alarmed else 0, version=known.version)
    counted = [sample for sample in audits.closed(drawn) if not alarmed or sample.segment == segment]
    audited = _as_graded(counted)
    if alarmed:
        return audited, certifying.AUDIT
    stored = artefacts.active(session, workspace_id, DECISION)
    held_out = Graded.from_arrays(artefacts.load(session, workspace_id, stored.id)) if stored else Graded.none()
    if not counted:
        return held_out, certifying.HISTORY
    return held_out.joined(audited), certifying.BOTH if len(held_out.right) else certifying.AUDIT


def _as_graded(counted: list[AuditSample]) -> Graded:
    return Graded(
        np.array([sample.confidence for sample in counted], np.float64),
        np.array([not sample.wrong for sample in counted], bool),
        np.array([sample.category or "" for sample in counted], np.str_),
    )


def _scored_by(session: Session, known: Experience, counted: list[AuditSample]) -> Graded:
    """Audited tickets as another version would have judged them: its proposal against the answer that was right."""
    confidences: list[float] = []
    right: list[bool] = []
    categories: list[str] = []
    for sample in counted:
        stored = history.outputs(session, known.workspace.id, sample.run_id)
        if "search" not in stored:
            continue  # its ticket was erased, or it was graded elsewhere: nobody knows what this version had proposed
        intake = Intake.model_validate(stored["ingest"].output)
        analysis = understand(known, intake, Findings.model_validate(stored["search"].output))
        best = analysis.candidates[0] if analysis.candidates else None
        truth = sample.right_answer_id if sample.wrong else sample.answer_id
        if sample.state is AuditState.OVERDUE:
            truth = None
        confidences.append(known.trained.confidence(best.features) if known.trained and best else 0.0)
        right.append(best is not None and best.answer_id == truth)
        categories.append(analysis.category.value or "")
    return Graded(np.array(confidences, np.float64), np.array(right, bool), np.array(categories, np.str_))


def _of_now(look: Certificate, state: Watch) -> bool:
    """Whether the labels of a look still count: after an alarm those drawn before it do not."""
    return state.stage is Stage.GREEN or look.created_at >= state.since


def _asked_for(refusal: Certificate) -> int:
    """The labels that a refusal asked for, 0 for a certificate."""
    return refusal.labels + refusal.needed if refusal.needed is not None and refusal.threshold is None else 0


def _fewest(session: Session, known: Experience, segment: str) -> int:
    """The fewest labels with which the next look at a segment could prove anything."""
    alpha, delta = segments.alpha_of(known.settings, segment), 1 - known.settings.certainty
    if not 0 < alpha < 1 or not 0 < delta < 1:
        return 1
    number = certificates.looks(session, known.workspace.id, known.version, segment) + 1
    return labels_needed(alpha, spend(delta, number))

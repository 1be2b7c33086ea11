"""The regular look at running automation: deadlines, early warnings without a label, and whether a proof can be had.

A background run, queued at most every LOOK_EVERY while tickets arrive, and for the deadline of each sample. It may
lower the stage of automation; a fresh certificate alone raises it.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ticketflow.agent import audits, learn, proving, segments, watch
from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import Experience
from ticketflow.agent.remembering import load, with_rules
from ticketflow.db import Session
from ticketflow.domain import Stage, Value
from ticketflow.learning import refitting
from ticketflow.learning.folds import row_weights
from ticketflow.learning.percent import percent
from ticketflow.learning.trained import Trained
from ticketflow.learning.watching import NOVEL_SHARE_RISE, SHIFT_LARGE, mix_change, population_stability
from ticketflow.store import decisions, watches, workspaces
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

ARRIVALS = 1_000
"""The latest decisions that early warnings look at."""
LEAST_ARRIVALS = 300
"""Fewer decisions warn of nothing."""
EXPECTED = 5_000
"""Confidences drawn to stand for what is expected: enough that chance does not show in an index."""


class Looked(Value):
    """What a look did: samples that became overdue, segments proven anew, whether a candidate version was adopted."""

    overdue: int
    proven: list[str]
    adopted: bool


def look(deps: Deps, workspace_id: str) -> Looked:
    """Look once, now."""
    with deps.database.write() as session:
        workspaces.hold(session, workspace_id)
        overdue = audits.close_overdue(session, workspace_id)
    encoder = deps.encoder
    with deps.database.read() as session:
        known = load(session, encoder, workspace_id)
    for segment in segments.segments(known.settings):
        with deps.database.write() as session:
            workspaces.hold(session, workspace_id)
            _warn(session, known, segment)
    with deps.database.read() as session:
        known = with_rules(session, known)
        stale = refitting.holds_back_too_little(session, workspace_id)
        due = [one for one in segments.segments(known.settings) if proving.worth_a_look(session, known, one)]
    if stale:
        with deps.database.write() as session:
            learn.queue_refit(session, workspace_id)
    proven = [
        made.segment for one in due for made in proving.prove(deps, workspace_id, one) if made.threshold is not None
    ]
    return Looked(overdue=overdue, proven=proven, adopted=proving.reconsider(deps, workspace_id))


def _warn(session: Session, known: Experience, segment: str) -> None:
    """Compare what arrived lately with what the proof speaks of; only a live certificate has something to lose."""
    workspace_id = known.workspace.id
    now = watches.get(session, workspace_id, segment).model_copy(update={"looked_at": session.now})
    certificate, trained = known.certificates.get(segment), known.trained
    watches.put(session, workspace_id, segment, now)
    if certificate is None or trained is None:
        return
    lately = decisions.lately(session, workspace_id, known.version, segment, limit=ARRIVALS)
    arrived = np.array([one.confidence for one in lately], np.float64)
    if len(arrived) < LEAST_ARRIVALS:
        return
    spoken = Counter(one.language or "" for one in lately)
    artefact = refitting.in_force(session, workspace_id)
    usual = artefact.provenance.get("languages", {}) if artefact else {}
    novel = trained.estimated_share(arrived)
    now = now.model_copy(
        update={
            "novel_share": novel,
            "stability": population_stability(_expected(trained, novel), arrived),
            "language_change": mix_change(usual, spoken) if usual else None,
        }
    )
    watches.put(session, workspace_id, segment, now)
    found = _warnings(now, max(trained.novel_share, known.settings.novelty_share))
    if found:
        watch.lower(session, workspace_id, segment, now, Stage.AMBER, " ".join(found))


def _expected(trained: Trained, novel: float | None) -> NDArray[np.float64]:
    """Out-of-fold confidences with as many novel tickets among them as there seem to be: their share warns by itself.

    (EXPECTED,), or none where they stand for fewer than LEAST_ARRIVALS tickets.
    """
    weights = row_weights(trained.proof.novel, trained.novel_share if novel is None else novel)
    if weights.sum() ** 2 < LEAST_ARRIVALS * (weights**2).sum():  # Kish's effective number
        return np.zeros(0)
    return np.random.default_rng(0).choice(trained.proof.confidences, EXPECTED, p=weights / weights.sum())


def _warnings(now: watches.Watch, expected_share: float) -> list[str]:
    """What shifted by more than a fresh certificate has been proven under meanwhile."""
    found: list[str] = []
    share = max(expected_share, now.proven.get("novel_share", 0.0))
    if now.stability is not None and now.stability >= SHIFT_LARGE + now.proven.get("stability", 0.0):
        found.append("The agent is sure of other tickets than it was when its threshold was proven.")
    if now.novel_share is not None and now.novel_share >= share + NOVEL_SHARE_RISE:
        found.append(f"About {percent(now.novel_share)} of the tickets fit no answer; {percent(share)} were expected.")
    if now.language_change is not None and now.language_change >= SHIFT_LARGE + now.proven.get("language_change", 0.0):
        found.append("Tickets arrive in other languages than before.")
    return found


def _step(deps: Deps, state: State) -> Looked:
    with state.kept():
        return look(deps, state.run.workspace_id)


def _give_up(_deps: Deps, _session: Session, _run: Run, _error: str) -> None:
    """The next look is queued anyway."""


WATCH_WORKFLOW = Workflow[Deps](
    watch.WATCH,
    1,
    (Step[Deps]("look", "1", _step, output=Looked, inputs=(TICKET,), outside=True),),
    _give_up,
    background=True,
)

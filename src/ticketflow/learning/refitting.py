"""From a workspace's stored history to artefacts in force. Reads and writes rows; what is learned is in `training`."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.db import Session
from ticketflow.domain import ChunkKind
from ticketflow.embeddings.encoder import Encoder
from ticketflow.learning import attributes, training
from ticketflow.learning.attributes import Attributes
from ticketflow.learning.certificate import labels_needed, spend
from ticketflow.learning.fusion import fit_fusion
from ticketflow.learning.holding_out import UNDATED, Graded, held_out
from ticketflow.learning.judging import Judged
from ticketflow.learning.novelty_share import share_in_history
from ticketflow.learning.trained import version_of
from ticketflow.learning.training import Trained, TrainingSet, TrainingSettings
from ticketflow.retrieval.fusion import Fusion
from ticketflow.retrieval.history import LabelledPool
from ticketflow.retrieval.stored import StoredChunk, first_chunks
from ticketflow.store import answers, artefacts, cases, settings, workspaces
from ticketflow.store.answers import Answer
from ticketflow.store.artefacts import Artefact
from ticketflow.store.cases import LabelledCase
from ticketflow.store.settings import Settings

MOST_CASES = 50_000
"""The newest cases that are learned from; the rest still serve as evidence."""
DECISION, ATTRIBUTES, FUSION = "decision", "attributes", "fusion"
ANSWER_IDS = "answer_ids"

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class History:
    """What a workspace has to learn from: cases with their chunks, and the answers, each list in one order."""

    cases: list[LabelledCase]
    chunks: list[StoredChunk]
    answers: list[Answer]
    answer_chunks: dict[str, StoredChunk]
    settings: Settings
    encoder_id: str
    dimension: int
    read_at: int


@dataclass(frozen=True)
class Taught:
    """What a history taught, ready to be stored. `graded` are the tickets held out, judged by what was learned."""

    answer_ids: list[str]
    trained: Trained
    graded: Graded
    attributes: Attributes
    fusion: Fusion
    provenance: dict[str, Any]

    @cached_property
    def version(self) -> str:
        """The score version: 16 hex digits over the score, the attributes and the weights of search."""
        parts = [
            self.trained.version,
            version_of(self.attributes.to_arrays()),
            repr(sorted(self.fusion.to_dict().items())),
        ]
        return version_of({"parts": np.array(parts, np.str_)})


def learned_until(session: Session, workspace_id: str) -> int:
    """Up to when (microseconds) the cases are in the artefacts in force, 0 before the first."""
    found = in_force(session, workspace_id)
    return int(found.provenance["read_at"]) if found else 0


def in_force(session: Session, workspace_id: str) -> Artefact | None:
    """The decision's artefact that is used now, None before the first refit."""
    return artefacts.active(session, workspace_id, DECISION)


def learned_with(session: Session, workspace_id: str, encoder_id: str) -> Artefact | None:
    """The version in force where this encoder's vectors taught it, otherwise the newest that they did."""
    now = in_force(session, workspace_id)
    if now is None or now.provenance.get("encoder", encoder_id) == encoder_id:
        return now
    stored = artefacts.every(session, workspace_id, DECISION)
    return next((one for one in stored if one.provenance.get("encoder") == encoder_id), None)


def read(session: Session, encoder: Encoder, workspace_id: str, most_cases: int = MOST_CASES) -> History:
    """The history as it stands."""
    workspace = workspaces.get(session, workspace_id)
    known = {row.id: row for row in cases.labelled(session, workspace_id, most_cases)}
    rows = [row for row in first_chunks(session, workspace, ChunkKind.CASE, encoder.id) if row.source_id in known]
    return History(
        cases=[known[row.source_id] for row in rows],
        chunks=rows,
        answers=answers.every(session, workspace_id),
        answer_chunks={row.source_id: row for row in first_chunks(session, workspace, ChunkKind.ANSWER, encoder.id)},
        settings=settings.get(session, workspace_id),
        encoder_id=encoder.id,
        dimension=encoder.dimension,
        read_at=session.now,
    )


def learn(history: History, pools: Sequence[LabelledPool], progress: Progress, workers: int) -> Taught:
    """Fit everything on `workers` threads; `pools` are the history's own searches. No transaction is open meanwhile."""
    data = training_set(history)
    kept_back = tickets_held_out(history)
    hidden = np.zeros(len(data.texts), bool)
    hidden[kept_back] = True
    shown: list[int] = np.flatnonzero(~hidden).tolist()
    novel = int((data.answers[shown] < 0).sum())
    expected = share_in_history(novel, len(shown), history.settings.novelty_share)
    wanted = TrainingSettings(novel_share=expected, targets=_targets(history.settings), workers=workers)
    trained, judged = training.fit_and_judge(
        data, kept_back, wanted, lambda share, doing: progress(0.85 * share, doing)
    )
    progress(0.85, "learning category and priority")
    guessed = attributes.fit(
        [data.texts[row] for row in shown],
        data.vectors[shown],
        {
            "category": [history.cases[row].category for row in shown],
            "priority": [history.cases[row].priority for row in shown],
        },
    )
    progress(0.95, "weighing the two halves of search")
    fused = fit_fusion(pools)
    progress(1.0, "done")
    return Taught(
        answer_ids=[answer.id for answer in history.answers],
        trained=trained,
        graded=_graded(data, kept_back, judged, guessed),
        attributes=guessed,
        fusion=fused.weights,
        provenance={
            "read_at": history.read_at,
            "cases": len(history.cases),
            "answers": len(history.answers),
            "encoder": history.encoder_id,
            "held_out": len(kept_back),
            "languages": dict(Counter(row.language or "" for row in history.cases)),
            "novelty_share": expected,
            "figures": {name: value for name, value in trained.figures.items() if np.isfinite(value)},
            "search": {"chosen": fused.chosen, "queries": fused.queries, "right": fused.right},
        },
    )


def _targets(settings: Settings) -> tuple[float, ...]:
    asked = {target for target in (settings.max_wrong, *settings.category_max_wrong.values()) if 0 < target < 1}
    return tuple(sorted({*TrainingSettings().targets, *asked}))


def tickets_held_out(history: History) -> NDArray[np.int64]:
    """The rows of the history that a certificate is to be tried on: imported tickets, of which none was chosen.

    Tickets that came back from people are no fair sample: they are those that the agent handed over, or got wrong.
    """
    return held_out(
        np.array([case.resolved_at if case.dated else UNDATED for case in history.cases], np.int64),
        np.array([case.ticket_id is None for case in history.cases], bool),
        _least_labels(history.settings),
    )


def holds_back_too_little(session: Session, workspace_id: str) -> bool:
    """Whether the version in force was learned without holding tickets out, and the history now allows for it.

    So it is after an upgrade from a release without certificates, or when more may be wrong than before.
    """
    now = in_force(session, workspace_id)
    if now is None or now.provenance.get("held_out"):
        return False
    imported = min(cases.count_imported(session, workspace_id), MOST_CASES)
    least = _least_labels(settings.get(session, workspace_id))
    return len(held_out(np.zeros(imported, np.int64), np.ones(imported, bool), least)) > 0


def _least_labels(rules: Settings) -> int:
    """The fewest labels that a first look could prove anything with; more than there are where nothing can be."""
    if not 0 < rules.max_wrong < 1 or not 0 < rules.certainty < 1:
        return MOST_CASES
    return labels_needed(rules.max_wrong, spend(1 - rules.certainty, look=1))


def _graded(data: TrainingSet, rows: NDArray[np.int64], judged: Judged, guessed: Attributes) -> Graded:
    texts: list[str] = [data.texts[int(row)] for row in rows]
    categories = guessed.likeliest("category", texts, data.vectors[rows])
    return Graded(judged.confidences, judged.right, np.array(categories, np.str_))


def training_set(history: History) -> TrainingSet:
    """The history as arrays."""
    index = {answer.id: row for row, answer in enumerate(history.answers)}
    vectors = [row.vector for row in history.chunks]
    return TrainingSet(
        texts=[row.text for row in history.chunks],
        tokens=[row.terms for row in history.chunks],
        vectors=np.array(vectors, np.float32).reshape(len(vectors), history.dimension),
        answers=np.array([index.get(case.answer_id or "", -1) for case in history.cases], np.int64),
        languages=[case.language or "" for case in history.cases],
        success_rates=_rates(history.answers),
        answer_vectors=own_vectors(history.answers, history.answer_chunks, history.dimension),
    )


def _rates(known: Sequence[Answer]) -> NDArray[np.float32]:
    """(A,) share of automatic replies not found wrong; NaN for an answer that was never sent."""
    rates = [answer.succeeded / answer.used if answer.used else np.nan for answer in known]
    return np.array(rates, np.float32)


def own_vectors(known: Sequence[Answer], stored: Mapping[str, StoredChunk], dimension: int) -> NDArray[np.float32]:
    """(A, dimension) the answers' own sentence vectors from their chunks by answer id, NaN for one without a text."""
    missing = np.full(dimension, np.nan, np.float32)
    found = [stored.get(answer.id) for answer in known]
    rows = [missing if chunk is None else chunk.vector for chunk in found]
    return np.array(rows, np.float32).reshape(len(rows), dimension)


def store(session: Session, workspace_id: str, taught: Taught, *, in_force: bool = True) -> str:
    """Store what was learned, in force or as a candidate that waits for its proof; the score version."""
    version = taught.version
    arrays = {
        **taught.trained.to_arrays(),
        **taught.graded.to_arrays(),
        ANSWER_IDS: np.array(taught.answer_ids, np.str_),
    }
    weights = {**taught.provenance, "weights": taught.fusion.to_dict()}
    for kind, parts, provenance in (
        (DECISION, arrays, taught.provenance),
        (ATTRIBUTES, taught.attributes.to_arrays(), taught.provenance),
        (FUSION, {}, weights),
    ):
        artefacts.put(session, workspace_id, kind, version, parts, provenance, in_force=in_force)
    return version


def promote(session: Session, workspace_id: str, version: str) -> None:
    """Put a stored candidate in force. Raises NotFound when its artefacts are not there."""
    for kind in (DECISION, ATTRIBUTES, FUSION):
        artefacts.activate(session, workspace_id, artefacts.get(session, workspace_id, kind, version))


def candidate(session: Session, workspace_id: str) -> Artefact | None:
    """The newest score version, where it is not the one in force: it waits for its proof."""
    newest, now = artefacts.find(session, workspace_id, DECISION), in_force(session, workspace_id)
    if newest is None or now is None or newest.id == now.id:
        return None
    return newest if newest.provenance.get("encoder") == now.provenance.get("encoder") else None

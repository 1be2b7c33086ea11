"""From a workspace's stored history to artefacts in force. Reads and writes rows; what is learned is in `training`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.db import Session
from ticketflow.domain import ChunkKind
from ticketflow.embeddings.encoder import Encoder
from ticketflow.learning import attributes, training
from ticketflow.learning.attributes import Attributes
from ticketflow.learning.fusion import fit_fusion
from ticketflow.learning.training import UNKNOWN_RATE, Trained, TrainingSet, TrainingSettings
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
MOST_NOVEL = 0.99
"""Where every ticket is novel there is nothing to learn from."""
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
    """What a history taught, ready to be stored."""

    answer_ids: list[str]
    trained: Trained
    attributes: Attributes
    fusion: Fusion
    provenance: dict[str, Any]


def learned_until(session: Session, workspace_id: str) -> int:
    """Up to when (microseconds) the cases are in the artefacts in force, 0 before the first."""
    found = in_force(session, workspace_id)
    return int(found.provenance["read_at"]) if found else 0


def in_force(session: Session, workspace_id: str) -> Artefact | None:
    """The decision's artefact that is used now, None before the first refit."""
    return artefacts.active(session, workspace_id, DECISION)


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


def learn(history: History, pools: Sequence[LabelledPool], progress: Progress) -> Taught:
    """Fit everything; `pools` are the history's own searches. No transaction is open meanwhile."""
    taught = training_set(history)
    asked = {target for target in (history.settings.max_wrong,) if 0 < target < 1}
    wanted = TrainingSettings(
        novel_share=min(history.settings.novelty_share, MOST_NOVEL),
        targets=tuple(sorted({*TrainingSettings().targets, *asked})),
    )
    trained = training.fit(taught, wanted, lambda share, doing: progress(0.85 * share, doing))
    progress(0.85, "learning category and priority")
    guessed = attributes.fit(
        taught.texts,
        taught.vectors,
        {
            "category": [row.category for row in history.cases],
            "priority": [row.priority for row in history.cases],
        },
    )
    progress(0.95, "weighing the two halves of search")
    fused = fit_fusion(pools)
    progress(1.0, "done")
    return Taught(
        answer_ids=[answer.id for answer in history.answers],
        trained=trained,
        attributes=guessed,
        fusion=fused.weights,
        provenance={
            "read_at": history.read_at,
            "cases": len(history.cases),
            "answers": len(history.answers),
            "encoder": history.encoder_id,
            "novelty_share": history.settings.novelty_share,
            "figures": {name: value for name, value in trained.figures.items() if np.isfinite(value)},
            "search": {"chosen": fused.chosen, "queries": fused.queries, "right": fused.right},
        },
    )


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
        success_rates=known_rates(history.answers),
        answer_vectors=own_vectors(history.answers, history.answer_chunks, history.dimension),
    )


def own_vectors(known: Sequence[Answer], stored: Mapping[str, StoredChunk], dimension: int) -> NDArray[np.float32]:
    """(A, dimension) the answers' own sentence vectors from their chunks by answer id, NaN for one without a text."""
    missing = np.full(dimension, np.nan, np.float32)
    found = [stored.get(answer.id) for answer in known]
    rows = [missing if chunk is None else chunk.vector for chunk in found]
    return np.array(rows, np.float32).reshape(len(rows), dimension)


def known_rates(known: Sequence[Answer]) -> NDArray[np.float32]:
    """(A,) share of automatic replies not found wrong; UNKNOWN_RATE for an answer that was never sent."""
    rates = [answer.succeeded / answer.used if answer.used else UNKNOWN_RATE for answer in known]
    return np.array(rates, np.float32)


def store(session: Session, workspace_id: str, taught: Taught) -> str:
    """Put what was learned in force; the version of the decision's artefact."""
    version = taught.trained.version
    arrays = {**taught.trained.to_arrays(), ANSWER_IDS: np.array(taught.answer_ids, np.str_)}
    artefacts.put(session, workspace_id, DECISION, version, arrays, taught.provenance)
    artefacts.put(session, workspace_id, ATTRIBUTES, version, taught.attributes.to_arrays(), taught.provenance)
    weights = {**taught.provenance, "weights": taught.fusion.to_dict()}
    artefacts.put(session, workspace_id, FUSION, version, {}, weights)
    return version

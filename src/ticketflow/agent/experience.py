"""What a workspace has taught, as the agent holds it in memory: its answers, learned artefacts and settings."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ticketflow.clock import SECOND, Clock
from ticketflow.db import Database, Session
from ticketflow.domain import AnswerStatus, ChunkKind, Workspace
from ticketflow.embeddings.encoder import Encoder
from ticketflow.learning import refitting
from ticketflow.learning.attributes import Attributes
from ticketflow.learning.refitting import ANSWER_IDS, ATTRIBUTES, DECISION, FUSION
from ticketflow.learning.signals import no_signals
from ticketflow.learning.threshold import Threshold
from ticketflow.learning.training import Trained
from ticketflow.retrieval.fusion import PRIOR, Fusion
from ticketflow.retrieval.stored import first_chunks
from ticketflow.store import answers, artefacts, settings, workspaces
from ticketflow.store.answers import Answer
from ticketflow.store.settings import Settings

LOOK_AGAIN = SECOND // 2
"""How long an experience is used before the database is asked whether there is a newer one."""
ARTEFACTS = 3
"""How many parts of a stamp name artefacts, which cost most to load."""
UNTAUGHT = "untaught"
NOTHING_LEARNED = "Nothing has been learned yet: import resolved tickets that name their answer."
NONE_MAY_BE_WRONG = "No automatic reply may be wrong, says the setting max_wrong, and no history can promise that."


@dataclass(frozen=True)
class Experience:
    """One consistent state of what is known.

    `answers` starts with those that `trained` numbers, in its order; those added since follow. `vectors` (A, d) are
    the answers' own sentence vectors, NaN for an answer without a text. `trained` is None before the first refit.
    """

    workspace: Workspace
    settings: Settings
    answers: tuple[Answer, ...]
    vectors: NDArray[np.float32]
    trained: Trained | None
    attributes: Attributes | None
    fusion: Fusion
    version: str

    @cached_property
    def index_of(self) -> dict[str, int]:
        """An answer's number by its id."""
        return {answer.id: number for number, answer in enumerate(self.answers)}

    def answer(self, answer_id: str) -> Answer | None:
        """The answer with this id."""
        number = self.index_of.get(answer_id)
        return None if number is None else self.answers[number]

    @cached_property
    def unseen(self) -> NDArray[np.bool_]:
        """(A,) the answers of which `trained` has seen no case, among them all that were added since."""
        if self.trained is None or self.trained.learned.classifier is None:
            return np.zeros(len(self.answers), bool)
        classes = self.trained.learned.classifier.classes
        taught = classes[classes < self.trained.answers]  # the last class stands for cases without an answer
        return ~np.isin(np.arange(len(self.answers)), taught)

    def label(self, answer_id: str | None) -> str | None:
        """The label of the answer with this id."""
        found = self.answer(answer_id) if answer_id is not None else None
        return found.label if found else None

    @cached_property
    def offered(self) -> NDArray[np.bool_]:
        """(A,) which answers may be proposed."""
        return np.array([answer.status is not AnswerStatus.ARCHIVED for answer in self.answers], bool)

    @cached_property
    def success_rates(self) -> NDArray[np.float32]:
        """(A,) each answer's record as it is now."""
        return refitting.known_rates(self.answers)

    def language_match(self, language: str) -> NDArray[np.float32]:
        """(A,) whether an answer was used in this language; an answer added since matches every one."""
        match = np.ones(len(self.answers), np.float32)
        if self.trained is not None:
            match[: self.trained.answers] = self.trained.languages.match([language])[0]
        return match

    def learned_signals(self, text: str, vector: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The learned fields of `Signals` for one ticket, each (1, A)."""
        if self.trained is None:
            return no_signals(1, len(self.answers))
        return self.trained.learned.signals([text], vector[None, :], len(self.answers))

    @cached_property
    def threshold(self) -> Threshold:
        """The confidence from which the agent may reply, or the sentence that says what is missing for one."""
        if self.trained is None:
            return Threshold(self.settings.max_wrong, None, 0.0, 0.0, 1.0, 0, NOTHING_LEARNED)
        if not 0 < self.settings.max_wrong < 1:
            return Threshold(self.settings.max_wrong, None, 0.0, 0.0, 1.0, 0, NONE_MAY_BE_WRONG)
        return self.trained.threshold(self.settings.max_wrong)


class ExperienceCache:
    """Experiences by workspace, looked up again when the database holds something newer. Thread-safe."""

    def __init__(self, database: Database, encoder: Encoder, clock: Clock) -> None:
        self._database = database
        self._encoder = encoder
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, tuple[object, ...], Experience]] = {}

    def get(self, workspace_id: str) -> Experience:
        """The experience in force, at most LOOK_AGAIN old. Call with no transaction open."""
        now = self._clock.now()
        held = self._held.get(workspace_id)
        if held is not None and abs(now - held[0]) < LOOK_AGAIN:
            return held[2]
        with self._lock, self._database.read() as session:
            held = self._held.get(workspace_id)
            stamp = _stamp(session, workspace_id)
            if held is None or held[1][:ARTEFACTS] != stamp[:ARTEFACTS]:
                known = _load(session, self._encoder, workspace_id)
            elif held[1] != stamp:
                known = _refreshed(session, self._encoder, held[2])
            else:
                known = held[2]
            self._held[workspace_id] = (now, stamp, known)
            return known


def _stamp(session: Session, workspace_id: str) -> tuple[object, ...]:
    """Moves whenever something that an experience holds does."""
    active = [artefacts.active(session, workspace_id, kind) for kind in (DECISION, ATTRIBUTES, FUSION)]
    return (
        *(found.id if found else None for found in active),
        answers.stamp(session, workspace_id),
        settings.get(session, workspace_id).model_dump_json(),
    )


def _refreshed(session: Session, encoder: Encoder, known: Experience) -> Experience:
    """The same artefacts with the answers and settings of now: every automatic reply changes an answer's record."""
    numbered = known.answers[: known.trained.answers] if known.trained is not None else ()
    ordered = _ordered(session, known.workspace.id, [answer.id for answer in numbered])
    return replace(
        known,
        settings=settings.get(session, known.workspace.id),
        answers=tuple(ordered),
        vectors=_vectors(session, encoder, known.workspace, ordered),
    )


def _vectors(
    session: Session, encoder: Encoder, workspace: Workspace, ordered: Sequence[Answer]
) -> NDArray[np.float32]:
    stored = {row.source_id: row for row in first_chunks(session, workspace, ChunkKind.ANSWER, encoder.id)}
    return refitting.own_vectors(ordered, stored, encoder.dimension)


def _load(session: Session, encoder: Encoder, workspace_id: str) -> Experience:
    workspace = workspaces.get(session, workspace_id)
    trained, order, version = _trained(session, workspace_id)
    ordered = _ordered(session, workspace_id, order)
    attributes = artefacts.active(session, workspace_id, ATTRIBUTES)
    fusion = artefacts.active(session, workspace_id, FUSION)
    return Experience(
        workspace=workspace,
        settings=settings.get(session, workspace_id),
        answers=tuple(ordered),
        vectors=_vectors(session, encoder, workspace, ordered),
        trained=trained,
        attributes=None
        if attributes is None
        else Attributes.from_arrays(artefacts.load(session, workspace_id, attributes.id)),
        fusion=PRIOR if fusion is None else Fusion.from_dict(fusion.provenance["weights"]),
        version=version,
    )


def _trained(session: Session, workspace_id: str) -> tuple[Trained | None, list[str], str]:
    stored = artefacts.active(session, workspace_id, DECISION)
    if stored is None:
        return None, [], UNTAUGHT
    arrays = artefacts.load(session, workspace_id, stored.id)
    order = [str(answer_id) for answer_id in arrays.pop(ANSWER_IDS)]
    return Trained.from_arrays(arrays), order, stored.version


def _ordered(session: Session, workspace_id: str, order: Sequence[str]) -> list[Answer]:
    numbered = {answer.id: answer for answer in answers.by_ids(session, workspace_id, order)}
    added = [answer for answer in answers.every(session, workspace_id) if answer.id not in numbered]
    return [numbered[answer_id] for answer_id in order] + added

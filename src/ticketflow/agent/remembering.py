"""Where experiences come from: the database, past ones included, and a cache of those in use."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ticketflow.agent.experience import UNTAUGHT, Experience
from ticketflow.clock import SECOND, Clock
from ticketflow.db import Database, Session
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.embeddings.encoder import Encoder, Space
from ticketflow.learning import refitting
from ticketflow.learning.attributes import Attributes
from ticketflow.learning.refitting import ANSWER_IDS, ATTRIBUTES, DECISION, FUSION
from ticketflow.learning.trained import Trained
from ticketflow.retrieval.fusion import PRIOR, Fusion
from ticketflow.retrieval.stored import first_chunks
from ticketflow.store import answers, artefacts, certificates, experiments, settings, watches, workspaces
from ticketflow.store.answers import Answer
from ticketflow.store.artefacts import Artefact
from ticketflow.store.settings import Settings

LOOK_AGAIN = SECOND // 2
"""How long an experience is used before the database is asked whether there is a newer one."""
ARTEFACTS, KNOWLEDGE = 3, 4
"""How many parts of a stamp name artefacts, which cost most to load; and how many those and the answers."""
HELD = 4
"""Past experiences of a workspace kept for runs under way."""
ANSWERS = "answers"
"""Kind of the artefact that keeps the answers as they were, so that a decision can be replayed."""


class ExperienceCache:
    """Experiences by workspace, looked up again when the database holds something newer. Thread-safe."""

    def __init__(self, database: Database, encoder: Encoder, clock: Clock) -> None:
        self._database = database
        self._encoder = encoder
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, tuple[object, ...], Experience]] = {}
        self._past: OrderedDict[tuple[str, str, str], Experience] = OrderedDict()
        self._kept: set[tuple[str, str]] = set()

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
                known = load(session, self._encoder, workspace_id)
            elif held[1][:KNOWLEDGE] != stamp[:KNOWLEDGE]:
                known = _with_answers(session, self._encoder, with_rules(session, held[2]))
            elif held[1] != stamp:
                known = with_rules(session, held[2])
            else:
                known = held[2]
            self._held[workspace_id] = (now, stamp, known)
            return known

    def of_analysis(self, workspace_id: str, version: str, knowledge: str) -> Experience:
        """The experience that an analysis was made with, where it is still held; otherwise the one in force."""
        known = self.get(workspace_id)
        if (known.version, known.knowledge) == (version, knowledge):
            return known
        return self._past.get((workspace_id, version, knowledge), known)

    def keep(self, known: Experience) -> None:
        """Store the answers as this experience knows them, once, so that its decisions can be replayed.

        Call with no transaction open.
        """
        key = (known.workspace.id, known.knowledge)
        with self._lock:
            self._past[(known.workspace.id, known.version, known.knowledge)] = known
            while len(self._past) > HELD:
                self._past.popitem(last=False)
            if key in self._kept:
                return
        with self._database.write() as session:
            workspaces.hold(session, known.workspace.id)
            if artefacts.find(session, known.workspace.id, ANSWERS, known.knowledge) is None:
                told = {"answers": [answer.model_dump(mode="json", exclude={"body"}) for answer in known.answers]}
                artefacts.put(session, known.workspace.id, ANSWERS, known.knowledge, {"vectors": known.vectors}, told)
        with self._lock:
            self._kept.add(key)


def load(session: Session, encoder: Space, workspace_id: str, version: str | None = None) -> Experience:
    """The experience with `encoder` as the database holds it now; with `version`, under that score version instead.

    Raises NotFound for a version that is not stored.
    """
    workspace = workspaces.get(session, workspace_id)
    if version is None:
        learned = refitting.learned_with(session, workspace_id, encoder.id)
        version = learned.version if learned is not None else UNTAUGHT
    stored = {kind: _artefact(session, workspace_id, kind, version) for kind in (DECISION, ATTRIBUTES, FUSION)}
    trained, order, named = _trained(session, workspace_id, stored[DECISION])
    attributes, fusion = stored[ATTRIBUTES], stored[FUSION]
    ordered = _ordered(session, workspace_id, order)
    learned = Experience(
        workspace=workspace,
        settings=Settings(),
        answers=tuple(ordered),
        vectors=_vectors(session, encoder, workspace, ordered),
        trained=trained,
        attributes=None
        if attributes is None
        else Attributes.from_arrays(artefacts.load(session, workspace_id, attributes.id)),
        fusion=PRIOR if fusion is None else Fusion.from_dict(fusion.provenance["weights"]),
        version=named,
        certificates={},
        refusals={},
        watches={},
        experiments=(),
    )
    return with_rules(session, learned)


def with_past_answers(session: Session, known: Experience, knowledge: str) -> Experience:
    """The same experience with the answers as they were when `knowledge` was kept. Raises NotFound."""
    stored = artefacts.get(session, known.workspace.id, ANSWERS, knowledge)
    vectors = artefacts.load(session, known.workspace.id, stored.id)["vectors"]
    told = [Answer.model_validate({**answer, "body": ""}) for answer in stored.provenance["answers"]]
    return replace(known, answers=tuple(told), vectors=vectors)


def _stamp(session: Session, workspace_id: str) -> tuple[object, ...]:
    """Moves whenever something that an experience holds does."""
    active = [artefacts.active(session, workspace_id, kind) for kind in (DECISION, ATTRIBUTES, FUSION)]
    return (
        *(found.id if found else None for found in active),
        answers.stamp(session, workspace_id),
        settings.get(session, workspace_id).model_dump_json(),
        certificates.stamp(session, workspace_id),
        watches.stamp(session, workspace_id),
        experiments.stamp(session, workspace_id),
    )


def with_rules(session: Session, known: Experience) -> Experience:
    """The same artefacts and answers with the settings, proofs, watches and experiments of now."""
    workspace_id = known.workspace.id
    newest = certificates.newest(session, workspace_id, known.version)
    live = certificates.live(session, workspace_id)
    return replace(
        known,
        settings=settings.get(session, workspace_id),
        certificates={segment: made for segment, made in live.items() if made.version == known.version},
        refusals={segment: made for segment, made in newest.items() if made.threshold is None},
        watches=watches.every(session, workspace_id),
        experiments=tuple(experiments.running(session, workspace_id)),
    )


def _with_answers(session: Session, encoder: Encoder, known: Experience) -> Experience:
    """The same artefacts with the answers of now."""
    numbered = known.answers[: known.trained.answers] if known.trained is not None else ()
    ordered = _ordered(session, known.workspace.id, [answer.id for answer in numbered])
    return replace(known, answers=tuple(ordered), vectors=_vectors(session, encoder, known.workspace, ordered))


def _vectors(session: Session, encoder: Space, workspace: Workspace, ordered: Sequence[Answer]) -> NDArray[np.float32]:
    stored = {row.source_id: row for row in first_chunks(session, workspace, ChunkKind.ANSWER, encoder.id)}
    return refitting.own_vectors(ordered, stored, encoder.dimension)


def _artefact(session: Session, workspace_id: str, kind: str, version: str) -> Artefact | None:
    return None if version == UNTAUGHT else artefacts.get(session, workspace_id, kind, version)


def _trained(session: Session, workspace_id: str, stored: Artefact | None) -> tuple[Trained | None, list[str], str]:
    if stored is None:
        return None, [], UNTAUGHT
    arrays = artefacts.load(session, workspace_id, stored.id)
    order = [str(answer_id) for answer_id in arrays.pop(ANSWER_IDS)]
    return Trained.from_arrays(arrays), order, stored.version


def _ordered(session: Session, workspace_id: str, order: Sequence[str]) -> list[Answer]:
    numbered = {answer.id: answer for answer in answers.by_ids(session, workspace_id, order)}
    added = [answer for answer in answers.every(session, workspace_id) if answer.id not in numbered]
    return [numbered[answer_id] for answer_id in order] + added

"""Step 2: similar resolved cases, articles and answers, found by vectors and by full text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import Experience
from ticketflow.agent.experiments import fusion_for, sides
from ticketflow.agent.vectors import ticket_vector
from ticketflow.db import Session
from ticketflow.domain import ChunkKind, Evidence, Findings, Intake
from ticketflow.learning.signals import NEIGHBOURS, TEXT_HITS
from ticketflow.retrieval.fusion import Fusion
from ticketflow.retrieval.search import Hit, Search
from ticketflow.workflow.engine import State

SHOWN = 5
SNIPPET_CHARACTERS = 240


def search(deps: Deps, state: State) -> Findings:
    """Look for what resembles the ticket. Cases come from both halves in full, because both vote in `analyze`."""
    intake = state.output("ingest", Intake)
    deps = deps.reading(intake.encoder)
    vector = ticket_vector(intake)
    known = deps.experience.get(state.run.workspace_id)
    variants = sides(known.experiments, deps.secret, state.run.ticket_id)
    fusion = fusion_for(known.experiments, variants, known.fusion)
    with deps.database.read() as session:
        cases, articles = _hits(deps.search, session, known, intake.text, vector, fusion)
    return Findings(
        cases=_evidence(cases, known),
        articles=_evidence(articles, known),
        answers=_answers(known, vector) if vector is not None else [],
        variants=variants,
    )


def _hits(
    by: Search, session: Session, known: Experience, text: str, vector: NDArray[np.float32] | None, fusion: Fusion
) -> tuple[list[Hit], list[Hit]]:
    """Cases and articles; by words alone where the encoder gave no answer."""
    workspace = known.workspace
    if vector is None:
        cases = by.lexical(session, workspace, text, ChunkKind.CASE, TEXT_HITS)
        return cases, by.lexical(session, workspace, text, ChunkKind.ARTICLE, SHOWN)
    cases = by.voters(session, workspace, text, vector, ChunkKind.CASE, NEIGHBOURS, TEXT_HITS, fusion)
    if not by.index.holds(session, workspace, ChunkKind.ARTICLE):
        return cases, []
    return cases, by.find(session, workspace, text, vector=vector, kinds=[ChunkKind.ARTICLE], limit=SHOWN)


def _answers(known: Experience, vector: NDArray[np.float32]) -> list[Evidence]:
    """The answers whose own text is nearest: they are in memory, all of them."""
    similarities = np.nan_to_num(known.vectors @ vector, nan=-1.0)
    best = [row for row in np.argsort(-similarities, kind="stable")[:SHOWN].tolist() if similarities[row] > 0]
    return [
        Evidence(
            kind=ChunkKind.ANSWER.word,
            id=answer.id,
            score=round(similarity, 6),
            label=answer.label,
            answer_id=answer.id,
            title=answer.title,
            snippet=answer.body[:SNIPPET_CHARACTERS],
            category=answer.category,
            similarity=round(similarity, 6),
            lexical=None,
        )
        for answer, similarity in ((known.answers[row], float(similarities[row])) for row in best)
    ]


def _evidence(hits: Sequence[Hit], known: Experience) -> list[Evidence]:
    """All of the hits vote; the texts of those that nobody will read stay where they are."""
    return [
        Evidence(
            kind=hit.kind.word,
            id=hit.source_id,
            score=round(hit.score, 6),
            label=known.label(hit.answer_id),
            answer_id=hit.answer_id,
            title=hit.title if place < SHOWN else "",
            snippet=hit.text[:SNIPPET_CHARACTERS] if place < SHOWN else "",
            category=hit.category,
            similarity=None if hit.similarity is None else round(hit.similarity, 6),
            lexical=None if hit.lexical is None else round(hit.lexical, 6),
        )
        for place, hit in enumerate(hits)
    ]

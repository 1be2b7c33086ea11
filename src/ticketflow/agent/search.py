"""Step 2: similar resolved cases, articles and answers, found by vectors and by full text."""

from collections.abc import Sequence

from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import Experience
from ticketflow.agent.vectors import unpack_vector
from ticketflow.domain import ChunkKind, Evidence, Findings, Intake
from ticketflow.learning.signals import NEIGHBOURS, TEXT_HITS
from ticketflow.retrieval.search import Hit
from ticketflow.workflow.engine import State

SHOWN = 5
SNIPPET_CHARACTERS = 240


def search(deps: Deps, state: State) -> Findings:
    """Look for what resembles the ticket. Cases come from both halves in full, because both vote in `analyze`."""
    intake = state.output("ingest", Intake)
    vector = unpack_vector(intake.vector)
    with deps.database.read() as session:
        known = deps.experience.get(session, state.run.workspace_id)
        cases = deps.search.voters(
            session, known.workspace, intake.text, vector, ChunkKind.CASE, NEIGHBOURS, TEXT_HITS, known.fusion
        )
        articles = deps.search.find(
            session, known.workspace, intake.text, vector=vector, kinds=[ChunkKind.ARTICLE], limit=SHOWN
        )
        answers = deps.search.neighbours(session, known.workspace, vector, ChunkKind.ANSWER, limit=SHOWN)
    return Findings(
        cases=_evidence(cases, known), articles=_evidence(articles, known), answers=_evidence(answers, known)
    )


def _evidence(hits: Sequence[Hit], known: Experience) -> list[Evidence]:
    return [
        Evidence(
            kind=hit.kind.word,
            id=hit.source_id,
            score=round(hit.score, 6),
            label=known.label(hit.answer_id),
            answer_id=hit.answer_id,
            title=hit.title,
            snippet=hit.text[:SNIPPET_CHARACTERS],
            category=hit.category,
            similarity=None if hit.similarity is None else round(hit.similarity, 6),
            lexical=None if hit.lexical is None else round(hit.lexical, 6),
        )
        for hit in hits
    ]

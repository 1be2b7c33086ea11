"""Search behind the API: the text is encoded with no transaction open, then both halves look."""

import time
from collections.abc import Collection, Sequence
from typing import Any

from ticketflow.agent.conversation import open_words
from ticketflow.api.guard import Call
from ticketflow.api.schemas.search import HitOut, SearchOut
from ticketflow.domain import ChunkKind
from ticketflow.retrieval.cleaning import clean
from ticketflow.retrieval.filters import Filters
from ticketflow.retrieval.redaction import redact
from ticketflow.store.tickets import Message, Ticket


def text_of_ticket(ticket: Ticket, conversation: Sequence[Message]) -> str:
    """What the agent itself would look for: the subject and the customer's open words, cleaned."""
    text, _ = redact(clean(ticket.subject, open_words(conversation)))
    return text


def look(
    calling: Call,
    text: str,
    *,
    kinds: Sequence[ChunkKind],
    limit: int,
    filters: dict[str, Any],
    without: Collection[str] = (),
) -> SearchOut:
    """The best hits in the caller's workspace, those with an id in `without` left out."""
    began = time.perf_counter()
    runtime = calling.runtime
    mind = runtime.minds.current()
    vector = mind.encoder.encode([text])[0]
    known = mind.experience.get(calling.workspace_id)
    with runtime.database.read() as session:
        hits = mind.search.find(
            session,
            known.workspace,
            text,
            vector=vector,
            kinds=kinds,
            limit=limit + len(without),
            filters=Filters(**filters),
            weights=known.fusion,
        )
    found = [
        HitOut(
            kind=hit.kind.word,  # pyright: ignore[reportArgumentType] # the enum's words are the literal's
            id=hit.source_id,
            score=hit.score,
            similarity=hit.similarity,
            lexical=hit.lexical,
            title=hit.title,
            text=hit.text,
            category=hit.category,
            language=hit.language,
            answer_id=hit.answer_id,
        )
        for hit in hits
        if hit.source_id not in without
    ]
    return SearchOut(hits=found[:limit], took_ms=round((time.perf_counter() - began) * 1_000, 2))

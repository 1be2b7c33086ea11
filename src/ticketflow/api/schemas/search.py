"""Search on the wire."""

from typing import Annotated, Literal

from pydantic import Field

from ticketflow.api.schemas.base import In, Language, Name, Out, Whole, Words, example
from ticketflow.domain import ChunkKind

LONGEST = 100
Kind = Literal["case", "article", "answer", "ticket"]
_HIT = {
    "kind": "case",
    "id": "0192efff-0a1b-7c2d-8000-3e4f5a6b7c8d",
    "score": 0.83,
    "similarity": 0.79,
    "lexical": 11.2,
    "title": "Where is my parcel",
    "text": "The tracking page has said the same thing since Friday.",
    "category": "delivery",
    "language": "en",
    "answer_id": "0192f0a0-11b2-7e40-8000-5a0b4c3d2e1f",
}


def kinds_of(words: list[Kind]) -> list[ChunkKind]:
    """The kinds as the index knows them."""
    return [ChunkKind[word.upper()] for word in dict.fromkeys(words)]


class SearchFilters(In):
    """What a hit must be; what is left out does not matter."""

    status: Name | None = Field(None, description="Status of the article, answer or ticket.")
    category: Name | None = Field(None, description="Exactly this category.")
    language: Language | None = Field(None, description="A code such as `en`.")


class SearchIn(In):
    """What to look for."""

    model_config = example({"text": "parcel stuck in depot", "kinds": ["case", "article"], "limit": 5})

    text: Words = Field(max_length=20_000, description="Words or a whole message, in natural language.")
    kinds: list[Kind] = Field(
        default=["case", "article", "answer"], min_length=1, max_length=4, description="What to look through."
    )
    filters: SearchFilters = Field(
        default_factory=lambda: SearchFilters.model_validate({}), description="What a hit must be."
    )
    limit: Whole = Field(10, ge=1, le=LONGEST, description="Most hits to return.")


class SimilarQuery(In):
    """What to compare a ticket with."""

    kinds: list[Kind] = Field(default=["case"], min_length=1, max_length=4, description="What to look through.")
    limit: Annotated[int, Field(ge=1, le=LONGEST)] = Field(10, description="Most hits to return.")


class HitOut(Out):
    """Something that was found."""

    model_config = example(_HIT)

    kind: Kind
    id: str
    score: float = Field(description="What the hits are ordered by; comparable within one search only.")
    similarity: float | None = Field(description="Cosine of the sentence vectors; null when found by words alone.")
    lexical: float | None = Field(description="BM25; null when found by meaning alone.")
    title: str
    text: str = Field(description="The passage that matched.")
    category: str | None
    language: str | None
    answer_id: str | None = Field(description="The answer that resolved the case.")


class SearchOut(Out):
    """What was found, best first."""

    model_config = example({"hits": [_HIT], "took_ms": 7.2})

    hits: list[HitOut]
    took_ms: float

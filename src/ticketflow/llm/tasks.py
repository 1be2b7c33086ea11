"""What models are asked for: each task's prompt and the shape of its answer, whose ids are those of the request."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ticketflow.llm.prompting import Prompt

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
ShortId = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{1,3}$")]


class ReadingAnswer(BaseModel):
    """A reading of a ticket. Whether its category, team and ids were among those offered is for the caller to check."""

    model_config = ConfigDict(extra="forbid")

    category: Annotated[str, StringConstraints(max_length=190)] | None
    priority: Literal["low", "normal", "high", "urgent"]
    sentiment: Literal["negative", "neutral", "positive"]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    team: Annotated[str, StringConstraints(max_length=190)] | None
    summary: Sentence
    root_cause: Sentence
    answer: ShortId | None
    evidence: Annotated[list[ShortId], Field(max_length=10)]


class SentenceAnswer(BaseModel):
    """A sentence of a reply, with the sources that say it."""

    model_config = ConfigDict(extra="forbid")

    text: Sentence
    sources: Annotated[list[ShortId], Field(min_length=1, max_length=5)]


class HandoffAnswer(BaseModel):
    """What a person who takes over wants to know, and a reply they may send."""

    model_config = ConfigDict(extra="forbid")

    wants: Sentence
    tried: Sentence
    missing: Sentence
    reply: Annotated[list[SentenceAnswer], Field(max_length=12)]


class ArticleAnswer(BaseModel):
    """A proposed article, each of whose sentences has the sources that say it."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    sentences: Annotated[list[SentenceAnswer], Field(max_length=30)]


READING = Prompt("reading", 1, ReadingAnswer)
HANDOFF = Prompt("handoff", 1, HandoffAnswer)
ARTICLE = Prompt("article", 1, ArticleAnswer)

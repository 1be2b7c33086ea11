"""Articles and answers on the wire."""

from typing import Literal

from pydantic import Field

from ticketflow.api.schemas.base import (
    In,
    Language,
    Moment,
    Name,
    Out,
    PageQuery,
    Patch,
    Text,
    Whole,
    Words,
    example,
)
from ticketflow.domain import AnswerStatus, ArticleStatus

_ARTICLE = {
    "id": "0192f0b2-3c11-7b70-8000-7e6d5c4b3a29",
    "external_id": "kb-12",
    "title": "When a parcel is late",
    "status": "published",
    "category": "delivery",
    "language": "en",
    "version": 3,
    "created_at": "2026-02-01T08:00:00.000Z",
    "updated_at": "2026-02-20T16:30:00.000Z",
}
_BODY = "Most late parcels move again within two days. After five days we ask the carrier and write to you."
_ANSWER = {
    "id": "0192f0a0-11b2-7e40-8000-5a0b4c3d2e1f",
    "label": "parcel_delayed",
    "title": "Parcel delayed",
    "body": "Hello {requester_name}, we have asked the carrier about your parcel and will write by tomorrow.",
    "status": "approved",
    "category": "delivery",
    "team": "logistics",
    "language": "en",
    "used": 120,
    "succeeded": 118,
    "version": 2,
    "created_at": "2026-02-01T08:00:00.000Z",
    "updated_at": "2026-02-20T16:30:00.000Z",
}


class _ArticleText(In):
    title: Words = Field(max_length=2_000, description="One line; searched like the body.")
    body: Words = Field(max_length=1_000_000, description="Plain text or Markdown.")
    status: ArticleStatus = Field(ArticleStatus.PUBLISHED, description="Only published articles are found and cited.")
    category: Name | None = Field(None, description="What it is about; searches can filter by it.")
    language: Language | None = Field(None, description="A code such as `en`; searches can filter by it.")


class ArticleIn(_ArticleText):
    """A new article."""

    model_config = example(
        {
            "title": _ARTICLE["title"],
            "body": _BODY,
            "external_id": "kb-12",
            "status": "published",
            "category": "delivery",
            "language": "en",
        }
    )

    external_id: Name | None = Field(None, description="The other system's id; a second article with it is refused.")


class ArticleRevision(_ArticleText):
    """The next version of an article, as a whole."""

    model_config = example(
        {"title": _ARTICLE["title"], "body": _BODY, "category": "delivery", "language": "en", "version": 2}
    )

    version: Whole = Field(ge=1, description="The version it builds on; refused when there is a newer one.")


class ArticleSummary(Out):
    """An article without its text."""

    model_config = example(_ARTICLE)

    id: str
    external_id: str | None
    title: str
    status: ArticleStatus
    category: str | None
    language: str | None
    version: int
    created_at: Moment
    updated_at: Moment


class ArticleOut(ArticleSummary):
    """An article at its newest version."""

    model_config = example({**_ARTICLE, "body": _BODY})

    body: str


class ArticlePage(Out):
    """Some articles, last changed first."""

    model_config = example({"items": [_ARTICLE], "next_cursor": None})

    items: list[ArticleSummary]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class ArticleQuery(PageQuery):
    """Which articles to list."""

    status: list[ArticleStatus] = Field(default=[], max_length=3, description="Any of these; all when left out.")


class AnswerIn(In):
    """A new answer."""

    model_config = example(
        {
            "label": "parcel_delayed",
            "body": _ANSWER["body"],
            "status": "approved",
            "category": "delivery",
            "team": "logistics",
            "language": "en",
        }
    )

    label: Name = Field(description="The answer's name in imports, decisions and statistics; it stays.")
    title: Text = Field("", max_length=2_000, description="A readable title; made from the label when left out.")
    body: Text = Field("", max_length=200_000, description="What the customer reads; {requester_name} is filled in.")
    status: Literal["draft", "approved"] = Field("draft", description="Only approved answers are sent by the agent.")
    category: Name | None = Field(None, description="The category of tickets that it answers.")
    team: Name | None = Field(None, description="Who takes tickets with this answer when a human is needed.")
    language: Language | None = Field(None, description="A code such as `en`.")


class AnswerPatch(Patch):
    """What is to change in an answer; the rest stays."""

    model_config = example({"status": "approved", "team": "logistics"})

    title: Words = Field("", max_length=2_000, description="A readable title.")
    body: Text = Field("", max_length=200_000, description="What the customer reads; an approved answer needs one.")
    status: AnswerStatus = Field(AnswerStatus.DRAFT, description="`approved` lets the agent send it.")
    category: Name | None = Field(None, description="The category of tickets that it answers; null clears it.")
    team: Name | None = Field(None, description="Who takes tickets with this answer; null clears it.")
    language: Language | None = Field(None, description="A code such as `en`; null clears it.")


class AnswerOut(Out):
    """An answer."""

    model_config = example(_ANSWER)

    id: str
    label: str
    title: str
    body: str
    status: AnswerStatus
    category: str | None
    team: str | None
    language: str | None
    used: int = Field(description="Automatic replies with it.")
    succeeded: int = Field(description="Those of them that nobody found wrong.")
    version: int
    created_at: Moment
    updated_at: Moment


class AnswerPage(Out):
    """Some answers, by label."""

    model_config = example({"items": [_ANSWER], "next_cursor": None})

    items: list[AnswerOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class AnswerQuery(PageQuery):
    """Which answers to list. Archived ones are never listed; they can still be read by id."""

    status: list[Literal["draft", "approved"]] = Field(default=[], max_length=2, description="Any of these.")

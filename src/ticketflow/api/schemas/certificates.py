"""Certificates on the wire."""

from pydantic import Field

from ticketflow.agent.statement import statement
from ticketflow.api.schemas.base import In, Moment, Out, PageQuery, Text, example
from ticketflow.store.certificates import Certificate

CERTIFICATE_ID = "0192f0c1-7a55-7cc0-8000-3f1a5e9b1c90"
_STORED = Certificate(
    id=CERTIFICATE_ID,
    segment="",
    version="5b2f0c9a1e77d310",
    standing="certified",
    live=True,
    alpha=0.05,
    delta=0.05,
    look=1,
    spent=0.030396,
    threshold=0.913,
    coverage=0.7099,
    wrong_share=0.0137,
    upper_bound=0.0235,
    labels=1234,
    automatic=876,
    errors=12,
    needed=None,
    reason="",
    passed=[],
    excluded=["legal", "minors", "refund", "security"],
    source="history",
    created_at=1_772_442_900_000_000,
    ended_at=None,
    ended_because="",
)
_CERTIFICATE = {
    **_STORED.model_dump(mode="json", exclude={"alpha", "delta", "passed"}),
    "max_wrong": 0.05,
    "certainty": 0.95,
    "created_at": "2026-03-02T09:15:00.000Z",
    "statement": statement(_STORED),
}


class ProveIn(In):
    """Which labels are to be looked at."""

    model_config = example({"segment": "billing"})

    segment: Text | None = Field(
        None,
        max_length=190,
        description="A category with a share of its own, or empty text for all others; left out, every segment.",
    )


class CertificateOut(Out):
    """What one look at the graded tickets proved, or why it proved nothing."""

    model_config = example(_CERTIFICATE)

    id: str
    segment: str = Field(description="A category with a share of its own; empty for all others.")
    version: str = Field(description="The score version that it speaks of.")
    standing: str = Field(description="`certified`, `more_labels` or `unreachable`.")
    live: bool = Field(description="Whether automatic replies rest on it now.")
    max_wrong: float = Field(description="The share of wrong automatic replies that was asked for.")
    certainty: float = Field(description="The certainty that was asked for.")
    look: int = Field(description="How many looks at this segment of this version there were, this one included.")
    spent: float = Field(description="The part of the accepted risk, 1 - certainty, that this look cost.")
    threshold: float | None = Field(description="The least confidence that is proven; null for a refusal.")
    coverage: float = Field(description="Share of the graded tickets that reach it.")
    wrong_share: float = Field(description="Share of wrong ones among these.")
    upper_bound: float = Field(description="The same with all caution.")
    labels: int = Field(description="Graded tickets.")
    automatic: int = Field(description="Those that reach the threshold.")
    errors: int = Field(description="Wrong ones among these.")
    needed: int | None = Field(description="Of a refusal: how many more graded tickets may serve, where that is known.")
    reason: str = Field(description="Of a refusal: what is missing.")
    excluded: list[str] = Field(description="Categories that it leaves out.")
    source: str = Field(description="Where the labels came from: `history`, `audit` or `history and audit`.")
    created_at: Moment
    ended_at: Moment | None
    ended_because: str
    statement: str = Field(description="What it covers and what it does not, for people.")

    @classmethod
    def of(cls, stored: Certificate) -> "CertificateOut":
        """A stored certificate, in words as well."""
        same = stored.model_dump(exclude={"alpha", "delta", "passed"})
        asked = {"max_wrong": stored.alpha, "certainty": round(1 - stored.delta, 9)}
        return cls.model_validate({**same, **asked, "statement": statement(stored)})


class CertificatePage(Out):
    """Some certificates and refusals, newest first."""

    model_config = example({"items": [_CERTIFICATE], "next_cursor": None})

    items: list[CertificateOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class CertificateQuery(PageQuery):
    """Which page of the certificates."""


class VerdictsOut(Out):
    """What came of a look, one verdict for each segment; refusals are verdicts as well."""

    model_config = example({"items": [_CERTIFICATE]})

    items: list[CertificateOut]

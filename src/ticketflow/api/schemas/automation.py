"""How automation stands, on the wire."""

from pydantic import Field

from ticketflow.api.schemas.base import In, Moment, Out, Text, example
from ticketflow.domain import Level, Stage

_CERTIFICATE = {
    "id": "0192f0c1-7a55-7cc0-8000-3f1a5e9b1c90",
    "threshold": 0.913,
    "max_wrong": 0.05,
    "certainty": 0.95,
    "coverage": 0.71,
    "wrong_share": 0.014,
    "upper_bound": 0.023,
    "labels": 1234,
    "automatic": 876,
    "errors": 12,
    "created_at": "2026-03-02T09:15:00.000Z",
}
_WATCH = {
    "suspicion": 0.21,
    "audits": 64,
    "novel_share": 0.08,
    "reasons": [],
    "since": "2026-03-02T09:15:00.000Z",
    "looked_at": "2026-03-09T11:20:00.000Z",
}
_AUTOMATION = {
    "sentence": "Automatic replies from confidence 0.913, certified: at most 5.0% wrong with 95% certainty.",
    "automation": True,
    "level": "auto",
    "version": "5b2f0c9a1e77d310",
    "segments": [
        {
            "segment": "",
            "level": "auto",
            "stage": "green",
            "threshold": 0.913,
            "objections": [],
            "max_wrong": 0.05,
            "certainty": 0.95,
            "certificate": _CERTIFICATE,
            "refusal": None,
            "watch": _WATCH,
        }
    ],
    "categories": [{"category": "refund", "level": "auto", "sensitive": True, "segment": ""}],
    "audits": {"open": 12, "second": 1, "graded": 118, "overdue": 2, "wrong": 5},
}


class ReasonIn(In):
    """Why it is done; it may be left out."""

    model_config = example({"reason": "The price list changes tonight."})

    reason: Text = Field("", max_length=2_000, description="Why, for the event and the audit log.")


class ProofOut(Out):
    """A live certificate, in short."""

    model_config = example(_CERTIFICATE)

    id: str
    threshold: float = Field(description="The certified threshold; the one in force may be stricter.")
    max_wrong: float
    certainty: float
    coverage: float = Field(description="Share of the graded tickets that reach the threshold.")
    wrong_share: float = Field(description="Share of wrong ones among those.")
    upper_bound: float = Field(description="The same with all caution.")
    labels: int = Field(description="Graded tickets.")
    automatic: int = Field(description="Those that reach the threshold.")
    errors: int = Field(description="Wrong ones among these.")
    created_at: Moment


class WatchOut(Out):
    """The watch over a segment's automatic replies."""

    model_config = example(_WATCH)

    suspicion: float = Field(description="Evidence of too many wrong replies, as a share of what turns it red.")
    audits: int = Field(description="Audited automatic replies since `since`.")
    novel_share: float | None = Field(
        description="Share of arriving tickets that no answer fits; null while too few arrived to tell."
    )
    reasons: list[str] = Field(description="Every alarm that stands, in words.")
    since: Moment | None = Field(description="Since when the watch counts; null before it began.")
    looked_at: Moment | None = Field(description="The last look at early warnings; null before the first.")


class SegmentOut(Out):
    """The categories that share a certificate: one with a share of its own, or all others."""

    segment: str = Field(description="A category with a share of its own; empty for all others.")
    level: Level = Field(description="What the agent may do here.")
    stage: Stage = Field(description="`green`, `amber` (a higher confidence is asked) or `red` (people reply).")
    threshold: float | None = Field(description="Confidence from which the agent replies by itself; null for never.")
    objections: list[str] = Field(description="What stands in the way of automatic replies, in words.")
    max_wrong: float
    certainty: float
    certificate: ProofOut | None = Field(description="The live certificate, null without one.")
    refusal: str | None = Field(description="Why the last look proved nothing; null when it proved something.")
    watch: WatchOut


class CategoryOut(Out):
    """A category that the settings name."""

    category: str
    level: Level = Field(description="What the agent may do here.")
    sensitive: bool = Field(description="Whether it is never answered automatically.")
    segment: str = Field(description="The segment whose certificate it falls under.")


class AuditCountsOut(Out):
    """How many audited tickets stand where."""

    open: int = Field(description="Waiting for a grade.")
    second: int = Field(description="Waiting for a second grade.")
    graded: int
    overdue: int = Field(description="Not graded in time; they count as wrong.")
    wrong: int


class AutomationOut(Out):
    """How automation stands."""

    model_config = example(_AUTOMATION)

    sentence: str = Field(description="How it stands for most tickets, for people.")
    automation: bool = Field(description="The kill switch; false: nothing is sent by itself.")
    level: Level = Field(description="What the agent may do at most.")
    version: str = Field(description="The score version in force; `untaught` before the first.")
    segments: list[SegmentOut] = Field(description="The one of all other categories first.")
    categories: list[CategoryOut] = Field(description="Every category that the settings name.")
    audits: AuditCountsOut

"""A whole stored decision, and its replay, on the wire."""

from typing import Any

from pydantic import Field

from ticketflow.agent.past import Past
from ticketflow.agent.replay import Comparison, Configuration, Replay
from ticketflow.api.schemas.base import Flag, In, Out, Text, example
from ticketflow.api.schemas.settings import PlainSettingsPatch
from ticketflow.api.schemas.tickets import ANSWER_ID, DECISION, TICKET_ID, CandidateOut, DecisionOut, GuessOut
from ticketflow.domain import Action, Level, Priority, Sentiment, Stage

_CERTIFICATE_ID = "0192f0c0-2b10-7a00-8000-6d1e2f3a4b5c"
_INTAKE = {
    "text": "Parcel has not moved for a week. Where is it?",
    "language": {"value": "en", "confidence": 0.99, "source": "langid"},
    "sentiment": {"value": "neutral", "confidence": 0.6, "source": "rules"},
    "redactions": 0,
    "automatic": None,
    "encoder": "minilm",
    "audited": False,
}
_EVIDENCE = {
    "kind": "case",
    "id": "0192efff-0a1b-7c2d-8000-3e4f5a6b7c8d",
    "score": 0.83,
    "label": "parcel_delayed",
    "answer_id": ANSWER_ID,
    "title": "Where is my parcel",
    "snippet": "The tracking page has said the same thing since Friday.",
    "category": "delivery",
    "similarity": 0.79,
    "lexical": 11.2,
}
_CALL = {
    "provider": "main",
    "model": "gpt-5-mini",
    "prompt": "reading.v1",
    "prompt_hash": "9f2c1b7e" * 8,
    "input_tokens": 1_420,
    "output_tokens": 118,
    "cost": 0.00059,
    "milliseconds": 1_312,
    "verdict": "ok",
}
_READING = {
    "category": "delivery",
    "priority": "normal",
    "sentiment": "neutral",
    "language": "en",
    "team": "logistics",
    "summary": "The customer asks where a parcel is that has not moved for a week.",
    "root_cause": "The carrier's depot holds it.",
    "answer_id": ANSWER_ID,
    "evidence": [_EVIDENCE["id"]],
}
_CONSULTATION = {"reading": _READING, "without": None, "calls": [_CALL]}
_DRAFT = {
    "wants": "The customer wants to know where the parcel is.",
    "tried": "They have looked at the tracking page.",
    "missing": "Whether the carrier's depot holds the parcel.",
    "reply": [{"text": "A parcel that has not moved for a week is searched for.", "sources": [ANSWER_ID]}],
    "doubts": [],
    "without": None,
    "calls": [_CALL | {"prompt": "handoff.v1"}],
}
_DETAIL = {
    **DECISION,
    "path": "model",
    "ticket_id": TICKET_ID,
    "level": "auto",
    "stage": "green",
    "segment": "",
    "certificate_id": _CERTIFICATE_ID,
    "variants": {},
    "rules": {"settings": {"max_wrong": 0.05}, "certificate": _CERTIFICATE_ID, "refusal": None, "watch": None},
    "knowledge": "5b0c9d2e4f6a8b1c",
    "intake": _INTAKE,
    "evidence": [_EVIDENCE],
    "consultation": _CONSULTATION,
    "draft": _DRAFT,
}
_STEPS = [
    {"step": "ingest", "same": True, "differences": [], "note": ""},
    {"step": "vector", "same": True, "differences": [], "note": ""},
    {
        "step": "search",
        "same": None,
        "differences": [],
        "note": "Not repeated: what it looked through has moved on.",
    },
    {"step": "analyze", "same": True, "differences": [], "note": ""},
    {"step": "decide", "same": True, "differences": [], "note": ""},
    {"step": "record", "same": True, "differences": [], "note": ""},
]
_REPLAYED = {"same": True, "steps": _STEPS, "altered": []}
_RULING = {
    "action": "resolve",
    "answer_id": ANSWER_ID,
    "label": "parcel_delayed",
    "confidence": 0.97,
    "threshold": 0.93,
    "reasons": ["Confidence 0.970 reaches the certified threshold 0.930."],
    "candidates": DECISION["candidates"],
}
_COMPARISON = {
    "before": _RULING,
    "after": {
        **_RULING,
        "action": "escalate",
        "reasons": ["The agent may only assist here: a person sends the reply."],
    },
    "differences": [{"path": "action", "before": "resolve", "after": "escalate"}],
    "rules": [{"path": "settings.level", "before": "auto", "after": "assist"}],
}


class IntakeOut(Out):
    """What the agent read: the ticket as it was prepared, without its sentence vector."""

    model_config = example(_INTAKE)

    text: str
    language: GuessOut
    sentiment: GuessOut
    redactions: int = Field(description="Passages that were blacked out.")
    automatic: str | None = Field(description="Why the message looks machine-sent; null for a person's.")
    encoder: str = Field(description="What made the sentence vector.")
    audited: bool = Field(description="Whether the audit coin drew the ticket.")


class EvidenceOut(Out):
    """Something that was found for a ticket. Of what nobody was to read, title and snippet are not kept."""

    model_config = example(_EVIDENCE)

    kind: str
    id: str
    score: float = Field(description="What search ordered it by.")
    label: str | None = Field(description="The answer it speaks for.")
    answer_id: str | None
    title: str
    snippet: str
    category: str | None
    similarity: float | None = Field(description="Cosine; null when found by words alone.")
    lexical: float | None = Field(description="BM25; null when found by meaning alone.")


class ModelCallOut(Out):
    """A call to a language model."""

    model_config = example(_CALL)

    provider: str
    model: str
    prompt: str = Field(description="File and version of the instructions.")
    prompt_hash: str = Field(description="SHA-256 of everything that was sent.")
    input_tokens: int
    output_tokens: int
    cost: float = Field(description="In the currency of the provider's configured prices.")
    milliseconds: int
    verdict: str = Field(description="`ok`, `repaired`, or why the call was of no use.")


class ReadingOut(Out):
    """What a language model made of the ticket. It can only speak against an automatic reply."""

    model_config = example(_READING)

    category: str | None
    priority: Priority
    sentiment: Sentiment
    language: str
    team: str | None = Field(description="The team that it would give the ticket to; null when it named none.")
    summary: str
    root_cause: str
    answer_id: str | None = Field(description="The candidate that it holds right; null when none.")
    evidence: list[str] = Field(description="Ids of the cases and answers that it relied on.")


class ConsultationOut(Out):
    """The language models' part in a decision."""

    model_config = example(_CONSULTATION)

    reading: ReadingOut | None
    without: str | None = Field(description="Why there is no reading, in a sentence; null when there is one.")
    calls: list[ModelCallOut] = Field(description="Every call that was made, or refused by a breaker, in order.")


class DraftSentenceOut(Out):
    """A sentence of a suggested reply."""

    text: str
    sources: list[str] = Field(description="Ids of the answers and articles that say it.")


class DraftOut(Out):
    """What a language model prepared for the person who takes over. It is never sent by itself."""

    model_config = example(_DRAFT)

    wants: str
    tried: str
    missing: str
    reply: list[DraftSentenceOut] = Field(description="Empty where there is none to suggest.")
    doubts: list[str] = Field(description="What was wrong with the reply that was written.")
    without: str | None = Field(description="Why there is no draft, in a sentence; null when there is one.")
    calls: list[ModelCallOut]


class DecisionDetail(DecisionOut):
    """A decision with everything it was made from."""

    model_config = example(_DETAIL)

    ticket_id: str
    level: Level = Field(description="What the agent was allowed to do at most; in `shadow` it left no trace.")
    stage: Stage = Field(description="Where the watch over automatic replies stood.")
    segment: str = Field(description="The category with a certificate of its own; empty for all others.")
    certificate_id: str | None = Field(description="The proof behind the threshold.")
    variants: dict[str, str] = Field(description="The ticket's side in each experiment, by experiment id.")
    rules: dict[str, Any] = Field(description="Settings, certificate, refusal and watch as they were.")
    knowledge: str = Field(description="Names the answers as they were.")
    intake: IntakeOut
    evidence: list[EvidenceOut] = Field(description="Cases, articles and answers, each kind best first.")
    consultation: ConsultationOut
    draft: DraftOut

    @classmethod
    def whole(cls, past: Past) -> "DecisionDetail":
        """A stored decision with what its run read, found and was told."""
        stored, findings = past.stored, past.findings
        evidence = [*findings.cases, *findings.articles, *findings.answers]
        return cls.model_validate(
            {
                **stored.decision.model_dump(),
                **dict(DecisionOut.of(stored)),
                "ticket_id": stored.ticket_id,
                "intake": past.intake.model_dump(),
                "consultation": past.consultation.model_dump(),
                "draft": past.draft.model_dump(),
                "evidence": [one.model_dump() for one in evidence],
            }
        )


class ReplayIn(In):
    """What to decide under instead; nothing at all replays the decision as it was."""

    model_config = example({"settings": {"level": "assist"}})

    settings: PlainSettingsPatch = Field(
        default_factory=lambda: PlainSettingsPatch.model_validate({}),
        description="Other settings by name; those that are not sent stay as they were.",
    )
    now: Flag = Field(False, description="Under today's score version, answers, settings and certificates.")
    version: Text | None = Field(None, max_length=64, description="The same under this score version.")
    search_again: Flag = Field(False, description="With the evidence that search finds today.")

    def configuration(self) -> Configuration:
        """As the agent takes it."""
        return Configuration.model_validate({**self.model_dump(), "settings": self.settings.changes()})


class DifferenceOut(Out):
    """A field that differs, by its path, with its two values."""

    path: str
    before: Any
    after: Any


class RepeatedOut(Out):
    """A step that was made again, or the vector, or the stored row against its run."""

    step: str
    same: bool | None = Field(description="Whether it yields the same bytes; null where it was not repeated.")
    differences: list[DifferenceOut] = Field(description="The fields that differ.")
    note: str


class ReplayedOut(Out):
    """A decision made again as it was."""

    model_config = example(_REPLAYED)

    same: bool = Field(description="Every repeated step yields the same bytes, rounding of the vector aside.")
    steps: list[RepeatedOut]
    altered: list[str] = Field(description="Steps whose stored input is not what they built on: rows were changed.")


class RulingOut(Out):
    """A decision in short, with the candidates it chose from."""

    model_config = example(_RULING)

    action: Action
    answer_id: str | None
    label: str | None
    confidence: float = Field(description="Calibrated probability that the answer is right, 0 to 1.")
    threshold: float | None = Field(description="What the confidence had to reach; null where no proof allows any.")
    reasons: list[str] = Field(description="Sentences for a reader, the deciding one first.")
    candidates: list[CandidateOut] = Field(description="Best first.")


class ComparisonOut(Out):
    """The decision as it was and under the other configuration."""

    model_config = example(_COMPARISON)

    before: RulingOut
    after: RulingOut
    differences: list[DifferenceOut] = Field(description="The decision's fields that differ.")
    rules: list[DifferenceOut] = Field(description="What the two were decided by, where it differs.")


class ReplayOut(Out):
    """A replay where nothing was to change, otherwise a comparison."""

    model_config = example(
        {"decision_id": DECISION["id"], "ticket_id": TICKET_ID, "replay": None, "comparison": _COMPARISON}
    )

    decision_id: str
    ticket_id: str
    replay: ReplayedOut | None
    comparison: ComparisonOut | None

    @classmethod
    def replayed(cls, made: Replay) -> "ReplayOut":
        """The decision as it was, made again."""
        told = ReplayedOut.model_validate(made.model_dump(include=set(ReplayedOut.model_fields)))
        return cls(decision_id=made.decision_id, ticket_id=made.ticket_id, replay=told, comparison=None)

    @classmethod
    def compared(cls, made: Comparison) -> "ReplayOut":
        """The decision beside the one of another configuration."""
        sides = {
            name: {**side.decision.model_dump(), "candidates": [one.model_dump() for one in side.candidates]}
            for name, side in (("before", made.before), ("after", made.after))
        }
        told = ComparisonOut.model_validate({**made.model_dump(include={"differences", "rules"}), **sides})
        return cls(decision_id=made.decision_id, ticket_id=made.ticket_id, replay=None, comparison=told)

"""The value objects and enums that every package speaks in. All are immutable and serialise to JSON unchanged."""

from enum import IntEnum, StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class TicketStatus(StrEnum):
    """Where a ticket stands in the life the field knows."""

    NEW = "new"
    PROCESSING = "processing"
    WAITING = "waiting"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"


class AfterClosing(StrEnum):
    """What a customer's message does to a closed ticket: it opens another one, linked to it, or the ticket itself."""

    FOLLOW_UP = "follow_up"
    REOPEN = "reopen"


class Priority(StrEnum):
    """How soon a ticket wants a human."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Sentiment(StrEnum):
    """The mood a ticket is written in."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Author(StrEnum):
    """Who wrote a message: the customer, the AI, a human of the team, or the product itself."""

    REQUESTER = "requester"
    AGENT = "agent"
    USER = "user"
    SYSTEM = "system"


class AnswerStatus(StrEnum):
    """Only an approved answer may be sent to a customer without a human."""

    DRAFT = "draft"
    APPROVED = "approved"
    ARCHIVED = "archived"


class ArticleStatus(StrEnum):
    """Only a published article may be cited."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class ChunkKind(IntEnum):
    """What a chunk is part of. The number is stored inside the chunk's id, so it never changes."""

    CASE = 1
    ARTICLE = 2
    ANSWER = 3
    TICKET = 4

    @property
    def word(self) -> str:
        """The kind as it is written in JSON."""
        return self.name.lower()


class Action(StrEnum):
    """What the agent decides to do with a ticket."""

    RESOLVE = "resolve"
    ESCALATE = "escalate"


class Level(StrEnum):
    """What the agent may do, from nothing to replying by itself. The order is the order of trust."""

    OFF = "off"
    SHADOW = "shadow"
    ASSIST = "assist"
    AUTO = "auto"

    @property
    def trust(self) -> int:
        """0 for OFF to 3 for AUTO."""
        return list(type(self)).index(self)


class Role(StrEnum):
    """What a person may do in a workspace, from nearly nothing to everything; each role may do what those before may.

    Which scopes that is stands in api/roles.py.
    """

    VIEWER = "viewer"
    AGENT = "agent"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for VIEWER to 3 for OWNER."""
        return list(type(self)).index(self)


class Stage(StrEnum):
    """Where the watch over automatic replies stands: all well, stricter, or withdrawn until a fresh certificate."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Grade(StrEnum):
    """A grader's word on a proposed reply. Only RIGHT is no error; docs/guides/automation.md holds the rubric."""

    RIGHT = "right"
    INCOMPLETE = "incomplete"
    WRONG = "wrong"
    UNSAFE = "unsafe"


class FeedbackKind(StrEnum):
    """What a human, or the customer, said of a decision."""

    RIGHT = "right"
    WRONG = "wrong"
    EDITED = "edited"
    REOPENED = "reopened"
    CSAT = "csat"


class Value(BaseModel):
    """Base of the value objects: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Workspace(Value):
    """One customer organisation. `number` forms the high bits of its chunk ids."""

    id: str
    number: int
    slug: str
    name: str


class Guess(Value):
    """A predicted attribute. `confidence` is a probability, `source` names what produced it."""

    value: str | None
    confidence: float
    source: str


class Trigger(Value):
    """What started a ticket's run: the customer's words that nobody has replied to yet, and the ticket's version.

    `headers` are those of the mail the words came by, names in lower case. `status` is the ticket's before the run,
    to which a run without side effects brings it back.
    """

    subject: str
    words: str
    headers: dict[str, str]
    ticket_version: int
    status: TicketStatus = TicketStatus.NEW


class Intake(Value):
    """What `ingest` makes of a ticket: the text the machine works on and what it says about itself.

    `vector` is the text's sentence vector as base64 of little-endian float16; `encoder` names what made it. Both are
    empty where the encoder gave no answer.
    `automatic` tells why the mail looks machine-sent (and so must not be answered), None for a person's. `audited` is
    the audit coin, thrown before anything is known of the ticket.
    """

    text: str
    language: Guess
    sentiment: Guess
    redactions: int
    automatic: str | None
    encoder: str
    vector: str
    audited: bool = False


class Evidence(Value):
    """A scored hit with its source. `similarity` is a cosine, `lexical` a BM25 score, either None when not found so."""

    kind: str
    id: str
    score: float
    label: str | None
    answer_id: str | None
    title: str
    snippet: str
    category: str | None
    similarity: float | None
    lexical: float | None


class Findings(Value):
    """What `search` found: resolved cases, articles and answers, each best first.

    `variants` are the sides of the experiments that the ticket takes part in from here on, by experiment id.
    """

    cases: list[Evidence]
    articles: list[Evidence]
    answers: list[Evidence]
    variants: dict[str, str] = {}


class Candidate(Value):
    """An answer proposed for a ticket, with the features that speak for and against it."""

    answer_id: str
    label: str
    score: float
    features: dict[str, float]


class Analysis(Value):
    """What `analyze` understood. Candidates are best first.

    `version` names the artefacts that ranked them, `knowledge` the answers as they then were.
    """

    candidates: list[Candidate]
    category: Guess
    priority: Guess
    language: Guess
    sentiment: Guess
    novelty: float
    version: str
    knowledge: str = ""


class ModelCall(Value):
    """A call to a language model. `cost` is in the currency of the provider's prices; `verdict` is "ok", "repaired" or
    why it was of no use. `prompt` names the file and version, `prompt_hash` is the SHA-256 of all that was sent.
    """

    provider: str
    model: str
    prompt: str
    prompt_hash: str
    input_tokens: int
    output_tokens: int
    cost: float
    milliseconds: int
    verdict: str


class Reading(Value):
    """What a language model made of a ticket: words for people, and doubts. It never speaks for an automatic reply.

    `answer_id` is the candidate that it holds right, None when it holds none right. `evidence` are the ids of the cases
    and answers that it relied on. `team` is one of the workspace's, None when it named none.
    """

    category: str | None
    priority: Priority
    sentiment: Sentiment
    language: str
    team: str | None = None
    summary: str
    root_cause: str
    answer_id: str | None
    evidence: list[str]


class DraftSentence(Value):
    """A sentence of a suggested reply, with the ids of the answers and articles that say it."""

    text: str
    sources: list[str]


class Draft(Value):
    """What a language model prepared for the person who takes over. Nothing of it is ever sent by itself.

    `reply` is empty where there is none to suggest; `doubts` then say what was wrong with the one that was written.
    `without` says why there is no draft at all, None where there is one.
    """

    wants: str = ""
    tried: str = ""
    missing: str = ""
    reply: list[DraftSentence] = []
    doubts: list[str] = []
    without: str | None
    calls: list[ModelCall] = []


class Path(StrEnum):
    """Which way a decision was made: by what was learned alone, or with a language model's reading beside it."""

    LEARNED = "learned"
    MODEL = "model"


class Consultation(Value):
    """The language models' part in a ticket. `reading` is None where none was asked or none gave a usable answer, and
    `without` then says why, in a sentence.
    """

    reading: Reading | None
    without: str | None
    calls: list[ModelCall] = []


class Decision(Value):
    """What is to be done and why. `confidence` is the calibrated probability that `answer` is right.

    `reasons` are sentences for the human who reads the decision, the deciding one first. `level` is what the agent was
    allowed to do: in shadow `action` is what it would have done. `segment` is the category with a certificate of its
    own, "" for all others; `certificate_id` names the proof behind `threshold`, `stage` the watch over it. `variants`
    are the sides of the experiments that the ticket takes part in, by experiment id; `rules` keeps the settings, the
    watch and the proof as they were, for replay. `path` tells whether a language model was heard.
    """

    action: Action
    answer_id: str | None
    label: str | None
    confidence: float
    threshold: float | None
    category: str | None
    priority: Priority
    team: str | None
    reasons: list[str]
    version: str
    knowledge: str = ""
    level: Level = Level.AUTO
    stage: Stage = Stage.GREEN
    segment: str = ""
    certificate_id: str | None = None
    variants: dict[str, str] = {}
    rules: dict[str, Any] = {}
    path: Path = Path.LEARNED


class Outcome(Value):
    """The effect a decision had: the message that was sent, or the team that was handed the ticket."""

    status: TicketStatus
    message_id: str | None
    team: str | None


class StepRecord(Value):
    """A step of a run as it is stored and read back. `duration_us` is its wall time in microseconds."""

    step: str
    version: str
    input: dict[str, Any]
    output: dict[str, Any]
    duration_us: int
    created_at: int

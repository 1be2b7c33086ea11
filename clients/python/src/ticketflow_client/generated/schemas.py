"""The objects that the API takes and gives.

Written by tools/client.py from openapi.json; edit the API's routes and schemas instead.

In objects that responses hold, a list of words ends in `| str`: a newer server may say a word that is not on it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

from ticketflow_client.schema import Schema

Action: TypeAlias = Literal["resolve", "escalate"]
"""What the agent decides to do with a ticket."""

AfterClosing: TypeAlias = Literal["follow_up", "reopen"]
"""What a customer's message does to a closed ticket: it opens another one, linked to it, or the ticket itself."""

AnswerStatus: TypeAlias = Literal["draft", "approved", "archived"]
"""Only an approved answer may be sent to a customer without a human."""

ArticleStatus: TypeAlias = Literal["draft", "published", "archived"]
"""Only a published article may be cited."""

AuditState: TypeAlias = Literal["open", "second", "graded", "overdue"]
"""Where a sample stands. An overdue one counts as wrong, whatever is said of it later."""

Author: TypeAlias = Literal["requester", "agent", "user", "system"]
"""Who wrote a message: the customer, the AI, a human of the team, or the product itself."""

Category: TypeAlias = Literal["automation", "audit", "learning", "routing", "tickets", "language_models", "retention"]
"""What a setting is about."""

DeliveryState: TypeAlias = Literal["pending", "delivered", "failed", "dropped"]
"""How far a delivery has come.

pending its next attempt is due at `next_at` delivered the endpoint said that it has it failed every attempt of
the schedule failed, or the endpoint said that it is gone dropped nobody wants it any more: the endpoint was
disabled, or the event erased
"""

EndpointState: TypeAlias = Literal["enabled", "disabled"]
"""A disabled endpoint is told nothing; what happens meanwhile it is not told later."""

FeedbackKind: TypeAlias = Literal["right", "wrong", "edited", "reopened", "csat"]
"""What a human, or the customer, said of a decision."""

Grade: TypeAlias = Literal["right", "incomplete", "wrong", "unsafe"]
"""A grader's word on a proposed reply. Only RIGHT is no error; docs/guides/automation.md holds the rubric."""

Level: TypeAlias = Literal["off", "shadow", "assist", "auto"]
"""What the agent may do, from nothing to replying by itself. The order is the order of trust."""

LinkKind: TypeAlias = Literal["related", "follow_up", "follows", "merged", "merged_into"]
"""What the other ticket is to this one."""

Path: TypeAlias = Literal["learned", "model"]
"""Which way a decision was made: by what was learned alone, or with a language model's reading beside it."""

Priority: TypeAlias = Literal["low", "normal", "high", "urgent"]
"""How soon a ticket wants a human."""

Result: TypeAlias = Literal["opened", "added", "known", "refused"]
"""What became of an item."""

Role: TypeAlias = Literal["viewer", "agent", "admin", "owner"]
"""What a person may do in a workspace, from nearly nothing to everything; each role may do what those before may.

Which scopes that is stands in api/roles.py.
"""

Scope: TypeAlias = Literal[
    "tickets:read",
    "tickets:write",
    "articles:read",
    "articles:write",
    "search:read",
    "feedback:write",
    "runs:read",
    "events:read",
    "settings:read",
    "settings:write",
    "audits:read",
    "audits:write",
    "keys:read",
    "keys:write",
    "people:read",
    "people:write",
    "owners:write",
    "audit-log:read",
    "webhooks:read",
    "webhooks:write",
    "sources:read",
    "sources:write",
    "data:erase",
    "data:export",
    "metrics:read",
]
"""A permission that a route asks for and a key carries."""

Sentiment: TypeAlias = Literal["negative", "neutral", "positive"]
"""The mood a ticket is written in."""

SourceState: TypeAlias = Literal["enabled", "disabled"]
"""What a disabled source sends is refused."""

Stage: TypeAlias = Literal["green", "amber", "red"]
"""Where the watch over automatic replies stands: all well, stricter, or withdrawn until a fresh certificate."""

TicketStatus: TypeAlias = Literal["new", "processing", "waiting", "escalated", "resolved", "reopened", "closed"]
"""Where a ticket stands in the life the field knows."""


class AgreementOut(Schema):
    """Whether two people give the same grade."""

    doubly: int
    """Decisions with two grades."""
    equal_share: float | None
    """Share of equal grades; null under 20 double grades."""
    kappa: float | None
    """Cohen's kappa: 0 is chance, 1 is agreement. Null under 20 double grades, and where all are equal."""


class AnswerOut(Schema):
    """An answer."""

    id: str
    label: str
    title: str
    body: str
    status: AnswerStatus | str
    category: str | None
    team: str | None
    language: str | None
    used: int
    """Automatic replies with it."""
    succeeded: int
    """Those of them that nobody found wrong."""
    version: int
    created_at: datetime
    updated_at: datetime


class AnswerPage(Schema):
    """Some answers, by label."""

    items: list[AnswerOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class ArticleOut(Schema):
    """An article at its newest version."""

    id: str
    external_id: str | None
    title: str
    status: ArticleStatus | str
    category: str | None
    language: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    body: str


class ArticlePage(Schema):
    """Some articles, last changed first."""

    items: list[ArticleSummary]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class ArticleSummary(Schema):
    """An article without its text."""

    id: str
    external_id: str | None
    title: str
    status: ArticleStatus | str
    category: str | None
    language: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class AssignIn(Schema):
    """Who gets the tickets."""

    team: str | None = None
    """The team; null takes it away; as it is when left out."""
    assignee: str | None = None
    """The human; null takes it away; as it is when left out."""


class AttachmentList(Schema):
    """A ticket's files."""

    items: list[AttachmentOut]
    """Oldest first."""


class AttachmentOut(Schema):
    """A file without its content."""

    id: str
    ticket_id: str
    """Where it came: another ticket when that was merged into this one."""
    message_id: str | None
    name: str
    media_type: str
    """What its first bytes say it is, whatever the sender said."""
    size: int
    """Bytes."""
    digest: str
    """SHA-256 of the content, in hexadecimal."""
    created_by: str
    created_at: datetime


class AttemptOut(Schema):
    """One attempt."""

    at: datetime
    status: int | None
    error: str | None
    excerpt: str
    """How the response begins."""
    duration_ms: int


class AuditCountsOut(Schema):
    """How many audited tickets stand where."""

    open: int
    """Waiting for a grade."""
    second: int
    """Waiting for a second grade."""
    graded: int
    overdue: int
    """Not graded in time; they count as wrong."""
    wrong: int


class AuditDetail(Schema):
    """A drawn decision with what graders said, once nobody is to grade it any more."""

    decision_id: str
    ticket_id: str
    subject: str
    body: str
    """What the customer wrote and nobody had replied to yet."""
    category: str | None
    answer: ReplyOut | None
    """Null where the agent knew nothing to propose."""
    evidence: list[HintOut]
    drawn_at: datetime
    due_at: datetime
    """What is not graded by then counts as wrong."""
    state: AuditState | str
    """`open`, `second` (waits for a second grade), `graded` or `overdue`."""
    grade: Grade | str | None
    """Null while a grade is awaited, so that nobody is swayed."""
    grader: str | None
    graded_at: datetime | None
    right_answer_id: str | None
    note: str
    second_grade: Grade | str | None
    second_grader: str | None
    rubric: dict[str, str]
    """What each grade means."""


class AuditEntryOut(Schema):
    """One change, or one attempt to sign in."""

    id: str
    actor: str
    """`person:ID`, `key:ID`, or what did it without either, such as `command line`."""
    action: str
    """What was done, such as `api_key.revoked`."""
    object: str
    """The id or name of what it was done to."""
    detail: dict[str, Any]
    """What was there before and after; never a secret."""
    created_at: datetime


class AuditLogPage(Schema):
    """Some of the audit log, newest first."""

    items: list[AuditEntryOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class AuditOut(Schema):
    """A decision that the coin drew. Neither the agent's confidence nor whether the reply was sent is told: both
    would sway a grader.
    """

    decision_id: str
    ticket_id: str
    subject: str
    body: str
    """What the customer wrote and nobody had replied to yet."""
    category: str | None
    answer: ReplyOut | None
    """Null where the agent knew nothing to propose."""
    evidence: list[HintOut]
    drawn_at: datetime
    due_at: datetime
    """What is not graded by then counts as wrong."""


class AuditPage(Schema):
    """Some decisions that wait for a grade, the oldest first."""

    items: list[AuditOut]
    rubric: dict[str, str]
    """What each grade means."""
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class AutomaticOut(Schema):
    """The replies that were, or in shadow would have been, sent without a human."""

    closed: int
    """Graded, or overdue."""
    wrong: int
    wrong_share: float | None
    """Null while none is closed."""


class AutomationOut(Schema):
    """How automation stands."""

    sentence: str
    """How it stands for most tickets, for people."""
    automation: bool
    """The kill switch; false: nothing is sent by itself."""
    level: Level | str
    """What the agent may do at most."""
    version: str
    """The score version in force; `untaught` before the first."""
    segments: list[SegmentOut]
    """The one of all other categories first."""
    categories: list[CategoryOut]
    """Every category that the settings name."""
    audits: AuditCountsOut


class BulkOut(Schema):
    """What became of each ticket."""

    items: list[BulkResult]
    """In the order of the request."""


class BulkResult(Schema):
    """What became of one ticket: the ticket as it stands, or why nothing was done to it."""

    ticket_id: str
    ticket: TicketOut | None
    """Null where nothing was done."""
    code: str | None
    """As in an error response; null where it was done."""
    detail: str | None
    """A sentence for a person; null where it was done."""


class CandidateOut(Schema):
    """An answer that was considered."""

    answer_id: str
    label: str
    score: float
    features: dict[str, float]
    """What spoke for and against it."""


class CategoryOut(Schema):
    """A category that the settings name."""

    category: str
    level: Level | str
    """What the agent may do here."""
    sensitive: bool
    """Whether it is never answered automatically."""
    segment: str
    """The segment whose certificate it falls under."""


class CertificateOut(Schema):
    """What one look at the graded tickets proved, or why it proved nothing."""

    id: str
    segment: str
    """A category with a share of its own; empty for all others."""
    version: str
    """The score version that it speaks of."""
    standing: str
    """`certified`, `more_labels` or `unreachable`."""
    live: bool
    """Whether automatic replies rest on it now."""
    max_wrong: float
    """The share of wrong automatic replies that was asked for."""
    certainty: float
    """The certainty that was asked for."""
    look: int
    """How many looks at this segment of this version there were, this one included."""
    spent: float
    """The part of the accepted risk, 1 - certainty, that this look cost."""
    threshold: float | None
    """The least confidence that is proven; null for a refusal."""
    coverage: float
    """Share of the graded tickets that reach it."""
    wrong_share: float
    """Share of wrong ones among these."""
    upper_bound: float
    """The same with all caution."""
    labels: int
    """Graded tickets."""
    automatic: int
    """Those that reach the threshold."""
    errors: int
    """Wrong ones among these."""
    needed: int | None
    """Of a refusal: how many more graded tickets may serve, where that is known."""
    reason: str
    """Of a refusal: what is missing."""
    excluded: list[str]
    """Categories that it leaves out."""
    source: str
    """Where the labels came from: `history`, `audit` or `history and audit`."""
    created_at: datetime
    ended_at: datetime | None
    ended_because: str
    statement: str
    """What it covers and what it does not, for people."""


class CertificatePage(Schema):
    """Some certificates and refusals, newest first."""

    items: list[CertificateOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class ComparisonOut(Schema):
    """The decision as it was and under the other configuration."""

    before: RulingOut
    after: RulingOut
    differences: list[DecisionsDifferenceOut]
    """The decision's fields that differ."""
    rules: list[DecisionsDifferenceOut]
    """What the two were decided by, where it differs."""


class ConsultationOut(Schema):
    """The language models' part in a decision."""

    reading: ReadingOut | None
    without: str | None
    """Why there is no reading, in a sentence; null when there is one."""
    calls: list[ModelCallOut]
    """Every call that was made, or refused by a breaker, in order."""


class DecisionDetail(Schema):
    """A decision with everything it was made from."""

    id: str
    run_id: str
    action: Action | str
    answer_id: str | None
    label: str | None
    confidence: float
    """Calibrated probability that the answer is right, 0 to 1."""
    threshold: float | None
    """What the confidence had to reach; null while nothing is learned."""
    category: str | None
    priority: Priority | str
    team: str | None
    reasons: list[str]
    """Sentences for a reader, the deciding one first."""
    candidates: list[CandidateOut]
    """The answers that were considered, best first."""
    understood: UnderstoodOut
    novelty: float
    """How unlike everything known the ticket is, 0 to 1."""
    version: str
    path: Path | str
    """`model` where a language model's reading was heard, `learned` where none was."""
    created_at: datetime
    ticket_id: str
    level: Level | str
    """What the agent was allowed to do at most; in `shadow` it left no trace."""
    stage: Stage | str
    """Where the watch over automatic replies stood."""
    segment: str
    """The category with a certificate of its own; empty for all others."""
    certificate_id: str | None
    """The proof behind the threshold."""
    variants: dict[str, str]
    """The ticket's side in each experiment, by experiment id."""
    rules: dict[str, Any]
    """Settings, certificate, refusal and watch as they were."""
    knowledge: str
    """Names the answers as they were."""
    intake: DecisionsIntakeOut
    evidence: list[EvidenceOut]
    """Cases, articles and answers, each kind best first."""
    consultation: ConsultationOut
    draft: DraftOut


class DecisionOut(Schema):
    """What the agent decided and why."""

    id: str
    run_id: str
    action: Action | str
    answer_id: str | None
    label: str | None
    confidence: float
    """Calibrated probability that the answer is right, 0 to 1."""
    threshold: float | None
    """What the confidence had to reach; null while nothing is learned."""
    category: str | None
    priority: Priority | str
    team: str | None
    reasons: list[str]
    """Sentences for a reader, the deciding one first."""
    candidates: list[CandidateOut]
    """The answers that were considered, best first."""
    understood: UnderstoodOut
    novelty: float
    """How unlike everything known the ticket is, 0 to 1."""
    version: str
    path: Path | str
    """`model` where a language model's reading was heard, `learned` where none was."""
    created_at: datetime


class DeliveryDetail(Schema):
    """A delivery with every attempt at it."""

    id: str
    endpoint_id: str
    seq: int
    """The event's; 0 for a test."""
    type: str
    state: DeliveryState | str
    attempts: int
    status: int | None
    """HTTP status of the last attempt; null without a response."""
    error: str | None
    """Why the last attempt failed; null where it did not."""
    next_at: datetime | None
    """When the next attempt is due; null where none is."""
    created_at: datetime
    updated_at: datetime
    tried: list[AttemptOut]
    """Oldest first."""


class DeliveryOut(Schema):
    """A delivery. Its id is the `webhook-id` of every attempt."""

    id: str
    endpoint_id: str
    seq: int
    """The event's; 0 for a test."""
    type: str
    state: DeliveryState | str
    attempts: int
    status: int | None
    """HTTP status of the last attempt; null without a response."""
    error: str | None
    """Why the last attempt failed; null where it did not."""
    next_at: datetime | None
    """When the next attempt is due; null where none is."""
    created_at: datetime
    updated_at: datetime


class DeliveryPage(Schema):
    """Some deliveries, newest first."""

    items: list[DeliveryOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class DraftOut(Schema):
    """What a language model prepared for the person who takes over. It is never sent by itself."""

    wants: str
    tried: str
    missing: str
    reply: list[DraftSentenceOut]
    """Empty where there is none to suggest."""
    doubts: list[str]
    """What was wrong with the reply that was written."""
    without: str | None
    """Why there is no draft, in a sentence; null when there is one."""
    calls: list[ModelCallOut]


class DraftSentenceOut(Schema):
    """A sentence of a suggested reply."""

    text: str
    sources: list[str]
    """Ids of the answers and articles that say it."""


class EndpointDeleted(Schema):
    """It is gone."""

    id: str
    deleted: Literal[True]


class EndpointMade(Schema):
    """A new endpoint with its secret, which is shown this once."""

    id: str
    url: str
    description: str
    types: list[str]
    state: EndpointState | str
    reason: str | None
    """Why it is disabled."""
    failing_since: datetime | None
    """The first failed attempt since one that succeeded."""
    position: int
    """The last event that was considered for it."""
    version: int
    created_at: datetime
    updated_at: datetime
    secret: str
    """What its signatures are verified with."""


class EndpointOut(Schema):
    """An endpoint without its secret."""

    id: str
    url: str
    description: str
    types: list[str]
    state: EndpointState | str
    reason: str | None
    """Why it is disabled."""
    failing_since: datetime | None
    """The first failed attempt since one that succeeded."""
    position: int
    """The last event that was considered for it."""
    version: int
    created_at: datetime
    updated_at: datetime


class EndpointPage(Schema):
    """Some endpoints, newest first."""

    items: list[EndpointOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class ErasureOut(Schema):
    """What goes, or would go."""

    run_id: str | None
    """The run that erases, for `GET /v1/runs/{run_id}`; null: none."""
    dry_run: bool
    counts: dict[str, int]
    """How many rows of each kind go."""


class EventOut(Schema):
    """A fact about the workspace."""

    seq: int
    """Gapless, in the order of the commits."""
    type: str
    ticket_id: str
    """Empty where the fact concerns no ticket."""
    data: dict[str, Any]
    created_at: datetime


class EventPage(Schema):
    """Some events, oldest first."""

    items: list[EventOut]
    next_after: int
    """Send it as `after` to go on from here; it stands still at the end of the log."""
    last_seq: int
    """The newest event's seq, 0 before the first."""


class EvidenceOut(Schema):
    """Something that was found for a ticket. Of what nobody was to read, title and snippet are not kept."""

    kind: str
    id: str
    score: float
    """What search ordered it by."""
    label: str | None
    """The answer it speaks for."""
    answer_id: str | None
    title: str
    snippet: str
    category: str | None
    similarity: float | None
    """Cosine; null when found by words alone."""
    lexical: float | None
    """BM25; null when found by meaning alone."""


class ExperimentOut(Schema):
    """An experiment as it stands, without its result."""

    id: str
    name: str
    factor: str
    sides: SidesOut
    share: float
    metric: str
    note: str
    state: Literal["running", "stopped"] | str
    author: str
    created_at: datetime
    ended_at: datetime | None


class ExperimentPage(Schema):
    """Some experiments, newest first."""

    items: list[ExperimentOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class ExportOut(Schema):
    """An export of the workspace."""

    id: str
    """The id of its run, too."""
    state: str
    """`live`, `succeeded`, `failed` or `cancelled`; content is there once it succeeded."""
    size: int | None
    """Bytes of the ZIP; null while there is none, and when it is gone."""
    counts: dict[str, int]
    """How many rows of each kind it holds."""
    created_at: datetime
    expires_at: datetime
    """When its content is removed; an erasure removes it at once."""


class FeedbackOut(Schema):
    """Feedback as it is stored."""

    id: str
    ticket_id: str
    decision_id: str | None
    kind: FeedbackKind | str
    answer_id: str | None
    score: int | None
    note: str
    author: str
    created_at: datetime


class GradedOut(Schema):
    """A grade is taken down."""

    decision_id: str
    grade: Grade | str
    """The one just given."""
    state: AuditState | str
    """`second`: somebody else is asked as well."""
    wrong: bool
    """Whether the decision counts as wrong. What comes later can only add errors."""


class GuessOut(Schema):
    """A predicted attribute."""

    value: str | None
    confidence: float
    """Probability that the value is right, 0 to 1."""
    source: str
    """What produced it."""


class HealthOut(Schema):
    """The process lives."""

    status: Literal["alive"]
    version: str


class HintOut(Schema):
    """Something similar that is known."""

    kind: str
    """`case` or `article`."""
    title: str
    snippet: str
    label: str | None
    """The answer that people used there."""


class HitOut(Schema):
    """Something that was found."""

    kind: Literal["case", "article", "answer", "ticket"] | str
    id: str
    score: float
    """What the hits are ordered by; comparable within one search only."""
    similarity: float | None
    """Cosine of the sentence vectors; null when found by words alone."""
    lexical: float | None
    """BM25; null when found by meaning alone."""
    title: str
    text: str
    """The passage that matched."""
    category: str | None
    language: str | None
    answer_id: str | None
    """The answer that resolved the case."""


class IntervalOut(Schema):
    """Where a figure lies, however often it is looked at."""

    low: float
    high: float


class KeyMade(Schema):
    """A new key, with its text: it is shown this once and kept nowhere."""

    id: str
    """The part of the key's text after `tf_live_`."""
    name: str
    last_four: str
    """The last characters of its secret, to tell keys apart."""
    scopes: list[str]
    state: Literal["live", "expired", "revoked"] | str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    """The minute of its last use; null before the first."""
    replaces: str | None
    """The key that it took, or takes, the place of."""
    key: str
    """What goes behind `Authorization: Bearer`."""


class KeyOut(Schema):
    """A key without its secret."""

    id: str
    """The part of the key's text after `tf_live_`."""
    name: str
    last_four: str
    """The last characters of its secret, to tell keys apart."""
    scopes: list[str]
    state: Literal["live", "expired", "revoked"] | str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    """The minute of its last use; null before the first."""
    replaces: str | None
    """The key that it took, or takes, the place of."""


class KeyPage(Schema):
    """Some keys, newest first, those that are over included."""

    items: list[KeyOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class LinkList(Schema):
    """A ticket's links."""

    items: list[LinkOut]
    """Oldest first."""


class LinkOut(Schema):
    """A ticket that belongs to this one."""

    other_id: str
    kind: LinkKind | str
    """What the other one is: `related`, its `follow_up`, what it `follows`, `merged` into this one, or what this
    one was `merged_into`.
    """
    created_by: str
    created_at: datetime


class MappingIn(Schema):
    """For each field a path into the item, a text that stands for itself, or a path with translations."""

    body: str | RuleIn
    """Of tickets and of messages."""
    subject: str | RuleIn | None = None
    """One line."""
    external_id: str | RuleIn | None = None
    """The other system's id; a second ticket with it is none."""
    channel: str | RuleIn | None = None
    """Where it came in."""
    requester_name: str | RuleIn | None = None
    """Who asks."""
    requester_email: str | RuleIn | None = None
    """Where to reach them."""
    priority: str | RuleIn | None = None
    """`low`, `normal`, `high` or `urgent`."""
    tags: str | RuleIn | None = None
    """A list, or a text with commas."""
    ticket: str | RuleIn | None = None
    """External id of a ticket that was sent before: with a value, the item is a message to it."""
    message: str | RuleIn | None = None
    """External id of the message itself: a second one with it is none."""
    author: str | RuleIn | None = None
    """Of messages: `requester` or `agent`."""
    author_name: str | RuleIn | None = None
    """Of messages."""
    internal: str | RuleIn | None = None
    """Of messages: whether it is a note for the team alone."""


class MeOut(Schema):
    """Who is asking, and what they may do."""

    kind: Literal["key", "person"] | str
    id: str
    name: str
    email: str | None
    """A person's; null for a key."""
    role: Role | str | None
    """A person's; null for a key."""
    workspace: str
    """The short name of the only workspace that this caller sees."""
    scopes: list[str]
    csrf_token: str | None
    """What a browser sends as `X-CSRF-Token` with everything that is no GET; null for a key."""
    session_expires_at: datetime | None
    """When the session ends unless it is used; null for a key."""


class MessageAccepted(Schema):
    """A message that is stored, with the ticket as it stands and the run that it started, if any."""

    message: MessageOut
    ticket: TicketOut
    run_id: str | None


class MessageOut(Schema):
    """A message of a conversation."""

    id: str
    ticket_id: str
    """Where it was written: another ticket when that was merged into this one."""
    author: Author | str
    author_name: str | None
    body: str
    internal: bool
    created_at: datetime


class MessageSample(Schema):
    """A message that an item would add."""

    author: str
    body: str
    author_name: str | None
    internal: bool


class ModelCallOut(Schema):
    """A call to a language model."""

    provider: str
    model: str
    prompt: str
    """File and version of the instructions."""
    prompt_hash: str
    """SHA-256 of everything that was sent."""
    input_tokens: int
    output_tokens: int
    cost: float
    """In the currency of the provider's configured prices."""
    milliseconds: int
    verdict: str
    """`ok`, `repaired`, or why the call was of no use."""


class NoticeOut(Schema):
    """What an operator is to know."""

    id: str
    kind: str
    """The type of the event that it tells of."""
    text: str
    created_at: datetime
    read_at: datetime | None
    """When somebody marked it as read; null before."""
    read_by: str | None


class NoticePage(Schema):
    """Some notices, newest first."""

    items: list[NoticeOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class NoticeRead(Schema):
    """It is marked as read."""

    id: str
    read: Literal[True]


class PartOut(Schema):
    """One thing that serving needs."""

    name: Literal["database", "migrations", "encoder", "workers", "queue", "disk"] | str
    ready: bool
    detail: str
    """A sentence for people."""
    degraded: bool = False
    """Whether it works, but not as it should."""
    milliseconds: float = 0.0
    """What the look at it took."""


class PersonOut(Schema):
    """Somebody with a role."""

    id: str
    email: str
    name: str
    role: Role | str
    created_at: datetime
    disabled_at: datetime | None
    """Since when they may not sign in; null while they may."""


class PersonPage(Schema):
    """Some people, newest first, disabled ones included."""

    items: list[PersonOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class PlainSettingsPatch(Schema):
    """Other values for settings that are not secret; the rest stays. A list or table is replaced whole."""

    automation: bool | None = None
    """The kill switch: false stops every automatic reply within a second; checked again at the moment of sending."""
    level: Level | None = None
    """What the agent may do at most: `off`, `shadow`, `assist` or `auto`; it replies by itself only under a live
    certificate.
    """
    levels: dict[str, Level] | None = None
    """The same for single categories, where that is less."""
    max_wrong: float | None = None
    """Largest accepted share of wrong automatic replies, 0 to 0.5; the threshold follows from it."""
    certainty: float | None = None
    """How sure a certificate must be that the share is kept, 0.5 to 0.999."""
    category_max_wrong: dict[str, float] | None = None
    """Categories with an accepted share, and so a certificate, of their own."""
    sensitive: list[str] | None = None
    """Categories that are never answered automatically, unless they have a share of their own; capitals do not
    matter.
    """
    max_replies_per_day: int | None = None
    """Most automatic replies in one day (UTC); null is no limit."""
    max_replies_per_ticket: int | None = None
    """Most automatic replies in one ticket."""
    max_replies_per_requester: int | None = None
    """Most automatic replies to one e-mail address in one day (UTC), so that two machines do not write to each
    other for ever.
    """
    audit_share: float | None = None
    """Share of tickets that people grade, drawn before anything is known of them, 0 to 1; doubled while the watch
    has its doubts.
    """
    audit_days: int | None = None
    """Days for grading, 1 to 365; what is not graded then counts as wrong."""
    novelty_share: float | None = None
    """Expected share of tickets that no known answer fits, 0 to 1; learning weighs them so, until the history or
    the audit tells.
    """
    link_hosts: list[str] | None = None
    """Hosts that links and addresses in replies may name, what lies under them included; where the best answer
    leads elsewhere, the ticket goes to a human. Null is any host.
    """
    teams: dict[str, str] | None = None
    """Team that takes the tickets of a category."""
    default_team: str | None = None
    """Team that takes every other ticket."""
    close_after_days: int | None = None
    """Days after which a resolved ticket is closed; null closes none by itself."""
    after_closing: AfterClosing | None = None
    """What a customer's message to a closed ticket does: open a `follow_up` that is linked to it, or `reopen` it."""
    language_models: bool | None = None
    """Whether the installation's language models are asked about this workspace's tickets."""
    max_model_tokens_per_day: int | None = None
    """Most tokens sent to and received from language models in one day (UTC); then tickets are decided without.
    Null is no limit.
    """
    max_model_cost_per_day: float | None = None
    """The same in money, in the currency of the configured prices; null is no limit."""
    refit_after: int | None = None
    """New or changed cases after which learning runs again in the background."""
    retain_tickets_days: int | None = None
    """Days that a resolved or closed ticket stays, with all that hangs on it; null is for ever."""
    retain_attachments_days: int | None = None
    """Days that attachments stay; null is for ever."""
    retain_steps_days: int | None = None
    """Days that the inputs and outputs of ended runs' steps stay; null is for ever."""
    retain_events_days: int | None = None
    """Days that events stay in the log; null is for ever."""


class ProofOut(Schema):
    """A live certificate, in short."""

    id: str
    threshold: float
    """The certified threshold; the one in force may be stricter."""
    max_wrong: float
    certainty: float
    coverage: float
    """Share of the graded tickets that reach the threshold."""
    wrong_share: float
    """Share of wrong ones among those."""
    upper_bound: float
    """The same with all caution."""
    labels: int
    """Graded tickets."""
    automatic: int
    """Those that reach the threshold."""
    errors: int
    """Wrong ones among these."""
    created_at: datetime


class ProviderKeyOut(Schema):
    """What is told of a key."""

    is_set: bool
    last_four: str | None
    """How it ends; null for one that is short or not set."""


class ReadingOut(Schema):
    """What a language model made of the ticket. It can only speak against an automatic reply."""

    category: str | None
    priority: Priority | str
    sentiment: Sentiment | str
    language: str
    team: str | None
    """The team that it would give the ticket to; null when it named none."""
    summary: str
    root_cause: str
    answer_id: str | None
    """The candidate that it holds right; null when none."""
    evidence: list[str]
    """Ids of the cases and answers that it relied on."""


class ReadyOut(Schema):
    """Everything that serving needs is there."""

    status: Literal["ready", "degraded"] | str
    """`degraded` where a part is; it serves all the same."""
    parts: list[PartOut]


class RepeatedOut(Schema):
    """A step that was made again, or the vector, or the stored row against its run."""

    step: str
    same: bool | None
    """Whether it yields the same bytes; null where it was not repeated."""
    differences: list[DecisionsDifferenceOut]
    """The fields that differ."""
    note: str


class ReplayOut(Schema):
    """A replay where nothing was to change, otherwise a comparison."""

    decision_id: str
    ticket_id: str
    replay: ReplayedOut | None
    comparison: ComparisonOut | None


class ReplayedOut(Schema):
    """A decision made again as it was."""

    same: bool
    """Every repeated step yields the same bytes, rounding of the vector aside."""
    steps: list[RepeatedOut]
    altered: list[str]
    """Steps whose stored input is not what they built on: rows were changed."""


class ReplyOut(Schema):
    """The proposed reply, as the customer would read it."""

    id: str
    label: str
    title: str
    text: str


class ResultOut(Schema):
    """An experiment with what its graded tickets show by now. All intervals hold at every look together."""

    experiment: ExperimentOut
    metric: str
    sides: dict[str, SideOut]
    """`control` and `treatment`."""
    difference: ExperimentsDifferenceOut
    waiting: int
    """Audited tickets that do not count yet: the first without a grade and all later ones."""
    e_value: float
    """Evidence against the sides being equal."""
    decided_from: float
    """The e-value that decides."""
    certainty: float
    """Of the intervals, and of a verdict."""
    verdict: Literal["control", "treatment", "undecided"] | str
    """The better side."""
    sentence: str
    """The result in words."""
    read_at: datetime


class RuleIn(Schema):
    """Where a value stands, and what the other system's words are called here."""

    path: str
    """Such as `$.customer.email`."""
    values: dict[str, str] | None = None
    """Each of their words with ours; others become `default`."""
    default: str | None = None
    """Where there is no value."""


class RuleOut(Schema):
    """Where a value stands, and what the other system's words are called here."""

    path: str
    values: dict[str, str]
    default: str | None


class RulingOut(Schema):
    """A decision in short, with the candidates it chose from."""

    action: Action | str
    answer_id: str | None
    label: str | None
    confidence: float
    """Calibrated probability that the answer is right, 0 to 1."""
    threshold: float | None
    """What the confidence had to reach; null where no proof allows any."""
    reasons: list[str]
    """Sentences for a reader, the deciding one first."""
    candidates: list[CandidateOut]
    """Best first."""


class RunDetail(Schema):
    """A run with its steps."""

    id: str
    ticket_id: str
    """Empty for a run that concerns no ticket."""
    workflow: str
    version: int
    state: str
    """`live`, `succeeded`, `failed` or `cancelled`."""
    step: str
    """The last step that is done; empty before the first."""
    attempt: int
    error: str | None
    created_at: datetime
    updated_at: datetime
    steps: list[StepOut]
    """In the order they were done."""


class RunList(Schema):
    """A ticket's runs, oldest first."""

    items: list[RunOut]


class RunOut(Schema):
    """One execution of a workflow."""

    id: str
    ticket_id: str
    """Empty for a run that concerns no ticket."""
    workflow: str
    version: int
    state: str
    """`live`, `succeeded`, `failed` or `cancelled`."""
    step: str
    """The last step that is done; empty before the first."""
    attempt: int
    error: str | None
    created_at: datetime
    updated_at: datetime


class SampleOut(Schema):
    """What a sample would become: a ticket, a message, or nothing for the reason in `error`."""

    ticket: TicketSample | None
    message: MessageSample | None
    to: str | None
    """External id of the ticket that the message would be added to."""
    error: str | None
    field: str | None
    """The field of the mapping that the error is about."""


class SearchFilters(Schema):
    """What a hit must be; what is left out does not matter."""

    status: str | None = None
    """Status of the article, answer or ticket."""
    category: str | None = None
    """Exactly this category."""
    language: str | None = None
    """A code such as `en`."""


class SearchOut(Schema):
    """What was found, best first."""

    hits: list[HitOut]
    took_ms: float


class SecretMade(Schema):
    """A new secret, which is shown this once."""

    id: str
    secret: str
    previous_until: datetime
    """Until then the secret before counts as well."""


class SegmentOut(Schema):
    """The categories that share a certificate: one with a share of its own, or all others."""

    segment: str
    """A category with a share of its own; empty for all others."""
    level: Level | str
    """What the agent may do here."""
    stage: Stage | str
    """`green`, `amber` (a higher confidence is asked) or `red` (people reply)."""
    threshold: float | None
    """Confidence from which the agent replies by itself; null for never."""
    objections: list[str]
    """What stands in the way of automatic replies, in words."""
    max_wrong: float
    certainty: float
    certificate: ProofOut | None
    """The live certificate, null without one."""
    refusal: str | None
    """Why the last look proved nothing; null when it proved something."""
    watch: WatchOut


class SessionOut(Schema):
    """A browser that is signed in."""

    id: str
    """A digest of the cookie: it opens nothing."""
    person_id: str
    created_at: datetime
    expires_at: datetime
    """When it ends unless it is used."""
    current: bool
    """Whether this very request came with it."""


class SessionsEnded(Schema):
    """Whose sessions ended, and how many there were."""

    person_id: str
    ended: int


class SessionsOut(Schema):
    """A person's live sessions, newest first."""

    items: list[SessionOut]


class SettingList(Schema):
    """Every setting there is."""

    items: list[SettingOut]


class SettingOut(Schema):
    """What a setting is."""

    name: str
    category: Category | str
    """What it is about."""
    type: Literal["boolean", "integer", "number", "string", "array", "object"] | str
    description: str
    default: Any
    """Its value until somebody changes it."""
    accepts: dict[str, Any]
    """What `PATCH /v1/settings` takes for it, as a JSON schema."""
    secret: bool
    """Whether it is written only: encrypted at rest, and never shown."""
    version: int
    """How often it was changed; 0 where it never was."""
    updated_at: datetime | None
    updated_by: str | None


class SettingsOut(Schema):
    """The settings in force."""

    automation: bool
    """The kill switch: false stops every automatic reply within a second; checked again at the moment of sending."""
    level: Level | str
    """What the agent may do at most: `off`, `shadow`, `assist` or `auto`; it replies by itself only under a live
    certificate.
    """
    levels: dict[str, Level | str]
    """The same for single categories, where that is less."""
    max_wrong: float
    """Largest accepted share of wrong automatic replies, 0 to 0.5; the threshold follows from it."""
    certainty: float
    """How sure a certificate must be that the share is kept, 0.5 to 0.999."""
    category_max_wrong: dict[str, float]
    """Categories with an accepted share, and so a certificate, of their own."""
    sensitive: list[str]
    """Categories that are never answered automatically, unless they have a share of their own; capitals do not
    matter.
    """
    max_replies_per_day: int | None
    """Most automatic replies in one day (UTC); null is no limit."""
    max_replies_per_ticket: int
    """Most automatic replies in one ticket."""
    max_replies_per_requester: int
    """Most automatic replies to one e-mail address in one day (UTC), so that two machines do not write to each
    other for ever.
    """
    audit_share: float
    """Share of tickets that people grade, drawn before anything is known of them, 0 to 1; doubled while the watch
    has its doubts.
    """
    audit_days: int
    """Days for grading, 1 to 365; what is not graded then counts as wrong."""
    novelty_share: float
    """Expected share of tickets that no known answer fits, 0 to 1; learning weighs them so, until the history or
    the audit tells.
    """
    link_hosts: list[str] | None
    """Hosts that links and addresses in replies may name, what lies under them included; where the best answer
    leads elsewhere, the ticket goes to a human. Null is any host.
    """
    teams: dict[str, str]
    """Team that takes the tickets of a category."""
    default_team: str
    """Team that takes every other ticket."""
    close_after_days: int | None
    """Days after which a resolved ticket is closed; null closes none by itself."""
    after_closing: AfterClosing | str
    """What a customer's message to a closed ticket does: open a `follow_up` that is linked to it, or `reopen` it."""
    language_models: bool
    """Whether the installation's language models are asked about this workspace's tickets."""
    max_model_tokens_per_day: int | None
    """Most tokens sent to and received from language models in one day (UTC); then tickets are decided without.
    Null is no limit.
    """
    max_model_cost_per_day: float | None
    """The same in money, in the currency of the configured prices; null is no limit."""
    refit_after: int
    """New or changed cases after which learning runs again in the background."""
    retain_tickets_days: int | None
    """Days that a resolved or closed ticket stays, with all that hangs on it; null is for ever."""
    retain_attachments_days: int | None
    """Days that attachments stay; null is for ever."""
    retain_steps_days: int | None
    """Days that the inputs and outputs of ended runs' steps stay; null is for ever."""
    retain_events_days: int | None
    """Days that events stay in the log; null is for ever."""
    provider_keys: dict[str, ProviderKeyOut]
    """Keys of providers whose `key_setting` names them, by that name; only in the workspace that
    `TICKETFLOW_WORKSPACE` names. A key is written and never shown; null removes it.
    """


class SideOut(Schema):
    """A side so far."""

    value: str | float | dict[str, float]
    tickets: int
    """Tickets that took part on this side."""
    outcomes: int
    """Those of them that the metric counts: audited and graded."""
    mean: float | None
    """The share that the metric names; null without an outcome."""
    interval: IntervalOut


class SidesIn(Schema):
    """The two sides; one of them usually is what is in force."""

    control: str | float | dict[str, float]
    """Of a threshold: a confidence from 0 to 1, or `certified` for the certificate's. Of fusion: the weights
    `similarity`, `lexical` and `both`, or `learned` for those in force.
    """
    treatment: str | float | dict[str, float]
    """Of a threshold: a confidence from 0 to 1, or `certified` for the certificate's. Of fusion: the weights
    `similarity`, `lexical` and `both`, or `learned` for those in force.
    """


class SidesOut(Schema):
    """What the two sides apply."""

    control: str | float | dict[str, float]
    treatment: str | float | dict[str, float]


class SignInLink(Schema):
    """What signs somebody in, once; it is shown this once and kept nowhere."""

    person_id: str
    link: str
    """The address for their browser; what stands behind `#` is no part of any log."""
    token: str
    """The same as POST /v1/sessions takes it."""
    expires_at: datetime


class SourceDeleted(Schema):
    """It is gone."""

    id: str
    deleted: Literal[True]


class SourceMade(Schema):
    """A new source with its secret, which is shown this once."""

    id: str
    slug: str
    name: str
    address: str
    """It sends to `POST /v1/intake/{address}`."""
    mapping: dict[str, str | RuleOut]
    state: SourceState | str
    version: int
    created_at: datetime
    updated_at: datetime
    secret: str
    """What it signs with."""


class SourceOut(Schema):
    """A source without its secret."""

    id: str
    slug: str
    name: str
    address: str
    """It sends to `POST /v1/intake/{address}`."""
    mapping: dict[str, str | RuleOut]
    state: SourceState | str
    version: int
    created_at: datetime
    updated_at: datetime


class SourcePage(Schema):
    """Some sources, newest first."""

    items: list[SourceOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class SourceSecretMade(Schema):
    """A new secret, which is shown this once."""

    id: str
    secret: str
    previous_until: datetime
    """Until then the secret before counts as well."""


class StepOut(Schema):
    """A step as it was done."""

    step: str
    version: str
    input: dict[str, Any]
    """What it built on, by name."""
    output: dict[str, Any]
    duration_ms: float
    created_at: datetime


class StreamTicketOut(Schema):
    """A ticket for one stream."""

    ticket: str
    """Send it as the query parameter `ticket`; it is spent when the stream opens."""
    expires_at: datetime


class SummaryOut(Schema):
    """How the audit stands."""

    since: datetime
    drawn: int
    open: int
    """Waiting for a grade."""
    second: int
    """Waiting for a second grade."""
    graded: int
    overdue: int
    """Not graded in time; they count as wrong."""
    wrong: int
    automatic: AutomaticOut
    agreement: AgreementOut


class TagIn(Schema):
    """What the tickets are tagged with."""

    add: list[str] | None = None
    """Adds to each list."""
    remove: list[str] | None = None
    """Takes from each list."""


class TakenOut(Schema):
    """What became of an item."""

    index: int
    result: Result | str
    """`opened` a ticket, `added` a message, was `known` already, or `refused`, with the error."""
    ticket_id: str | None
    run_id: str | None
    error: str | None
    field: str | None


class TicketAccepted(Schema):
    """A ticket that is stored, with the run that works on it."""

    ticket: TicketOut
    run_id: str


class TicketDetail(Schema):
    """A ticket with its conversation and the agent's newest decision."""

    id: str
    external_id: str | None
    channel: str
    subject: str
    requester_name: str | None
    requester_email: str | None
    status: TicketStatus | str
    category: str | None
    priority: Priority | str
    language: str | None
    sentiment: str | None
    team: str | None
    assignee: str | None
    tags: list[str]
    snoozed_until: datetime | None
    """Put aside until then; null while it is not."""
    merged_into: str | None
    """The ticket that goes on in this one's place; null for most."""
    resolved_at: datetime | None
    """Since when it is resolved, or was when it was closed."""
    version: int
    """Grows with every change."""
    created_at: datetime
    updated_at: datetime
    messages: list[MessageOut]
    """Oldest first, with those of tickets that were merged into it."""
    links: list[LinkOut]
    """Tickets that belong to it, oldest link first."""
    decision: DecisionOut | None
    """Null until the first run has decided."""


class TicketOut(Schema):
    """A ticket without its messages."""

    id: str
    external_id: str | None
    channel: str
    subject: str
    requester_name: str | None
    requester_email: str | None
    status: TicketStatus | str
    category: str | None
    priority: Priority | str
    language: str | None
    sentiment: str | None
    team: str | None
    assignee: str | None
    tags: list[str]
    snoozed_until: datetime | None
    """Put aside until then; null while it is not."""
    merged_into: str | None
    """The ticket that goes on in this one's place; null for most."""
    resolved_at: datetime | None
    """Since when it is resolved, or was when it was closed."""
    version: int
    """Grows with every change."""
    created_at: datetime
    updated_at: datetime


class TicketPage(Schema):
    """Some tickets, last changed first."""

    items: list[TicketOut]
    next_cursor: str | None
    """Ask for the next page with it; null on the last one."""


class TicketSample(Schema):
    """A ticket that an item would open."""

    subject: str
    body: str
    external_id: str | None
    channel: str
    requester_name: str | None
    requester_email: str | None
    priority: str
    tags: list[str]


class UnderstoodOut(Schema):
    """What the agent understood of a ticket."""

    category: GuessOut
    priority: GuessOut
    language: GuessOut
    sentiment: GuessOut


class VerdictsOut(Schema):
    """What came of a look, one verdict for each segment; refusals are verdicts as well."""

    items: list[CertificateOut]


class WatchOut(Schema):
    """The watch over a segment's automatic replies."""

    suspicion: float
    """Evidence of too many wrong replies, as a share of what turns it red."""
    audits: int
    """Audited automatic replies since `since`."""
    novel_share: float | None
    """Share of arriving tickets that no answer fits; null while too few arrived to tell."""
    reasons: list[str]
    """Every alarm that stands, in words."""
    since: datetime | None
    """Since when the watch counts; null before it began."""
    looked_at: datetime | None
    """The last look at early warnings; null before the first."""


class WelcomeOut(Schema):
    """What this server is."""

    name: str
    version: str
    about: str
    docs: str
    openapi: str
    ready: str


class DecisionsDifferenceOut(Schema):
    """A field that differs, by its path, with its two values."""

    path: str
    before: Any
    after: Any


class DecisionsIntakeOut(Schema):
    """What the agent read: the ticket as it was prepared, without its sentence vector."""

    text: str
    language: GuessOut
    sentiment: GuessOut
    redactions: int
    """Passages that were blacked out."""
    automatic: str | None
    """Why the message looks machine-sent; null for a person's."""
    encoder: str
    """What made the sentence vector."""
    audited: bool
    """Whether the audit coin drew the ticket."""


class ExperimentsDifferenceOut(Schema):
    """The metric under treatment minus that under control."""

    estimate: float | None
    low: float
    high: float


class SourcesIntakeOut(Schema):
    """A result for each item, in the order they came."""

    items: list[TakenOut]

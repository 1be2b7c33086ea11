"""A small company whose agent has learned: six answers, 25 resolved tickets of each, one database file a test.

Learning runs once for the whole session; each test works on a copy of the file.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path

import databases
from ticketflow import events
from ticketflow.agent import grading, learn, lookout, pipeline
from ticketflow.agent.deps import Deps
from ticketflow.agent.pipeline import TICKET_WORKFLOW
from ticketflow.clock import Clock
from ticketflow.config import Config, EncoderProvider, ModelProvider
from ticketflow.db import migrations
from ticketflow.domain import AnswerStatus, ChunkKind, Grade, StepRecord, Workspace
from ticketflow.embeddings.encoder import Encoder
from ticketflow.events import Event
from ticketflow.knowledge import publishing
from ticketflow.learning.refitting import DECISION
from ticketflow.retrieval import chunks
from ticketflow.runtime import build
from ticketflow.store import (
    answers,
    artefacts,
    audits,
    cases,
    certificates,
    decisions,
    notices,
    settings,
    tickets,
    watches,
)
from ticketflow.store.answers import Answer, NewAnswer
from ticketflow.store.audits import AuditSample
from ticketflow.store.certificates import Certificate
from ticketflow.store.decisions import StoredDecision
from ticketflow.store.feedback import Feedback, NewFeedback
from ticketflow.store.notices import Notice
from ticketflow.store.tickets import Message, NewTicket, Ticket
from ticketflow.store.watches import Watch
from ticketflow.testing import FrozenClock, HashEncoder
from ticketflow.workflow import history
from ticketflow.workflow.runner import Runner


@dataclass(frozen=True)
class Topic:
    """An answer and the ways in which people ask for it."""

    label: str
    category: str
    team: str
    body: str
    problems: tuple[str, ...]
    details: tuple[str, ...]


TOPICS = (
    Topic(
        "password",
        "account",
        "identity",
        "Hello {requester_name}, choose 'Forgot password' on the login page and follow the link we mail you.",
        (
            "I forgot my password",
            "my password is rejected",
            "the login page refuses my password",
            "password reset please",
            "how do I choose a new password",
        ),
        (
            "and the login stays locked",
            "since I changed my phone",
            "the reset link has expired",
            "for my account login",
            "I cannot log in any more",
        ),
    ),
    Topic(
        "refund",
        "billing",
        "money",
        "Hello {requester_name}, your refund is on its way and arrives within five working days.",
        (
            "where is my refund",
            "I want my money back",
            "the refund has not arrived",
            "please refund the returned kettle",
            "you still owe me a refund",
        ),
        (
            "I sent it back weeks ago",
            "nothing on my bank statement",
            "the return was confirmed",
            "money was promised",
            "the parcel with the return reached you",
        ),
    ),
    Topic(
        "parcel",
        "delivery",
        "logistics",
        "Hello {requester_name}, the tracking page shows where your parcel is.",
        (
            "where is my parcel",
            "the courier has not come",
            "my order was not delivered",
            "tracking shows no movement",
            "the shipment seems lost",
        ),
        (
            "the tracking number says in transit",
            "it should have come on Friday",
            "the depot knows nothing",
            "delivery was announced",
            "the courier left no card",
        ),
    ),
    Topic(
        "descale",
        "care",
        "workshop",
        "Hello {requester_name}, fill it with water and vinegar, boil, and rinse twice.",
        (
            "white flakes float in the water",
            "limescale covers the bottom",
            "how do I descale it",
            "chalk deposits inside",
            "the scale does not go away",
        ),
        (
            "vinegar did not help",
            "our water is very hard",
            "the heating takes long",
            "the filter looks white",
            "the boiling is loud",
        ),
    ),
    Topic(
        "invoice",
        "billing",
        "money",
        "Hello {requester_name}, you find every invoice as a PDF under 'Orders'.",
        (
            "I need an invoice",
            "the invoice shows the wrong address",
            "please send the receipt as PDF",
            "the VAT number is missing",
            "the invoice names the wrong company",
        ),
        (
            "for our bookkeeping",
            "the tax office asks for it",
            "our accountant needs the document",
            "for the last order",
            "with the VAT shown",
        ),
    ),
    Topic(
        "warranty",
        "care",
        "workshop",
        "Hello {requester_name}, your guarantee covers this: send us a photo and the serial number.",
        (
            "the lid hinge snapped",
            "the handle came off",
            "the switch is defective",
            "the base does not heat any more",
            "the spout cracked",
        ),
        (
            "after three months of use",
            "is that under guarantee",
            "can you repair or replace it",
            "I have the serial number",
            "does the warranty cover it",
        ),
    ),
)
CLEAR = NewTicket(
    subject="Password",
    body="Good day, I forgot my password and the reset link has expired, I cannot log in any more.",
    requester_name="Ana Perez",
)
NOVEL = NewTicket(
    subject="Trumpets", body="Do giraffes enjoy jazz concerts near volcanic islands?", requester_name="Bo"
)


def words(topic: Topic) -> list[str]:
    """25 tickets of a topic."""
    openings = ("Hi,", "Hello,", "Good day,", "Dear team,", "Hey")
    return [
        f"{openings[number % 5]} {problem} {detail}."
        for number, (problem, detail) in enumerate(product(topic.problems, topic.details))
    ]


class Company:
    """A workspace in a database file of its own, with a clock that only moves when told."""

    def __init__(
        self,
        folder: Path,
        content: bytes | None = None,
        *,
        slug: str = "acme",
        encoder: Encoder | None = None,
        clock: Clock | None = None,
        llm: Sequence[ModelProvider] = (),
        encoders: Sequence[EncoderProvider] = (),
    ) -> None:
        self.folder = folder
        path = folder / "agent.db"
        if content is not None:
            databases.write(path, content)
        existing = path.exists()
        self.clock = FrozenClock(1_700_003_600_000_000 if existing else 1_700_000_000_000_000)
        config = Config(
            home=folder,
            database_url=databases.url(path),
            workspace=slug,
            llm=tuple(llm),
            encoders=tuple(encoders),
        )
        self.runtime = build(config, clock=clock or self.clock, encoder=encoder or HashEncoder())
        self.database = self.runtime.database
        self.deps = self.runtime.deps
        if existing:
            assert self.workspace  # looked up now, so that it can be named inside transactions

    @cached_property
    def workspace(self) -> Workspace:
        return self.runtime.workspace()

    @property
    def id(self) -> str:
        return self.workspace.id

    def close(self) -> None:
        self.runtime.close()

    def publish(self, topic: Topic, status: AnswerStatus = AnswerStatus.APPROVED) -> Answer:
        new = NewAnswer(label=topic.label, body=topic.body, status=status, category=topic.category, team=topic.team)
        return publishing.save_answer(self.database, self.deps.encoder, self.id, new, author="test")

    def resolved(self, texts: Sequence[str], answer: Answer | None, category: str | None, *, days_ago: int = 0) -> None:
        """Bring in tickets that people resolved with `answer`."""
        fresh = [
            cases.NewCase(
                body=text,
                answer_id=answer.id if answer else None,
                category=category,
                priority="normal",
                language="en",
                content_hash=chunks.content_hash(text),
                resolved_at=self.clock.now() - days_ago * 86_400_000_000,
            )
            for text in texts
        ]
        workspace = self.workspace
        with self.database.write() as session:
            made = cases.add_many(session, workspace.id, fresh)
        sources = [
            chunks.Source(ChunkKind.CASE, case.id, "", case.body, category=category, answer_id=case.answer_id)
            for case in made
        ]
        prepared = chunks.prepare(self.deps.encoder, sources)
        with self.database.write() as session:
            chunks.replace(session, workspace, prepared)

    def refit(self) -> learn.Refitted:
        return learn.refit(self.deps, self.id)

    def set(self, **changes: object) -> None:
        with self.database.write() as session:
            settings.put(session, self.id, dict(changes), "test")

    def open(self, new: NewTicket) -> tuple[Ticket, str]:
        with self.database.write() as session:
            return pipeline.start(session, self.id, new)

    def runner(
        self, checkpoint: Callable[[str], None], *, max_attempts: int = 5, lease_seconds: float = 30
    ) -> Runner[Deps]:
        """A runner that reports each point it passes."""
        workflows = [TICKET_WORKFLOW, learn.REFIT_WORKFLOW]
        return Runner(
            self.database,
            self.deps,
            workflows,
            lease_seconds=lease_seconds,
            max_attempts=max_attempts,
            checkpoint=checkpoint,
        )

    def work(self) -> int:
        """Work the queue off; how many runs that took."""
        self.clock.advance(1)  # what the agent holds in memory is looked up again
        count = 0
        while self.runtime.runner.run_one():
            count += 1
        return count

    def handle(self, new: NewTicket) -> Ticket:
        """Take a ticket in and work it off."""
        ticket, _ = self.open(new)
        self.work()
        return self.ticket(ticket.id)

    def say(self, ticket_id: str, body: str, headers: dict[str, str] | None = None) -> str:
        """The customer writes again; the run's id."""
        with self.database.write() as session:
            ticket = tickets.get(session, self.id, ticket_id)
            said = tickets.add_message(
                session, self.id, ticket_id, author=tickets.Author.REQUESTER, body=body, headers=headers
            )
            return pipeline.run_again(session, ticket, trigger_id=said)

    def judge(self, ticket_id: str, **said: object) -> Feedback:
        """Somebody gives feedback."""
        self.clock.advance(1)
        with self.database.write() as session:
            return learn.give_feedback(session, self.id, ticket_id, NewFeedback.model_validate(said), "eve")

    def look(self) -> lookout.Looked:
        """The regular look at deadlines, early warnings and proofs, now."""
        self.clock.advance(1)
        return lookout.look(self.deps, self.id)

    def sample(self, ticket_id: str) -> AuditSample:
        """The audit sample of the ticket's newest decision."""
        decision_id = self.decision(ticket_id).id
        with self.database.read() as session:
            return audits.get(session, self.id, decision_id)

    def grade(self, ticket_id: str, given: str, grader: str = "ana", right_answer_id: str | None = None) -> AuditSample:
        """Somebody grades the ticket's newest decision."""
        self.clock.advance(1)
        decision_id = self.decision(ticket_id).id
        with self.database.write() as session:
            return grading.grade(session, self.id, decision_id, Grade(given), grader, right_answer_id=right_answer_id)

    def live(self, segment: str = "") -> Certificate | None:
        """The certificate that a segment's automatic replies rest on."""
        with self.database.read() as session:
            return certificates.live(session, self.id).get(segment)

    def looks(self) -> list[Certificate]:
        """Certificates and refusals, oldest first."""
        with self.database.read() as session:
            return certificates.page(session, self.id, limit=1_000)[::-1]

    def watch(self, segment: str = "") -> Watch:
        with self.database.read() as session:
            return watches.get(session, self.id, segment)

    def notices(self) -> list[Notice]:
        """Oldest first."""
        with self.database.read() as session:
            return notices.page(session, self.id, limit=1_000)[::-1]

    def ticket(self, ticket_id: str) -> Ticket:
        with self.database.read() as session:
            return tickets.get(session, self.id, ticket_id)

    def messages(self, ticket_id: str) -> list[Message]:
        with self.database.read() as session:
            return tickets.messages(session, self.id, ticket_id)

    def replies(self, ticket_id: str) -> list[str]:
        return [said.body for said in self.messages(ticket_id) if said.author == "agent" and not said.internal]

    def notes(self, ticket_id: str) -> list[str]:
        return [said.body for said in self.messages(ticket_id) if said.internal]

    def decision(self, ticket_id: str) -> StoredDecision:
        with self.database.read() as session:
            found = decisions.newest(session, self.id, ticket_id)
        assert found is not None
        return found

    def answer(self, label: str) -> Answer:
        with self.database.read() as session:
            return answers.by_labels(session, self.id, [label])[label]

    def newest_version(self) -> str:
        """The score version that learning made last, in force or not."""
        with self.database.read() as session:
            found = artefacts.find(session, self.id, DECISION)
        assert found is not None
        return found.version

    def steps(self, run_id: str) -> list[StepRecord]:
        with self.database.read() as session:
            return history.steps(session, self.id, run_id)

    def events(self, ticket_id: str = "") -> list[Event]:
        with self.database.read() as session:
            return [found for found in events.after(session, self.id, 0) if found.ticket_id == ticket_id]


def teach(company: Company) -> None:
    """Answers, history and what they teach."""
    for topic in TOPICS:
        company.resolved(words(topic), company.publish(topic), topic.category)
    company.clock.advance(1)
    company.set(max_wrong=0.1, certainty=0.8, audit_share=0.0)  # what 150 tickets can prove; no chance in tests
    company.refit()


def nothing(_company: Company) -> None:
    """A workspace that knows nothing."""


@cache
def made(fill: Callable[[Company], None]) -> bytes:
    """The database of a company that `fill` has set up."""
    with tempfile.TemporaryDirectory() as folder:
        company = Company(Path(folder))
        migrations.upgrade(company.database)
        assert company.workspace.slug == "acme"
        fill(company)
        company.close()
        return databases.read(Path(folder, "agent.db"))

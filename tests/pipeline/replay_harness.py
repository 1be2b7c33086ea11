"""A company with a past: tickets handled, its files kept; and what may happen to it afterwards."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import agent_harness
from agent_harness import CLEAR, NOVEL, TOPICS, Company, words
from sqlalchemy import func, select, update

import databases
from ticketflow.agent.replay import Replay, locate, replay
from ticketflow.db import tables
from ticketflow.db.tables import step_output
from ticketflow.domain import AnswerStatus, Stage
from ticketflow.knowledge import publishing
from ticketflow.store import certificates, watches
from ticketflow.store.answers import NewAnswer
from ticketflow.store.decisions import StoredDecision
from ticketflow.store.tickets import NewTicket
from ticketflow.store.watches import Watch

TICKETS = {
    "resolved": CLEAR,
    "novel": NOVEL,
    "machine": CLEAR.model_copy(update={"headers": {"auto-submitted": "auto-generated"}}),
    "wordless": NewTicket(subject="", body="... !!"),
    "mixed": NewTicket(subject="Order", body="My parcel never came, I want an invoice and my money back, or a lid."),
}
"""By external id."""
DATABASE = "agent.db"


@cache
def _files() -> dict[str, bytes]:
    """Database and secret of a company that has handled TICKETS."""
    with tempfile.TemporaryDirectory() as folder:
        company = Company(Path(folder), agent_harness.made(agent_harness.teach))
        for name, new in TICKETS.items():
            company.handle(new.model_copy(update={"external_id": name}))
        company.close()
        return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name != DATABASE} | {
            DATABASE: databases.read(Path(folder, DATABASE))
        }


def opened(folder: Path) -> Company:
    """The company an hour later in a folder of its own: the same secret, nothing in memory."""
    folder.mkdir()
    for name, content in _files().items():
        (databases.write if name == DATABASE else Path.write_bytes)(folder / name, content)
    company = Company(folder)
    company.clock.advance(3_600)
    return company


def made(company: Company, name: str) -> StoredDecision:
    with company.database.read() as session:
        return locate(session, company.id, name)


def replayed(company: Company, name: str) -> Replay:
    return replay(company.deps, company.id, made(company, name).id)


def differing(told: Replay) -> list[str]:
    return [f"{step.step}: {one.path}" for step in told.steps for one in step.differences]


def rows(company: Company) -> dict[str, int]:
    with company.database.read() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }


def nothing(_company: Company) -> None:
    pass


def another_refit(company: Company) -> None:
    before = company.newest_version()
    topic = TOPICS[0]
    fresh = [f"{text} My colleague has the same trouble with it." for text in words(topic)]
    company.resolved(fresh, company.answer(topic.label), topic.category)
    company.resolved([text.replace("parcel", "trumpet") for text in words(TOPICS[2])], None, "music")
    assert company.refit().in_force
    assert company.newest_version() != before


def other_answers(company: Company) -> None:
    def change(label: str, **values: Any) -> None:
        known = company.answer(label)
        publishing.change_answer(company.database, company.deps.encoder, company.id, known.id, "eve", **values)

    change("password", body="Write to the trumpet department.", category="music", team="brass")
    change("refund", status=AnswerStatus.ARCHIVED)
    change("parcel", status=AnswerStatus.DRAFT)
    new = NewAnswer(label="aardvark", body="Jazz concerts near volcanic islands are for giraffes.", status="approved")  # pyright: ignore[reportArgumentType]
    publishing.save_answer(company.database, company.deps.encoder, company.id, new, author="eve")


def other_settings(company: Company) -> None:
    company.set(
        max_wrong=0.001,
        level="assist",
        sensitive=["account"],
        novelty_share=0.6,
        category_max_wrong={"account": 0.01},
        teams={"account": "front"},
        audit_share=1.0,
        default_team="elsewhere",
    )


def ended_certificate(company: Company) -> None:
    with company.database.write() as session:
        assert certificates.end(session, company.id, None, "Somebody ended it.")


def watched(stage: Stage, segment: str = "") -> Callable[[Company], None]:
    def put(company: Company) -> None:
        with company.database.write() as session:
            watches.put(session, company.id, segment, Watch(stage=stage, reasons=["Too many were wrong."]))

    return put


def everything(company: Company) -> None:
    for change in (other_answers, ended_certificate, another_refit, other_settings, watched(Stage.RED)):
        change(company)


def tampered(company: Company, name: str, step: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a step's stored output behind the product's back."""
    where = (step_output.c.run_id == made(company, name).run_id, step_output.c.step == step)
    with company.database.write() as session:
        output = session.execute(select(step_output.c.output).where(*where)).scalar_one()
        change(output)
        session.execute(update(step_output).where(*where).values(output=output))

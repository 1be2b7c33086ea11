"""What is older than the settings keep it goes once a day; what people still grade or prove on stays."""

from collections.abc import Iterator
from pathlib import Path

import agent_harness
import pytest
from agent_harness import CLEAR, NOVEL, Company
from erase_harness import hang
from sqlalchemy import func, select

from ticketflow.agent import retaining
from ticketflow.agent.changing import change_settings
from ticketflow.clock import DAY, SECOND
from ticketflow.db.tables import attachment, attachment_part, event, run, step_output, ticket
from ticketflow.store import tickets


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    opened = Company(tmp_path, agent_harness.made(agent_harness.teach))
    opened.set(refit_after=1_000_000)
    yield opened
    opened.close()


def keep(company: Company, **days: int) -> None:
    """Change the settings as a person does."""
    with company.database.write() as session:
        change_settings(session, company.id, dict(days), "eve")


def pass_days(company: Company, days: int) -> None:
    company.clock.advance(days * DAY / SECOND)
    company.work()


def count(company: Company, table: object) -> int:
    with company.database.read() as session:
        return int(session.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def ids(company: Company) -> set[str]:
    with company.database.read() as session:
        return set(session.execute(select(ticket.c.id)).scalars())


def test_tickets_that_are_done_go_after_their_days_and_others_stay(company: Company) -> None:
    done = company.handle(CLEAR)
    waiting = company.handle(NOVEL)
    hang(company, waiting.id, 1)
    assert (done.status, waiting.status) == ("resolved", "escalated")
    keep(company, retain_tickets_days=30)
    company.work()
    assert ids(company) == {done.id, waiting.id}
    pass_days(company, 29)
    assert ids(company) == {done.id, waiting.id}
    pass_days(company, 2)
    assert ids(company) == {waiting.id}
    (told,) = (one for one in company.events() if one.type == "data.erased")
    assert (told.data["counts"], told.data["reason"]) == ({"tickets": 1}, "retention")


def test_a_ticket_whose_audit_is_open_stays_until_it_is_graded(company: Company) -> None:
    company.set(audit_share=1.0, audit_days=60)
    done = company.handle(CLEAR)
    keep(company, retain_tickets_days=1)
    pass_days(company, 3)
    assert ids(company) == {done.id}
    company.grade(done.id, "right")
    if company.sample(done.id).state == "second":
        company.grade(done.id, "right", grader="bo")
    pass_days(company, 3)
    assert ids(company) == set()


def test_steps_go_but_those_that_a_candidate_is_proven_on(company: Company) -> None:
    company.set(audit_share=1.0)
    drawn = company.handle(CLEAR)
    company.set(audit_share=0.0)
    plain = company.handle(CLEAR)
    keep(company, retain_steps_days=7)
    pass_days(company, 8)
    held = select(run.c.ticket_id).join(step_output, step_output.c.run_id == run.c.id)
    with company.database.read() as session:
        found = set(session.execute(held.where(run.c.workflow == "ticket")).scalars())
    assert found == {drawn.id}
    assert ids(company) == {drawn.id, plain.id}
    company.judge(plain.id, kind="wrong", note="it can still be said")
    company.judge(plain.id, kind="right")


def test_attachments_and_events_go_by_their_age(company: Company) -> None:
    opened = company.handle(NOVEL)
    hang(company, opened.id, 1)
    keep(company, retain_attachments_days=10, retain_events_days=10)
    last = max(one.seq for one in company.events(opened.id))
    pass_days(company, 11)
    assert (count(company, attachment), count(company, attachment_part)) == (0, 0)
    with company.database.read() as session:
        seqs = list(session.execute(select(event.c.seq).order_by(event.c.seq)).scalars())
        assert tickets.get(session, company.id, opened.id).status == "escalated"
    assert seqs[0] > last
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_the_run_comes_once_a_day_while_a_setting_asks_for_it(company: Company) -> None:
    keep(company, retain_events_days=10)
    keep(company, retain_steps_days=10)
    for _ in range(4):
        pass_days(company, 1)

    def days() -> int:
        with company.database.read() as session:
            mine = (run.c.workflow == retaining.RETAIN, run.c.state == "succeeded")
            return int(session.execute(select(func.count()).select_from(run).where(*mine)).scalar_one())

    assert days() == 4
    with company.database.write() as session:
        change_settings(session, company.id, {"retain_events_days": None, "retain_steps_days": None}, "eve")
    for _ in range(3):
        pass_days(company, 1)
    assert days() == 5

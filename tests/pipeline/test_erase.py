"""An erased customer: nothing of them is in any file, what counts without them stays, and the log has no gap."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import agent_harness
import pytest
from agent_harness import CLEAR, Company
from erase_harness import CORE, EMAIL, MARK, erase, imported, marked, plant, traces
from sqlalchemy import func, select

import databases
from ticketflow.agent import erasing
from ticketflow.db.tables import audit_sample, daily_metric, event, feedback, metadata
from ticketflow.erasure import finding
from ticketflow.errors import NotFound
from ticketflow.store import idempotency
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow import history


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    opened = Company(tmp_path, agent_harness.made(agent_harness.teach))
    opened.set(audit_share=1.0, refit_after=1_000_000)
    yield opened
    opened.close()


def stored(company: Company) -> dict[str, str]:
    """Everything in the database, by table."""
    with company.database.read() as session:
        return {table.name: repr(session.execute(select(table)).all()) for table in metadata.sorted_tables}


def test_nothing_of_an_erased_customer_is_left_in_any_table_or_file(company: Company, tmp_path: Path) -> None:
    kept = company.handle(CLEAR)
    imported(company)
    ids = plant(company, 2)
    different = marked(7).model_copy(update={"requester_email": "other@example.org", "external_id": None})
    other = company.handle(different).id
    holding = {name for name, content in stored(company).items() if MARK in content}
    expected = {"ticket", "message", "ticket_tag", "attachment", "attachment_part", "chunk", "case", "step_output"}
    expected |= {"run", "event", "feedback", "audit_log", "idempotency", "intake_item", "webhook_delivery", "artefact"}
    assert holding >= expected
    with company.database.write() as session:  # the other customer's ticket has the mark as well: it goes by its id
        found = erasing.find(session, company.id, EMAIL, other)
        erasing.begin(session, company.id, found, "eve")
    company.work()
    assert {name for name, content in stored(company).items() if CORE in content.lower()} == set()
    if databases.SERVER is None:
        assert traces(tmp_path) == []
    assert company.ticket(kept.id).status == "resolved"
    for ticket_id in [*ids, other]:
        with pytest.raises(NotFound):
            company.ticket(ticket_id)


def test_numbers_without_a_person_stay_and_the_log_has_no_gap(company: Company) -> None:
    ids = plant(company, 1)

    def numbers() -> tuple[list[int], int, list[Any], list[Any]]:
        with company.database.read() as session:
            seqs = list(session.execute(select(event.c.seq).order_by(event.c.seq)).scalars())
            days = session.execute(select(func.count()).where(daily_metric.c.name == "automatic replies")).scalar_one()
            said = list(session.execute(select(feedback.c.kind, feedback.c.note)))
            graded = list(session.execute(select(audit_sample.c.grade, audit_sample.c.note)))
            return seqs, days, said, graded

    before = numbers()
    run_id = erase(company)
    company.work()
    after = numbers()
    assert before[1] == after[1]
    assert [tuple(row) for row in after[2]] == [("right", "")]
    assert "" in {row.note for row in after[3]}
    seqs = after[0]
    assert seqs == list(range(1, len(seqs) + 1))
    (told,) = (one for one in company.events() if one.type == "data.erased")
    assert told.data["run_id"] == run_id
    assert told.data["counts"]["tickets"] == 1
    assert told.data["counts"]["messages"] >= 4
    assert company.events(ids[0])
    assert all(one.data == {} for one in company.events(ids[0]))


def test_a_sample_that_nobody_can_grade_any_more_counts_as_wrong(company: Company) -> None:
    ticket = company.handle(marked(1))
    decision_id = company.decision(ticket.id).id
    erase(company)
    company.work()
    assert company.look().overdue == 1
    with company.database.read() as session:
        row = session.execute(select(audit_sample).where(audit_sample.c.decision_id == decision_id)).one()
    assert (row.state, row.wrong) == ("overdue", True)


def test_a_repeated_request_hears_that_its_ticket_is_gone(company: Company) -> None:
    plant(company, 1)
    erase(company)
    company.work()
    with company.database.write() as session:
        again = idempotency.begin(session, company.id, "key", "k0", "0" * 64)
    assert again is not None
    assert again.status == 404
    assert b"erased" in again.body


def test_what_other_tickets_quote_of_an_erased_case_goes(company: Company, tmp_path: Path) -> None:
    imported(company)
    quoting = company.handle(NewTicket(subject="Regards", body="Regards, how can I reach you? Reach me soon."))
    assert any(MARK in note for note in company.notes(quoting.id)), "the note quotes the customer's case"
    assert MARK in repr(company.steps(company.decision(quoting.id).run_id))
    erase(company)
    company.work()
    assert [MARK in note for note in company.notes(quoting.id)] == [False]
    assert MARK not in repr(stored(company))
    if databases.SERVER is None:
        assert traces(tmp_path) == []


def test_a_run_under_way_on_an_erased_ticket_comes_to_nothing(company: Company) -> None:
    ticket, run_id = company.open(marked(1))

    def erase_now(point: str) -> None:
        if point == "before_commit:execute":
            with company.database.write() as session:
                found = erasing.find(session, company.id, None, ticket.id)
                erasing.begin(session, company.id, found, "eve")
            company.runtime.runner.run_one([erasing.ERASE])

    assert company.runner(erase_now).run_one()
    with company.database.read() as session, pytest.raises(NotFound):
        history.get(session, company.id, run_id)
    assert MARK not in repr(stored(company))


def test_other_processes_forget_the_vectors_of_erased_texts(company: Company, tmp_path: Path) -> None:
    other = Company(tmp_path, clock=company.clock)
    company.handle(marked(1))
    other.deps.encoder.encode(["remembered"])
    asked = other.runtime.given_encoder.encoded  # type: ignore[union-attr]
    erase(company)
    company.work()
    company.clock.advance(1)
    other.deps.encoder.encode(["remembered"])
    assert other.runtime.given_encoder.encoded == asked + 1  # type: ignore[union-attr]
    other.close()


def test_an_address_is_found_whatever_its_capitals_and_a_dry_look_changes_nothing(company: Company) -> None:
    plant(company, 1)
    imported(company)
    before = stored(company)
    with company.database.read() as session:
        found = erasing.find(session, company.id, f" {EMAIL.swapcase()} ", None)
        counts = finding.counted(session, company.id, found)
    assert (counts["tickets"], counts["cases"], counts["attachments"], counts["feedback"]) == (1, 2, 1, 1)
    assert stored(company) == before

"""What the agent may do: nothing, watch without a trace, assist, reply; and everything that stops a reply."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from agent_harness import CLEAR, NOVEL, Company
from sqlalchemy import select

from ticketflow.agent import desk
from ticketflow.agent.pipeline import TICKET_WORKFLOW
from ticketflow.db import tables
from ticketflow.domain import Action, Level, TicketStatus
from ticketflow.store import certificates, tickets
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow import history

Rows = dict[str, dict[str, dict[str, Any]]]
"""Every row of the database by table and key."""

AWAY = {"version", "updated_at"}
"""What moving a ticket to `processing` and back changes of it."""
PARCEL = NewTicket(body="Good day, where is my parcel? The courier has not come, tracking shows no movement.")


def snapshot(company: Company) -> Rows:
    found: Rows = {}
    with company.database.read() as session:
        for table in tables.metadata.sorted_tables:
            keys = [column.name for column in table.primary_key]
            rows = [dict(row) for row in session.execute(select(table)).mappings()]
            found[table.name] = {json.dumps([row[key] for key in keys]): row for row in rows}
    return found


def added(before: Rows, after: Rows) -> dict[str, list[dict[str, Any]]]:
    """New rows by table. No row may have gone."""
    assert all(set(before[name]) <= set(after[name]) for name in before)
    fresh = {name: [row for key, row in after[name].items() if key not in before[name]] for name in after}
    return {name: rows for name, rows in fresh.items() if rows}


def changed(before: Rows, after: Rows) -> set[str]:
    """Tables of which a row is another than before."""
    return {name for name in before if any(after[name][key] != row for key, row in before[name].items())}


@pytest.fixture
def settled(company: Company) -> Company:
    """A company where all that is done once only is done, and every ticket is audited."""
    company.handle(PARCEL)
    company.set(audit_share=1.0)
    return company


@pytest.mark.parametrize("new", [CLEAR, NOVEL], ids=["clear", "novel"])
def test_shadow_decides_and_leaves_no_trace(settled: Company, new: NewTicket) -> None:
    settled.set(level="shadow")
    with settled.database.write() as session:
        untouched = tickets.add(session, settled.id, new)  # what the ticket would be without the agent
    before = snapshot(settled)
    ticket = settled.handle(new)
    after = snapshot(settled)

    assert changed(before, after) <= {"chunk_counter", "event_seq"}
    fresh = added(before, after)
    assert set(fresh) == {
        "ticket", "message", "run", "step_output", "decision", "audit_sample", "event", "chunk",
    }  # fmt: skip
    assert [row["type"] for row in fresh["event"]] == ["ticket.created", "decision.shadowed"]
    assert [(row["kind"], row["source_id"], row["status"], row["category"]) for row in fresh["chunk"]] == [
        (4, ticket.id, "new", None)
    ]
    assert [row["author"] for row in fresh["message"]] == ["requester"]
    kept = AWAY | {"id", "created_at"}
    assert ticket.model_dump(exclude=kept) == untouched.model_dump(exclude=kept)

    decision = settled.decision(ticket.id).decision
    assert decision.level is Level.SHADOW
    assert decision.action is (Action.RESOLVE if new is CLEAR else Action.ESCALATE), "what it would have done"
    assert settled.sample(ticket.id).automatic == (new is CLEAR)


@pytest.mark.parametrize("new", [CLEAR, NOVEL], ids=["clear", "novel"])
def test_off_indexes_the_ticket_and_does_nothing_else(settled: Company, new: NewTicket) -> None:
    settled.set(level="off")
    before = snapshot(settled)
    ticket = settled.handle(new)
    after = snapshot(settled)
    assert changed(before, after) <= {"chunk_counter", "event_seq"}
    fresh = added(before, after)
    assert set(fresh) == {"ticket", "message", "run", "step_output", "event", "chunk"}
    assert [row["type"] for row in fresh["event"]] == ["ticket.created"]
    assert ticket.status is TicketStatus.NEW
    assert (ticket.category, ticket.team, ticket.language) == (None, None, None)


@pytest.mark.parametrize("level", ["off", "shadow"])
@pytest.mark.parametrize("status", [TicketStatus.WAITING, TicketStatus.ESCALATED, TicketStatus.RESOLVED])
def test_a_later_message_leaves_the_ticket_where_it_was(company: Company, level: str, status: TicketStatus) -> None:
    ticket = company.handle(NOVEL)
    with company.database.write() as session:
        desk.move(session, company.id, ticket.id, status, team="brass", assignee="eve")
    company.set(level=level)
    before, told = company.ticket(ticket.id), company.messages(ticket.id)
    company.say(ticket.id, CLEAR.body)
    assert company.ticket(ticket.id).status is TicketStatus.PROCESSING
    company.work()
    assert company.ticket(ticket.id).model_dump(exclude=AWAY) == before.model_dump(exclude=AWAY)
    assert len(company.messages(ticket.id)) == len(told) + 1, "what the customer said"


def test_two_messages_at_once_in_shadow_bring_the_status_back_all_the_same(company: Company) -> None:
    ticket = company.handle(NOVEL)
    assert ticket.status is TicketStatus.ESCALATED
    company.set(level="shadow")
    company.say(ticket.id, "Hello?")
    company.clock.advance(1)
    company.say(ticket.id, "Anybody there?")
    company.work()
    assert company.ticket(ticket.id).status is TicketStatus.ESCALATED


@pytest.mark.parametrize("level", ["off", "shadow"])
def test_a_run_that_fails_in_shadow_leaves_no_trace_either(company: Company, level: str) -> None:
    company.set(level=level)
    ticket, run_id = company.open(CLEAR)
    with company.database.write() as session:
        run = history.get(session, company.id, run_id)
        TICKET_WORKFLOW.give_up(company.deps, session, run, "no memory")
    assert company.ticket(ticket.id).status is TicketStatus.NEW
    assert company.ticket(ticket.id).team is None
    assert company.notes(ticket.id) == []
    assert [event.type for event in company.events(ticket.id)] == ["ticket.created"]


def test_one_category_alone_in_shadow(company: Company) -> None:
    company.set(levels={"account": "shadow"})
    watched, helped = company.handle(CLEAR), company.handle(PARCEL)
    assert company.decision(watched.id).decision.level is Level.SHADOW
    assert watched.status is TicketStatus.NEW
    assert len(company.messages(watched.id)) == 1
    assert helped.status is TicketStatus.ESCALATED
    assert len(company.notes(helped.id)) == 1


def test_assist_proposes_and_a_person_replies(company: Company) -> None:
    company.set(level="assist")
    ticket = company.handle(CLEAR)
    assert ticket.status is TicketStatus.ESCALATED
    assert company.replies(ticket.id) == []
    (note,) = company.notes(ticket.id)
    assert "a person sends the reply" in note
    assert "Proposed answer: password" in note
    assert company.answer("password").used == 0


def test_a_category_is_never_given_more_than_the_workspace(company: Company) -> None:
    company.set(level="assist", levels={"account": "auto"})
    assert company.decision(company.handle(CLEAR).id).decision.level is Level.ASSIST


def test_without_a_live_certificate_a_person_replies(company: Company) -> None:
    assert company.handle(CLEAR).status is TicketStatus.RESOLVED
    with company.database.write() as session:
        certificates.end(session, company.id, None, "Somebody ended it.")
    ticket = company.handle(CLEAR)
    assert ticket.status is TicketStatus.ESCALATED
    assert company.decision(ticket.id).decision.threshold is None


def halted(company: Company, ticket: NewTicket, change: Any) -> str:
    """The note on a ticket when `change` happens after the decision and before it takes effect."""
    opened, _ = company.open(ticket)
    company.clock.advance(1)
    company.runner(lambda point: change() if point == "computed:decide" else None).run_one()
    assert company.decision(opened.id).decision.action is Action.RESOLVE
    assert company.replies(opened.id) == []
    assert company.ticket(opened.id).status is TicketStatus.ESCALATED
    (note,) = company.notes(opened.id)
    return note


def end_certificate(company: Company) -> None:
    with company.database.write() as session:
        certificates.end(session, company.id, None, "Somebody ended it.")


def test_the_kill_switch_stops_a_reply_under_way(company: Company) -> None:
    assert "Automation was switched off." in halted(company, CLEAR, lambda: company.set(automation=False))


def test_a_lower_level_stops_a_reply_under_way(company: Company) -> None:
    assert "Automation was switched off." in halted(company, CLEAR, lambda: company.set(level="assist"))


def test_a_certificate_that_ends_stops_a_reply_under_way(company: Company) -> None:
    note = halted(company, CLEAR, lambda: end_certificate(company))
    assert "The certificate behind the decision has ended." in note


@pytest.fixture
def elsewhere(company: Company) -> Iterator[Company]:
    """Another process on the same database."""
    opened = Company(company.folder, clock=company.clock)
    yield opened
    opened.close()


def test_the_kill_switch_acts_from_another_process_at_once(company: Company, elsewhere: Company) -> None:
    assert company.handle(CLEAR).status is TicketStatus.RESOLVED  # what is known is held in memory from here on
    elsewhere.set(automation=False)
    ticket, _ = company.open(CLEAR)
    assert company.runtime.runner.run_one(["ticket"])  # not a microsecond has passed
    assert company.replies(ticket.id) == []
    assert company.ticket(ticket.id).status is TicketStatus.ESCALATED
    later = company.handle(CLEAR)  # a second later the decision knows it, too
    assert "Automation is switched off." in company.decision(later.id).decision.reasons
    elsewhere.set(automation=True)
    assert company.handle(CLEAR).status is TicketStatus.RESOLVED


@pytest.mark.parametrize("name", ["account", "Account", "ACCOUNT"])
def test_a_sensitive_category_is_never_answered(company: Company, name: str) -> None:
    company.set(sensitive=[name])
    ticket = company.handle(CLEAR)
    assert company.replies(ticket.id) == []
    assert "'account' is a sensitive category." in company.decision(ticket.id).decision.reasons


def test_a_sensitive_category_needs_a_share_and_a_certificate_of_its_own(company: Company) -> None:
    general = company.live()
    assert general is not None
    company.set(sensitive=["account"], category_max_wrong={"account": 0.1})
    ticket = company.handle(CLEAR)
    assert company.replies(ticket.id) == []
    decision = company.decision(ticket.id).decision
    assert (decision.segment, decision.certificate_id) == ("account", None)
    with company.database.write() as session:
        own = certificates.NewCertificate.model_validate(
            general.model_dump(include=set(certificates.NewCertificate.model_fields))
            | {"segment": "account", "excluded": []}
        )
        certificates.add(session, company.id, own, live=True)
    ticket = company.handle(CLEAR)
    assert len(company.replies(ticket.id)) == 1
    assert company.decision(ticket.id).decision.segment == "account"


def test_the_days_cap_counts_replies_and_begins_anew_each_day(company: Company) -> None:
    company.set(max_replies_per_day=2)
    statuses = [company.handle(new).status for new in (CLEAR, NOVEL, CLEAR, CLEAR)]
    assert statuses == ["resolved", "escalated", "resolved", "escalated"]
    company.clock.advance(86_400)
    assert company.handle(CLEAR).status is TicketStatus.RESOLVED


def test_the_days_cap_is_told_in_the_note(company: Company) -> None:
    company.set(max_replies_per_day=0)
    (note,) = company.notes(company.handle(CLEAR).id)
    assert "The day's limit of 0 automatic replies is reached." in note


def test_a_ticket_gets_so_many_replies_and_then_a_person(company: Company) -> None:
    company.set(max_replies_per_ticket=1)
    ticket = company.handle(CLEAR)
    company.say(ticket.id, PARCEL.body)
    company.work()
    assert len(company.replies(ticket.id)) == 1
    assert "a person goes on" in company.notes(ticket.id)[-1]
    with company.database.write() as session:
        tickets.add_message(session, company.id, ticket.id, author=tickets.Author.AGENT, body="x", internal=True)
    other = company.handle(NOVEL)  # notes are no replies
    company.say(other.id, PARCEL.body)
    company.work()
    assert len(company.replies(other.id)) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"max_wrong": 0.05}, "certificate allows"),
        ({"certainty": 0.9}, "certificate allows"),
        ({"sensitive": ["music"]}, "which categories the agent answers"),
        ({"levels": {"billing": "assist"}}, "which categories the agent answers"),
        ({"max_wrong": 0.0}, "max_wrong"),
    ],
)
def test_a_certificate_that_promises_less_than_is_asked_carries_nothing(
    company: Company, changes: dict[str, Any], told: str
) -> None:
    company.set(**changes)
    ticket = company.handle(CLEAR)
    assert ticket.status is TicketStatus.ESCALATED
    assert any(told in reason for reason in company.decision(ticket.id).decision.reasons)


def test_a_certificate_that_promises_more_than_is_asked_serves(company: Company) -> None:
    company.set(max_wrong=0.2, certainty=0.7)
    assert company.handle(CLEAR).status is TicketStatus.RESOLVED


def test_one_address_gets_so_many_replies_a_day_over_all_its_tickets(company: Company) -> None:
    company.set(max_replies_per_requester=2)

    def asks(address: str | None) -> TicketStatus:
        return company.handle(PARCEL.model_copy(update={"requester_email": address})).status

    assert [asks("loop@machine.example") for _ in range(2)] == [TicketStatus.RESOLVED] * 2
    assert asks("LOOP@machine.example") is TicketStatus.ESCALATED
    assert asks("person@home.example") is TicketStatus.RESOLVED
    assert [asks(None) for _ in range(3)] == [TicketStatus.RESOLVED] * 3, "without an address nobody can be told apart"
    company.clock.advance(86_400)
    assert asks("loop@machine.example") is TicketStatus.RESOLVED

"""What people do to a ticket while the agent is at work on it, and what the agent's own background runs do."""

from collections.abc import Callable

import pytest
from agent_harness import CLEAR, Company
from sqlalchemy import select

from ticketflow.agent import closing, desk, handling, merging, snoozing, speaking
from ticketflow.agent.pipeline import TICKET_WORKFLOW
from ticketflow.agent.speaking import Said
from ticketflow.clock import DAY, SECOND
from ticketflow.db.tables import chunk
from ticketflow.domain import Author, ChunkKind, TicketStatus
from ticketflow.errors import Conflict, InvalidInput
from ticketflow.store import links, ticket_lists, tickets
from ticketflow.store.links import LinkKind
from ticketflow.store.ticket_lists import Wanted
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow import history
from ticketflow.workflow.queue import RunState

MORE = "I forgot my password again, the reset link has expired and I cannot log in."


def say(company: Company, ticket_id: str, body: str = MORE, author: Author = Author.REQUESTER) -> speaking.Spoken:
    company.clock.advance(1)
    with company.database.write() as session:
        return speaking.say(session, company.id, ticket_id, Said(author=author, body=body))


def people(company: Company, ticket_id: str, **wanted: object) -> tickets.Ticket:
    company.clock.advance(1)
    with company.database.write() as session:
        return handling.change_ticket(session, company.id, ticket_id, wanted, "eve")


def merged(company: Company, ticket_id: str, into: str) -> None:
    company.clock.advance(1)
    with company.database.write() as session:
        merging.merge(session, company.id, ticket_id, into, "eve")


def snoozed(company: Company, ticket_id: str, seconds: float = 3_600) -> int:
    with company.database.write() as session:
        until = session.now + round(seconds * SECOND)
        snoozing.snooze(session, company.id, ticket_id, until, "eve")
    return until


def types(company: Company, ticket_id: str) -> list[str]:
    return [event.type for event in company.events(ticket_id)]


def interrupted(company: Company, meanwhile: Callable[[str], object], at: str = "computed:decide") -> tickets.Ticket:
    """A ticket that would be answered automatically, and what somebody does to it just before."""
    ticket, _ = company.open(CLEAR)
    company.clock.advance(1)

    def interfere(point: str) -> None:
        if point == at:
            meanwhile(ticket.id)

    company.runner(interfere).run_one()
    return company.ticket(ticket.id)


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_an_old_run_does_nothing_to_a_ticket_that_people_ended(company: Company, status: str) -> None:
    after = interrupted(company, lambda ticket_id: people(company, ticket_id, status=status))
    assert company.decision(after.id).decision.action == "resolve", "it would have been answered"
    assert after.status == status
    assert [said.author for said in company.messages(after.id)] == [Author.REQUESTER], "no reply and no note"
    assert types(company, after.id)[-2:] == [f"ticket.{status}", "decision.made"]
    assert company.answer("password").used == 0


def test_an_old_run_of_a_merged_ticket_is_cancelled_and_has_no_effect(company: Company) -> None:
    other = company.handle(NewTicket(subject="Trumpets", body="Do giraffes enjoy jazz concerts?"))
    after = interrupted(company, lambda ticket_id: merged(company, ticket_id, other.id))
    assert (after.status, after.merged_into) == (TicketStatus.CLOSED, other.id)
    with company.database.read() as session:
        assert [run.state for run in history.of_ticket(session, company.id, after.id)] == [RunState.CANCELLED]
    assert [said.author for said in company.messages(after.id)] == [Author.REQUESTER]


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        (lambda company, one: snoozed(company, one), "Somebody put the ticket aside until later."),
        (lambda company, one: say(company, one, "We look.", Author.USER), "The ticket changed while the agent"),
        (lambda company, one: people(company, one, status="waiting"), "The ticket changed while the agent"),
    ],
    ids=["snoozed", "replied", "waiting"],
)
def test_an_old_run_hands_over_what_people_have_in_hand(
    company: Company, meanwhile: Callable[[Company, str], object], told: str
) -> None:
    after = interrupted(company, lambda ticket_id: meanwhile(company, ticket_id))
    assert company.decision(after.id).decision.action == "resolve"
    assert company.replies(after.id) == []
    assert company.notes(after.id)[0].startswith(f"Handed over: {told}")
    assert after.status is TicketStatus.ESCALATED


def test_what_people_set_meanwhile_stands(company: Company) -> None:
    after = interrupted(company, lambda one: people(company, one, team="board", category="vip", assignee="ines"))
    assert (after.team, after.category, after.assignee) == ("board", "vip", "ines")
    assert (after.status, company.replies(after.id)) == (TicketStatus.ESCALATED, [])


def test_a_run_that_fails_leaves_no_trace_on_a_ticket_that_is_done(company: Company) -> None:
    ticket, run_id = company.open(CLEAR)
    people(company, ticket.id, status="closed")
    with company.database.write() as session:
        run = history.get(session, company.id, run_id)
        TICKET_WORKFLOW.give_up(company.deps, session, run, "no memory")
    assert (company.ticket(ticket.id).status, company.notes(ticket.id)) == (TicketStatus.CLOSED, [])


def test_a_customers_word_on_a_resolved_ticket_reopens_it_and_the_agent_looks_again(company: Company) -> None:
    ticket = company.handle(CLEAR)
    assert (ticket.status, ticket.resolved_at) == (TicketStatus.RESOLVED, company.clock.now())
    spoken = say(company, ticket.id)
    assert types(company, ticket.id)[-2:] == ["message.added", "ticket.reopened"]
    now = company.ticket(ticket.id)
    assert (now.status, now.resolved_at) == (TicketStatus.PROCESSING, None)
    company.work()
    after = company.ticket(ticket.id)
    assert (after.status, after.resolved_at) == (TicketStatus.RESOLVED, company.clock.now())
    assert len(company.replies(ticket.id)) == 2
    assert spoken.run_id is not None


@pytest.mark.parametrize("level", ["off", "shadow"])
def test_below_assist_it_stays_reopened_for_a_human(company: Company, level: str) -> None:
    ticket = company.handle(CLEAR)
    company.set(level=level)
    say(company, ticket.id)
    company.work()
    assert company.ticket(ticket.id).status is TicketStatus.REOPENED


def test_a_word_on_a_closed_ticket_opens_a_follow_up(company: Company) -> None:
    ticket = company.handle(CLEAR.model_copy(update={"requester_email": "ana@example.org", "tags": ["vip"]}))
    people(company, ticket.id, status="closed")
    spoken = say(company, ticket.id)
    assert spoken.ticket_id != ticket.id
    follow_up = company.ticket(spoken.ticket_id)
    assert (follow_up.subject, follow_up.requester_email, follow_up.tags) == ("Password", "ana@example.org", ["vip"])
    assert company.ticket(ticket.id).status is TicketStatus.CLOSED
    assert types(company, ticket.id)[-1] == "ticket.continued"
    with company.database.read() as session:
        (there,) = links.of_ticket(session, company.id, ticket.id)
        (back,) = links.of_ticket(session, company.id, follow_up.id)
    assert (there.other_id, there.kind) == (follow_up.id, LinkKind.FOLLOW_UP)
    assert (back.other_id, back.kind) == (ticket.id, LinkKind.FOLLOWS)
    company.work()
    assert len(company.replies(follow_up.id)) == 1


def test_or_reopens_it_where_the_settings_say_so(company: Company) -> None:
    company.set(after_closing="reopen")
    ticket = company.handle(CLEAR)
    people(company, ticket.id, status="closed")
    assert say(company, ticket.id).ticket_id == ticket.id
    company.work()
    assert company.ticket(ticket.id).status is TicketStatus.RESOLVED
    assert "ticket.reopened" in types(company, ticket.id)


def test_a_human_replies_to_no_closed_ticket_and_may_still_note_something(company: Company) -> None:
    ticket = company.handle(CLEAR)
    people(company, ticket.id, status="closed")
    with pytest.raises(Conflict, match="closed"):
        say(company, ticket.id, "One more thing.", Author.USER)
    with company.database.write() as session:
        speaking.say(session, company.id, ticket.id, Said(author=Author.USER, body="He called.", internal=True))
    assert company.notes(ticket.id) == ["He called."]


def test_a_merged_ticket_goes_on_in_the_other_one(company: Company) -> None:
    company.set(level="assist")
    one, two, three = (company.handle(CLEAR.model_copy(update={"subject": name})) for name in ("one", "two", "three"))
    merged(company, one.id, two.id)
    merged(company, two.id, three.id)
    with company.database.read() as session:
        assert tickets.family(session, company.id, three.id) == [three.id, two.id, one.id]
        said = tickets.conversation(session, company.id, three.id)
    assert [message.id for message in said] == sorted(message.id for message in said)
    assert {message.ticket_id for message in said} == {one.id, two.id, three.id}
    assert say(company, one.id).ticket_id == three.id, "what the customer writes goes to where it goes on"
    assert company.messages(three.id)[-1].body == MORE
    assert types(company, one.id)[-1] == "ticket.merged"
    for ticket_id, into in ((one.id, three.id), (three.id, two.id), (three.id, three.id)):
        with pytest.raises(Conflict):
            merged(company, ticket_id, into)
    for refused in (lambda: people(company, one.id, team="x"), lambda: snoozed(company, one.id)):
        with pytest.raises(Conflict, match="merged into"):
            refused()
    with pytest.raises(Conflict, match="merged into"):
        say(company, one.id, "a reply", Author.USER)
    company.judge(one.id, kind="reopened")
    assert company.ticket(one.id).status is TicketStatus.CLOSED, "a complaint counts, and opens nothing"


def test_the_agent_reads_what_was_merged_with_what_is_asked(company: Company) -> None:
    company.set(level="assist")
    one, two = company.handle(CLEAR), company.handle(NewTicket(body="Do giraffes enjoy jazz concerts?"))
    merged(company, one.id, two.id)
    spoken = say(company, one.id, "And where is my parcel?")
    with company.database.read() as session:
        words = history.get(session, company.id, spoken.run_id or "").payload["words"]
    assert CLEAR.body in words
    assert "jazz concerts" in words
    assert "parcel" in words


def test_merging_stops_an_automatic_reply_in_the_ticket_that_stays(company: Company) -> None:
    other = company.handle(NewTicket(body="Do giraffes enjoy jazz concerts?"))
    after = interrupted(company, lambda one: merged(company, other.id, one))
    assert company.replies(after.id) == []
    assert after.status is TicketStatus.ESCALATED


def test_a_snoozed_ticket_wakes_at_its_time_by_a_run(company: Company) -> None:
    company.set(level="assist")
    ticket = company.handle(CLEAR)
    until = snoozed(company, ticket.id)
    assert company.ticket(ticket.id).snoozed_until == until
    with company.database.read() as session:
        assert [one.id for one in ticket_lists.page(session, company.id, Wanted(snoozed=True))] == [ticket.id]
    assert company.work() == 0
    company.clock.advance(3_600)
    assert company.work() == 1
    assert company.ticket(ticket.id).snoozed_until is None
    (woken,) = [event for event in company.events(ticket.id) if event.type == "ticket.woken"]
    assert woken.data == {"because": "time"}


def test_one_that_sleeps_longer_or_woke_before_is_not_woken_by_an_old_run(company: Company) -> None:
    company.set(level="assist")
    longer, early = company.handle(CLEAR), company.handle(CLEAR)
    for ticket in (longer, early):
        snoozed(company, ticket.id)
    until = snoozed(company, longer.id, 7_200)
    with company.database.write() as session:
        snoozing.unsnooze(session, company.id, early.id, "eve")
    company.clock.advance(3_600)
    assert company.work() == 2
    assert company.ticket(longer.id).snoozed_until == until
    assert types(company, longer.id).count("ticket.woken") == 0
    assert types(company, early.id).count("ticket.woken") == 1


def test_a_customers_word_wakes_it_and_whoever_ends_it_does_too(company: Company) -> None:
    company.set(level="assist")
    one, two = company.handle(CLEAR), company.handle(CLEAR)
    for ticket in (one, two):
        snoozed(company, ticket.id)
    say(company, one.id)
    assert company.ticket(one.id).snoozed_until is None
    assert people(company, two.id, status="resolved").snoozed_until is None
    with pytest.raises(Conflict, match="nothing to come back to"):
        snoozed(company, two.id)
    for seconds in (0, -5, 2_000 * DAY / SECOND):
        with pytest.raises(InvalidInput, match="within the five years"):
            snoozed(company, one.id, seconds)


def test_what_is_resolved_for_long_is_closed_by_a_run_of_its_day(company: Company) -> None:
    early = company.handle(CLEAR)
    company.clock.advance(3 * DAY / SECOND)
    company.work()
    late = company.handle(CLEAR)
    company.clock.advance(10 * DAY / SECOND)
    company.work()
    assert company.ticket(early.id).status is TicketStatus.RESOLVED, "thirteen days are not fourteen"
    company.clock.advance(2 * DAY / SECOND)
    company.work()
    after = company.ticket(early.id)
    assert (after.status, after.resolved_at) == (TicketStatus.CLOSED, early.resolved_at)
    assert types(company, early.id)[-1] == "ticket.closed"
    assert company.ticket(late.id).status is TicketStatus.RESOLVED
    company.clock.advance(3 * DAY / SECOND)
    company.work()
    assert company.ticket(late.id).status is TicketStatus.CLOSED
    company.clock.advance(30 * DAY / SECOND)
    assert company.work() == 0, "where nothing is resolved, nothing looks"


def test_nothing_is_closed_where_the_setting_is_none(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    company.set(close_after_days=None)
    ticket = company.handle(CLEAR)
    company.clock.advance(100 * DAY / SECOND)
    company.work()
    assert company.ticket(ticket.id).status is TicketStatus.RESOLVED
    monkeypatch.setattr(closing, "BATCH", 1)
    company.handle(CLEAR)
    company.set(close_after_days=1)
    with company.database.write() as session:
        closing.schedule(session, company.id)
    company.clock.advance(2 * DAY / SECOND)
    company.work()
    with company.database.read() as session:
        assert tickets.count_by_status(session, company.id) == {"closed": 2}


def test_search_knows_the_status_that_people_gave(company: Company) -> None:
    ticket = company.handle(CLEAR)
    people(company, ticket.id, status="closed", category="vip")
    with company.database.read() as session:
        where = (chunk.c.kind == int(ChunkKind.TICKET), chunk.c.source_id == ticket.id)
        (found,) = session.execute(select(chunk.c.status, chunk.c.category).where(*where)).all()
    assert tuple(found) == ("closed", "vip")
    with company.database.write() as session, pytest.raises(Conflict, match=r"closed does not become waiting"):
        desk.move(session, company.id, ticket.id, TicketStatus.WAITING)

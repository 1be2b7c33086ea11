"""Tickets and messages: scoped by workspace, guarded by their version, paged by position."""

import pytest

from ticketflow.clock import SECOND
from ticketflow.db import Database
from ticketflow.domain import Author, Priority, TicketStatus, Workspace
from ticketflow.errors import Conflict, NotFound
from ticketflow.store import ticket_lists, tickets
from ticketflow.store.ticket_lists import Wanted
from ticketflow.store.tickets import NewTicket, Ticket
from ticketflow.testing import FrozenClock

FULL = NewTicket(
    subject="Kettle",
    body="It leaks 🫖",
    external_id="H-1",
    channel="mail",
    requester_name="Ana",
    requester_email="ana@example.org",
    priority=Priority.HIGH,
    tags=["vip", "eu"],
    headers={"precedence": "bulk"},
)


@pytest.fixture
def clock(database: Database) -> FrozenClock:
    assert isinstance(database.clock, FrozenClock)
    return database.clock


def test_a_ticket_and_its_first_message_come_back_as_they_went_in(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = tickets.add(session, workspace.id, FULL)
    with database.read() as session:
        found = tickets.get(session, workspace.id, made.id)
        (said,) = tickets.messages(session, workspace.id, made.id)
        assert tickets.find(session, workspace.id, made.id) == made
        assert tickets.find(session, workspace.id, "H-1") == made
        assert tickets.by_external_id(session, workspace.id, "H-1") == made
    assert found == made
    assert (made.status, made.version, made.tags, made.priority) == (TicketStatus.NEW, 1, ["vip", "eu"], Priority.HIGH)
    assert (said.author, said.author_name, said.body) == (Author.REQUESTER, "Ana", "It leaks 🫖")
    assert (said.internal, said.headers) == (False, {"precedence": "bulk"})


def test_an_external_id_names_one_ticket_of_a_workspace(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        made = tickets.add(session, workspace.id, FULL)
        theirs = tickets.add(session, other.id, FULL)
        with pytest.raises(Conflict, match="'H-1'"):
            tickets.add(session, workspace.id, FULL)
    assert made.id != theirs.id
    with database.write() as session:  # tickets without one are never the same
        assert len({tickets.add(session, workspace.id, NewTicket(body="x")).id for _ in range(3)}) == 3


def test_another_workspaces_ticket_is_neither_seen_nor_changed(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        made = tickets.add(session, workspace.id, FULL)
    with database.write() as session:
        with pytest.raises(NotFound):
            tickets.get(session, other.id, made.id)
        with pytest.raises(NotFound):
            tickets.change(session, other.id, made.id, status=TicketStatus.CLOSED)
        assert tickets.find(session, other.id, made.id) is None
        assert tickets.find(session, other.id, "H-1") is None
        assert tickets.messages(session, other.id, made.id) == []
        assert ticket_lists.page(session, other.id, Wanted()) == []
        assert tickets.count_by_status(session, other.id) == {}
        assert tickets.get(session, workspace.id, made.id) == made


def test_a_change_raises_the_version_and_the_time(database: Database, workspace: Workspace, clock: FrozenClock) -> None:
    with database.write() as session:
        made = tickets.add(session, workspace.id, FULL)
    clock.advance(5)
    with database.write() as session:
        tickets.change(session, workspace.id, made.id, status=TicketStatus.WAITING, team="desk")
        found = tickets.get(session, workspace.id, made.id)
    assert found == made.model_copy(
        update={
            "status": TicketStatus.WAITING,
            "team": "desk",
            "version": 2,
            "updated_at": made.updated_at + 5 * SECOND,
        }
    )


def test_a_change_on_top_of_an_old_version_is_refused(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = tickets.add(session, workspace.id, FULL)
        tickets.change(session, workspace.id, made.id, version=1, team="first")
        with pytest.raises(Conflict, match="changed meanwhile"):
            tickets.change(session, workspace.id, made.id, version=1, team="second")
        with pytest.raises(NotFound):
            tickets.change(session, workspace.id, "no-ticket", version=1, team="third")
        found = tickets.get(session, workspace.id, made.id)
    assert (found.team, found.version) == ("first", 2)


def test_messages_come_in_the_order_they_were_written(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = tickets.add(session, workspace.id, NewTicket(body="0"))
        for number in range(1, 200):
            tickets.add_message(
                session, workspace.id, made.id, author=Author.USER, body=str(number), internal=number % 2 == 0
            )
        said = tickets.messages(session, workspace.id, made.id)
    assert [message.body for message in said] == [str(number) for number in range(200)]
    assert said[2].internal


def pages(database: Database, workspace: Workspace, limit: int, **wanted: object) -> list[list[Ticket]]:
    found: list[list[Ticket]] = []
    before: tuple[int, str] | None = None
    while True:
        with database.read() as session:
            page = ticket_lists.page(session, workspace.id, Wanted.model_validate(wanted), before=before, limit=limit)
        if not page:
            return found
        found.append(page)
        before = (page[-1].updated_at, page[-1].id)


def test_pages_show_each_ticket_once_newest_change_first(
    database: Database, workspace: Workspace, other: Workspace, clock: FrozenClock
) -> None:
    with database.write() as session:
        tickets.add(session, other.id, NewTicket(body="theirs"))
    made: list[Ticket] = []
    for number in range(11):
        if number % 3 == 0:
            clock.advance(1)  # some share their moment
        with database.write() as session:
            made.append(tickets.add(session, workspace.id, NewTicket(body=str(number))))
    clock.advance(1)
    with database.write() as session:
        tickets.change(session, workspace.id, made[2].id, team="desk")
    found = pages(database, workspace, 4)
    assert [len(page) for page in found] == [4, 4, 3]
    ids = [ticket.id for page in found for ticket in page]
    assert ids[0] == made[2].id
    rest = [ticket for ticket in made if ticket.id != made[2].id]
    assert ids[1:] == [ticket.id for ticket in sorted(rest, key=lambda one: (one.updated_at, one.id), reverse=True)]


def test_pages_and_counts_by_status_and_category(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        for number in range(6):
            status = [TicketStatus.NEW, TicketStatus.ESCALATED, TicketStatus.RESOLVED][number % 3]
            made = tickets.add(session, workspace.id, NewTicket(body=str(number)), status)
            tickets.change(session, workspace.id, made.id, category="billing" if number < 3 else "care")
        assert tickets.count_by_status(session, workspace.id) == {"new": 2, "escalated": 2, "resolved": 2}
    open_statuses = [TicketStatus.NEW, TicketStatus.ESCALATED]
    shown = [ticket for page in pages(database, workspace, 3, statuses=open_statuses) for ticket in page]
    assert sorted(ticket.status for ticket in shown) == ["escalated", "escalated", "new", "new"]
    (page,) = pages(database, workspace, 10, statuses=open_statuses, category="care")
    assert {(ticket.status, ticket.category) for ticket in page} == {("new", "care"), ("escalated", "care")}


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "x" * 2_001},
        {"body": "x" * 200_001},
        {"external_id": "x" * 191},
        {"channel": "x" * 33},
        {"priority": "asap"},
        {"unheard": 1},
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_stored(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        NewTicket.model_validate({"body": "x"} | fields)

"""Lists of tickets: every combination of filters gives what a plain look over all tickets gives, by an index."""

import random
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from ticketflow.clock import DAY
from ticketflow.db import Database
from ticketflow.domain import Priority, TicketStatus, Workspace
from ticketflow.store import ticket_lists, tickets
from ticketflow.store.ticket_lists import Wanted
from ticketflow.store.tickets import NewTicket, Ticket
from ticketflow.testing import FrozenClock

TAGS = ("vip", "eu", "depot")


@pytest.fixture
def many(database: Database, workspace: Workspace, other: Workspace) -> list[Ticket]:
    """120 tickets of every kind, and as many of another workspace that no list may show."""
    rng = random.Random(3)
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    for owner in (other, workspace):
        for number in range(120):
            clock.advance(number % 2)  # some share their moment
            with database.write() as session:
                new = NewTicket(
                    body=str(number),
                    tags=rng.sample(TAGS, rng.randrange(3)),
                    priority=rng.choice(list(Priority)),
                    requester_email=rng.choice(["ana@example.org", None]),
                )
                made = tickets.add(session, owner.id, new, rng.choice(list(TicketStatus)))
                tickets.change(
                    session,
                    owner.id,
                    made.id,
                    team=rng.choice(["money", None]),
                    assignee=rng.choice(["eve", "bo", None]),
                    category=rng.choice(["care", None]),
                    snoozed_until=rng.choice([session.now + DAY, None]),
                )
    with database.read() as session:
        return ticket_lists.page(session, workspace.id, Wanted(), limit=1_000)


def fits(found: Ticket, wanted: Wanted) -> bool:
    """The filters, said once more and plainly."""
    equal = {"category": "category", "priority": "priority", "team": "team", "assignee": "assignee"}
    checks = [
        not wanted.statuses or found.status in wanted.statuses,
        wanted.requester is None or found.requester_email == wanted.requester,
        wanted.tag is None or wanted.tag in found.tags,
        wanted.snoozed is None or (found.snoozed_until is not None) == wanted.snoozed,
        wanted.updated_since is None or found.updated_at >= wanted.updated_since,
        wanted.updated_until is None or found.updated_at <= wanted.updated_until,
        *(getattr(wanted, name) in (None, getattr(found, name)) for name in equal),
    ]
    return all(checks)


@pytest.mark.parametrize("cap", [1, 20, 2_000])
def test_every_combination_of_filters_is_what_a_look_over_all_tickets_gives(
    database: Database, workspace: Workspace, many: list[Ticket], monkeypatch: pytest.MonkeyPatch, cap: int
) -> None:
    monkeypatch.setattr(ticket_lists, "CAP", cap)  # with one, every filter is common; with many, each is rare
    assert len(many) == 120
    rng = random.Random(cap)
    middle = many[60].updated_at
    choices: dict[str, list[object]] = {
        "statuses": [[TicketStatus.NEW], [TicketStatus.CLOSED, TicketStatus.WAITING, TicketStatus.NEW]],
        "category": ["care"],
        "priority": [Priority.HIGH],
        "team": ["money"],
        "assignee": ["eve", "nobody"],
        "requester": ["ana@example.org"],
        "tag": ["vip", "unheard"],
        "snoozed": [True, False],
        "updated_since": [middle],
        "updated_until": [middle],
    }
    shown = 0
    for _ in range(60):
        names = rng.sample(sorted(choices), rng.randint(1, 3))
        wanted = Wanted.model_validate({name: rng.choice(choices[name]) for name in names})
        found: list[Ticket] = []
        before: tuple[int, str] | None = None
        while True:
            with database.read() as session:
                page = ticket_lists.page(session, workspace.id, wanted, before=before, limit=7)
            if not page:
                break
            found += page
            before = (page[-1].updated_at, page[-1].id)
        assert found == [one for one in many if fits(one, wanted)], wanted
        shown += len(found)
    assert shown > 100
    assert all((one.updated_at, one.id) > (two.updated_at, two.id) for one, two in pairwise(many))


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(), "workspace_id_updated_at"),
        (Wanted(statuses=[TicketStatus.NEW]), "workspace_id_status_updated_at"),
        (Wanted(assignee="eve"), "workspace_id_assignee_updated_at"),
        (Wanted(team="money", statuses=list(TicketStatus)), "workspace_id_team_updated_at"),
        (Wanted(requester="ana@example.org"), "workspace_id_requester_email_updated_at"),
        (Wanted(category="care"), "workspace_id_category_updated_at"),
        (Wanted(snoozed=True), "workspace_id_snoozed_until"),
    ],
)
def test_a_list_is_led_by_an_index_of_its_own(
    database: Database, workspace: Workspace, wanted: Wanted, index: str
) -> None:
    if database.dialect.name != "sqlite":
        pytest.skip("TiDB chooses by its statistics; the hint names the same indexes")
    said: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        said.append((statement, parameters))

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", note)
    with database.read() as session:
        ticket_lists.page(session, workspace.id, wanted)
    sqlalchemy_event.remove(database.engine, "before_cursor_execute", note)
    statement, parameters = said[-1]
    with database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row.detail for row in plan]
    assert any(f"ix_ticket_{index} " in step for step in steps), steps


def test_tags_follow_what_the_ticket_says(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = tickets.add(session, workspace.id, NewTicket(body="x", tags=["a", "a", "b" * 200]))
        assert [one.id for one in ticket_lists.page(session, workspace.id, Wanted(tag="a"))] == [made.id]
        tickets.change(session, workspace.id, made.id, tags=["c"])
        tickets.tag(session, workspace.id, made.id, ["c"])
        assert ticket_lists.page(session, workspace.id, Wanted(tag="a")) == []
        assert [one.tags for one in ticket_lists.page(session, workspace.id, Wanted(tag="c"))] == [["c"]]

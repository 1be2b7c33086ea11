"""The table of a ticket's life: what it promises for every way through it, and that the guide shows the same."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.agent import life
from ticketflow.domain import TicketStatus
from ticketflow.errors import Conflict

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "tickets.md"
STATUSES = st.sampled_from(list(TicketStatus))


@given(st.lists(STATUSES, max_size=30))
def test_whatever_is_tried_a_ticket_keeps_to_the_table(tried: list[TicketStatus]) -> None:
    now = TicketStatus.NEW
    for wanted in tried:
        if wanted is now or wanted in life.MOVES[now]:
            life.check(now, wanted)
            now = wanted
            continue
        with pytest.raises(Conflict) as refused:
            life.check(now, wanted)
        assert all(status in str(refused.value) for status in life.MOVES[now]), "the remedy names every way on"


@given(STATUSES, STATUSES)
def test_sources_and_ways_on_are_the_same_table(before: TicketStatus, after: TicketStatus) -> None:
    assert (before in life.sources(after)) == life.allowed(before, after)


def reached(start: TicketStatus, moves: set[TicketStatus]) -> set[TicketStatus]:
    """Every status that a ticket can come to by these moves alone."""
    found, fresh = {start}, {start}
    while fresh:
        fresh = {after for before in fresh for after in life.MOVES[before] & moves} - found
        found |= fresh
    return found


@pytest.mark.parametrize("status", TicketStatus)
def test_from_everywhere_a_ticket_can_be_ended_and_opened_again(status: TicketStatus) -> None:
    assert TicketStatus.CLOSED in reached(status, set(life.BY_PEOPLE)), "by people alone"
    assert TicketStatus.REOPENED in reached(status, set(life.BY_PEOPLE))
    assert status not in life.MOVES[status], "to stay is no move"


def test_new_is_only_what_nobody_has_touched() -> None:
    assert life.sources(TicketStatus.NEW) == {TicketStatus.NEW, TicketStatus.PROCESSING}
    assert set(TicketStatus) - {TicketStatus.NEW, TicketStatus.PROCESSING} == life.BY_PEOPLE


def test_the_guide_shows_the_table() -> None:
    shown = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", GUIDE.read_text("utf-8"), re.M)
    told = {
        TicketStatus(before): {TicketStatus(name) for name in re.findall(r"`(\w+)`", after)} for before, after in shown
    }
    assert told == life.MOVES

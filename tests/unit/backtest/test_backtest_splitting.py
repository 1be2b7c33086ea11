"""Splitting: the past before the future, nothing certified or tested that was learned, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.backtest.reading import Ticket
from ticketflow.backtest.splitting import USUAL, Shares, split
from ticketflow.errors import InvalidFile, InvalidInput

PLAIN = Ticket("", "", "a", "a", "", None, None, "en")


def tickets(count: int, *, dates: bool = True) -> list[Ticket]:
    """Different tickets of two answers, the newest first."""
    return [
        replace(PLAIN, id=str(row), text=f"text {row}", label="ab"[row % 2], resolved_at=10**6 - row if dates else None)
        for row in range(count)
    ]


def test_dates_order_the_parts_whatever_the_order_of_the_file() -> None:
    past = tickets(100)
    parts = split(past, USUAL, seed=0)
    assert parts.in_time
    moments = [past[row].resolved_at for row in np.concatenate([parts.learn, parts.certify, parts.test])]
    assert moments == sorted(moments)
    assert (len(parts.learn), len(parts.certify), len(parts.test)) == (60, 20, 20)


def test_equal_dates_are_shuffled_and_not_left_in_the_order_of_the_file() -> None:
    past = [replace(ticket, resolved_at=row // 50) for row, ticket in enumerate(tickets(100))]
    first = split(past, USUAL, seed=0)
    assert first.in_time
    assert first.learn.tolist() != sorted(first.learn.tolist())
    assert first.learn.tolist() != split(past, USUAL, seed=1).learn.tolist()
    assert first.learn.tolist() == split(past, USUAL, seed=0).learn.tolist()


@pytest.mark.parametrize(
    ("known", "why"), [(0, "has no dates"), (50, "Only 50 of 100 tickets have a date"), (-1, "the same date")]
)
def test_without_telling_dates_the_tickets_are_shuffled_and_it_is_said(known: int, why: str) -> None:
    moment = 7 if known < 0 else None
    past = [ticket if row < known else replace(ticket, resolved_at=moment) for row, ticket in enumerate(tickets(100))]
    parts = split(past, USUAL, seed=0)
    assert not parts.in_time
    assert why in parts.why
    assert len(parts.learn) + len(parts.certify) + len(parts.test) == 100


def test_a_few_tickets_without_a_date_are_left_out() -> None:
    past = [replace(ticket, resolved_at=None) if row % 10 == 0 else ticket for row, ticket in enumerate(tickets(100))]
    parts = split(past, USUAL, seed=0)
    assert parts.in_time
    assert parts.undated == 10
    assert not set(range(0, 100, 10)) & {*parts.learn, *parts.certify, *parts.test}


def test_a_text_that_was_learned_neither_certifies_nor_tests() -> None:
    past = tickets(100)
    past[0] = replace(past[0], text="  TEXT 99 ")  # the newest has the words of the oldest
    past[1] = replace(past[1], text=past[30].text)  # a text of both later parts
    parts = split(past, USUAL, seed=0)
    assert 0 not in parts.test
    assert (parts.repeated, parts.shared) == (1, 1)


def test_all_duplicates_leave_nothing_to_certify_with() -> None:
    past = [replace(ticket, text="the same") for ticket in tickets(100)]
    with pytest.raises(InvalidFile, match="Nothing is left to certify with"):
        split(past, USUAL, seed=0)


def test_one_answer_only_is_nothing_to_choose_between() -> None:
    with pytest.raises(InvalidFile, match=r"All 60 tickets to learn from have one answer, 'a'"):
        split([replace(ticket, label="a") for ticket in tickets(100)], USUAL, seed=0)


def test_a_past_without_answers_is_nothing_to_learn_from() -> None:
    past = [ticket if row < 30 else replace(ticket, label=None) for row, ticket in enumerate(tickets(100))]
    with pytest.raises(InvalidFile, match="None of the 60 tickets to learn from has an answer"):
        split(past, USUAL, seed=0)


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ("0.6,0.4", "is not three numbers"),
        ("a,b,c", "is not three numbers"),
        ("", "is not three numbers"),
        ("0.6,0.4,0", "leaves a part without tickets"),
        ("1.2,-0.4,0.2", "leaves a part without tickets"),
        ("60,20,20", "leaves a part without tickets"),
        ("nan,0.5,0.5", "leaves a part without tickets"),
        ("0.6,0.2,0.3", r"adds up to 1\.1"),
    ],
)
def test_shares_that_make_no_split_are_refused_with_an_example(given_: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        Shares.parse(given_)
    assert "--split 0.6,0.2,0.2" in str(refused.value)


@given(st.integers(30, 60), st.integers(5, 35), st.integers(60, 300), st.integers(0, 5))
def test_every_ticket_is_in_one_part(learn: int, certify: int, count: int, seed: int) -> None:
    shares = Shares(learn / 100, certify / 100, 1 - (learn + certify) / 100)
    parts = split(tickets(count, dates=False), shares, seed)
    assert sorted([*parts.learn, *parts.certify, *parts.test]) == list(range(count))
    assert abs(len(parts.learn) - count * shares.learn) <= 1
    assert abs(len(parts.test) - count * shares.test) <= 1

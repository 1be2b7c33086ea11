"""The share of novel tickets to train with: what people answered by hand, and the operator's guess at first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.learning.novelty_share import HIGHEST, PRIOR_TICKETS, share_in_history

SHARES = st.floats(0, 1)


@pytest.mark.parametrize("expected", [0.0, 0.2, 0.9])
def test_without_a_history_the_operators_guess_holds(expected: float) -> None:
    assert share_in_history(0, 0, expected) == pytest.approx(expected)


def test_a_long_history_outweighs_the_guess() -> None:
    assert share_in_history(3_000, 10_000, 0.9) == pytest.approx(0.3, abs=0.01)
    assert share_in_history(0, 10_000, 0.9) < 0.01


def test_a_history_as_long_as_the_guess_is_worth_meets_it_halfway() -> None:
    assert share_in_history(0, PRIOR_TICKETS, 0.2) == pytest.approx(0.1)


@given(st.integers(0, 5_000), st.integers(0, 5_000), SHARES)
def test_it_lies_between_the_guess_and_what_was_seen_and_never_reaches_one(
    novel: int, known: int, expected: float
) -> None:
    share = share_in_history(novel, novel + known, expected)
    assert 0 <= share <= HIGHEST < 1
    seen = novel / (novel + known) if novel + known else expected
    assert min(seen, expected, HIGHEST) - 1e-9 <= share <= max(seen, expected) + 1e-9


@given(st.integers(0, 500), st.integers(1, 500), SHARES)
def test_more_novel_tickets_never_lower_it(novel: int, known: int, expected: float) -> None:
    total = novel + known
    assert share_in_history(novel + 1, total, expected) >= share_in_history(novel, total, expected)

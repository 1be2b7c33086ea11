"""What is kept from learning: the newest tickets, a fair sample where nothing is dated, none where it would not do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.learning.certificate import labels_needed, spend
from ticketflow.learning.holding_out import (
    COMFORT,
    LARGEST_SHARE,
    MOST,
    UNDATED,
    USUAL_SHARE,
    Graded,
    held_out,
)
from ticketflow.learning.refitting import History, tickets_held_out
from ticketflow.store.cases import LabelledCase
from ticketflow.store.settings import Settings


def every(count: int) -> np.ndarray:
    return np.ones(count, bool)


def undated(count: int) -> np.ndarray:
    return np.full(count, UNDATED, np.int64)


def test_the_newest_dated_tickets_are_held_out_wherever_they_stand() -> None:
    moments = np.random.default_rng(1).permutation(1_000).astype(np.int64)
    kept = held_out(moments, every(1_000), 20)
    assert len(kept) == 200
    assert sorted(moments[kept].tolist()) == list(range(800, 1_000))


def test_undated_tickets_are_drawn_over_all_of_a_file_sorted_by_category() -> None:
    kept = held_out(undated(1_000), every(1_000), 20)
    drawn = np.bincount(kept // 100, minlength=10)
    assert drawn.sum() == 200
    assert drawn.min() >= 8, "the last category is not all there is"
    assert drawn.max() <= 35


def test_imported_at_one_moment_is_as_good_as_undated() -> None:
    kept = held_out(np.full(1_000, 1_700_000_000, np.int64), every(1_000), 20)
    assert np.bincount(kept // 100, minlength=10).min() >= 8


def test_a_few_dates_among_many_undated_do_not_decide() -> None:
    moments = undated(1_000)
    moments[:100] = np.arange(100) + 1_000_000
    kept = held_out(moments, every(1_000), 20)
    assert 5 <= (kept < 100).sum() <= 40, "a tenth of them, not all"


def test_a_few_undated_among_dated_ones_are_neither_all_old_nor_all_new() -> None:
    moments = np.arange(1_000, dtype=np.int64) + 10
    moments[::5] = UNDATED
    kept = held_out(moments, every(1_000), 20)
    assert 20 <= (kept % 5 == 0).sum() <= 62, "about a fifth of 200"
    assert (kept[kept % 5 != 0] > 700).all()


def test_the_same_history_gives_the_same_sample() -> None:
    assert (held_out(undated(500), every(500), 20) == held_out(undated(500), every(500), 20)).all()


def test_tickets_that_came_back_from_people_are_never_held_out() -> None:
    eligible = np.arange(1_000) < 900  # the newest came back from people
    kept = held_out(np.arange(1_000, dtype=np.int64), eligible, 20)
    assert len(kept) == 180
    assert set(kept.tolist()) == set(range(720, 900))


@pytest.mark.parametrize(("count", "least"), [(0, 10), (1, 1), (24, 10), (100, 41)])
def test_none_are_held_out_where_they_could_prove_nothing(count: int, least: int) -> None:
    assert len(held_out(undated(count), every(count), least)) == 0


@given(st.integers(0, 60_000), st.integers(1, 6_000))
def test_how_many(count: int, least: int) -> None:
    kept = len(held_out(undated(count), every(count), least)) if count else 0
    if least > LARGEST_SHARE * count:
        assert kept == 0
        return
    assert least <= kept <= LARGEST_SHARE * count + 1
    if COMFORT * least < USUAL_SHARE * count and COMFORT * least < MOST:
        assert kept >= COMFORT * least - 1
    assert kept <= max(USUAL_SHARE * count, 1.5 * least) + 1
    assert kept <= max(MOST, 1.5 * least) + 1


def case(number: int, **fields: object) -> LabelledCase:
    known = {
        "id": str(number),
        "answer_id": "a",
        "category": None,
        "priority": None,
        "language": "en",
        "ticket_id": None,
        "resolved_at": 1_000 + number,
        "created_at": 5_000,
    }
    return LabelledCase.model_validate(known | fields)


def history(cases: list[LabelledCase], settings: Settings) -> History:
    return History(cases, [], [], {}, settings, "hash-64", 64, 9_000)


LENIENT = Settings(max_wrong=0.1, certainty=0.8)


def test_a_history_keeps_its_newest_imported_tickets() -> None:
    cases = [case(number) for number in range(200)] + [case(number, ticket_id="t") for number in range(200, 300)]
    kept = tickets_held_out(history(cases, LENIENT))
    assert len(kept) == 40
    assert set(kept.tolist()) == set(range(160, 200))


def test_a_case_resolved_when_it_was_imported_has_no_date() -> None:
    cases = [case(number, resolved_at=5_000 + number // 50, created_at=5_000 + number // 50) for number in range(200)]
    kept = tickets_held_out(history(cases, LENIENT))
    assert np.bincount(kept // 50, minlength=4).min() >= 3, "a file in blocks of one category each"


def test_a_history_too_short_for_what_is_asked_is_learned_from_whole() -> None:
    cases = [case(number) for number in range(150)]
    assert labels_needed(0.02, spend(0.05, 1)) > LARGEST_SHARE * 150
    assert len(tickets_held_out(history(cases, Settings(max_wrong=0.02)))) == 0
    for nothing in (Settings(max_wrong=0.0), Settings(max_wrong=1.0), Settings(certainty=1.0)):
        assert len(tickets_held_out(history(cases, nothing))) == 0


def test_labels_are_stored_as_plain_arrays_and_join() -> None:
    told = Graded(np.array([0.5, 0.9]), np.array([True, False]), np.array(["a", "longer name"]))
    stored = told.to_arrays()
    assert all(not array.dtype.hasobject for array in stored.values())
    back = Graded.from_arrays({**stored, "something.else": np.zeros(3)})
    assert back.confidences.tolist() == [0.5, 0.9]
    assert back.right.tolist() == [True, False]
    joined = Graded.none().joined(told).joined(back)
    assert joined.categories.tolist() == ["a", "longer name"] * 2
    assert joined.rows(joined.right).confidences.tolist() == [0.5, 0.5]


def test_an_artefact_of_before_holds_no_label() -> None:
    assert len(Graded.from_arrays({"held_out.confidences": np.zeros(3)}).right) == 0

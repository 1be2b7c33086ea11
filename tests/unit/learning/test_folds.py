import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.learning.folds import make_folds, row_weights


@given(st.lists(st.integers(-1, 6), max_size=60), st.integers(2, 5))
def test_what_is_scored_was_never_learned_and_removed_answers_are_gone(labels: list[int], count: int) -> None:
    known_labels = np.array(labels, np.int64)
    for fold in make_folds(known_labels, 7, limit=10_000, count=count):
        scored = np.concatenate([fold.known, fold.novel])
        assert not np.intersect1d(scored, fold.index).size
        learned = known_labels[fold.index]
        assert fold.offered[learned[learned >= 0]].all()
        assert (known_labels[fold.known] >= 0).all()
        assert fold.offered[known_labels[fold.known]].all()
        novel = known_labels[fold.novel]
        assert not fold.offered[novel[novel >= 0]].any()


def test_every_answer_is_removed_once_and_every_case_is_held_out_once() -> None:
    labels = np.arange(100) % 10
    folds = make_folds(labels, 10, limit=10_000)
    complete = [fold for fold in folds if fold.complete]
    lacking = [fold for fold in folds if not fold.complete]
    assert sorted(np.concatenate([fold.known for fold in complete]).tolist()) == list(range(100))
    assert np.sum([~fold.offered for fold in lacking], axis=0).tolist() == [1] * 10
    assert sorted(np.concatenate([fold.novel for fold in lacking]).tolist()) == list(range(100))


def test_parts_are_stratified() -> None:
    labels = np.repeat([0, 1], [50, 10])
    for fold in make_folds(labels, 2, limit=10_000):
        assert np.bincount(labels[fold.known], minlength=2).tolist() == [10, 2]


def test_two_answers_are_never_removed() -> None:
    assert all(fold.complete for fold in make_folds(np.arange(20) % 2, 2, limit=100))


def test_cases_without_an_answer_are_novel() -> None:
    labels = np.array([0, 1, 2, -1] * 10)
    novel = np.concatenate([fold.novel for fold in make_folds(labels, 3, limit=1000) if fold.complete])
    assert (labels[novel] == -1).all()
    assert len(novel) == 10


def test_the_limit_bounds_the_work() -> None:
    folds = make_folds(np.arange(5000) % 20, 20, limit=600)
    assert sum(len(fold.known) + len(fold.novel) for fold in folds) <= 600


def test_the_same_seed_gives_the_same_folds() -> None:
    labels = np.arange(60) % 6
    first, second = (make_folds(labels, 6, 1000, seed=4) for _ in range(2))
    assert all((a.index == b.index).all() for a, b in zip(first, second, strict=True))


@given(st.lists(st.booleans(), min_size=1, max_size=50), st.floats(0, 0.9))
def test_weights_give_novel_rows_their_share(novel: list[bool], share: float) -> None:
    mask = np.array(novel)
    weights = row_weights(mask, share)
    assert weights.sum() == pytest.approx(len(mask))
    if mask.any() and not mask.all():
        assert weights[mask].sum() == pytest.approx(share * len(mask))


def test_a_share_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="novel share"):
        row_weights(np.array([True]), 1.0)

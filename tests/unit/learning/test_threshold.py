import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ticketflow.learning.threshold import choose_threshold, upper_bounds


def _rows(count: int, wrong_share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidences = rng.uniform(size=count)
    correct = rng.uniform(size=count) > wrong_share * 2 * (1 - confidences)
    return confidences, correct, np.ones(count)


def test_the_loosest_threshold_under_the_target_is_chosen() -> None:
    confidences, correct, weights = _rows(4000, 0.2)
    found = choose_threshold(confidences, correct, weights, 0.05)
    assert found.value is not None
    assert found.upper_bound <= 0.05
    assert found.reason == ""
    acted = confidences >= found.value
    assert acted.mean() == pytest.approx(found.coverage)
    assert (~correct[acted]).mean() == pytest.approx(found.wrong_share)
    for looser in np.sort(confidences[~acted])[-50:]:
        more = confidences >= looser
        bound = upper_bounds(np.array([float((~correct[more]).sum())]), np.array([float(more.sum())]), 0.2)
        assert bound[0] > 0.05


@given(st.integers(0, 1000), st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_a_stricter_target_never_acts_on_more(seed: int, one: float, other: float) -> None:
    rows = _rows(400, 0.2, seed)
    strict, loose = (choose_threshold(*rows, target) for target in sorted((one, other)))
    assert strict.coverage <= loose.coverage


def test_none_names_how_many_tickets_are_missing() -> None:
    found = choose_threshold(np.array([0.9, 0.8]), np.array([True, True]), np.ones(2), 0.01)
    assert found.value is None
    assert "at least 161" in found.reason


def test_none_says_that_the_best_are_wrong_too_often() -> None:
    correct = np.arange(2000) % 4 > 0
    found = choose_threshold(np.full(2000, 0.5), correct, np.ones(2000), 0.05)
    assert found.value is None
    assert "25 %" in found.reason


def test_none_without_any_row() -> None:
    found = choose_threshold(np.zeros(0), np.zeros(0, bool), np.zeros(0), 0.02)
    assert found.value is None
    assert found.reason


def test_tickets_of_equal_confidence_are_not_split() -> None:
    correct = np.append(np.ones(500, bool), np.zeros(500, bool))
    assert choose_threshold(np.full(1000, 0.7), correct, np.ones(1000), 0.1).value is None


def test_weights_count() -> None:
    confidences, correct, _ = _rows(3000, 0.1)
    heavy = np.where(correct, 1.0, 4.0)
    assert (
        choose_threshold(confidences, correct, heavy, 0.05).coverage
        < choose_threshold(confidences, correct, np.ones(3000), 0.05).coverage
    )


def test_bounds_are_exact_binomial_bounds() -> None:
    errors, trials = np.array([0.0, 3.0, 10.0]), np.array([50.0, 200.0, 100.0])
    bounds = upper_bounds(errors, trials, 0.1)
    np.testing.assert_allclose(binom.cdf(errors, trials, bounds), 0.1, rtol=1e-6)


@pytest.mark.parametrize(("target", "delta"), [(0.0, 0.1), (1.0, 0.1), (0.1, 0.0), (0.1, 1.0)])
def test_nonsense_is_refused(target: float, delta: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        choose_threshold(np.ones(1), np.ones(1, bool), np.ones(1), target, delta)

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from ticketflow.learning.certificate import (
    GRID_SIZE,
    ONLY_LOOK,
    Labels,
    Standing,
    certify,
    labels_needed,
    make_grid,
    spend,
)


def graded(right: NDArray[np.bool_], confidences: NDArray[np.float64] | None = None) -> Labels:
    """Labels in one zone, or with confidences of their own."""
    scores = np.full(len(right), 0.9) if confidences is None else confidences
    return Labels(scores, right, np.ones(len(right), bool))


def with_errors(size: int, errors: int) -> NDArray[np.bool_]:
    return np.arange(size) >= errors


ZONE = np.array([0.5])


@pytest.mark.parametrize(
    ("alpha", "delta", "errors", "labels"),
    [
        (0.05, 0.1, 0, 45),
        (0.05, 0.1, 2, 105),
        (0.02, 0.05, 0, 149),
        (0.02, 0.05, 2, 313),
        (0.01, 0.05, 0, 299),
        (0.01, 0.05, 2, 628),
    ],
)
def test_labels_needed_are_those_of_the_design(alpha: float, delta: float, errors: int, labels: int) -> None:
    assert labels_needed(alpha, delta, errors) == labels


@given(st.floats(0.002, 0.6), st.floats(0.001, 0.6), st.integers(0, 30))
def test_labels_needed_are_the_fewest(alpha: float, delta: float, errors: int) -> None:
    least = labels_needed(alpha, delta, errors)
    assert binom.cdf(errors, least, alpha) <= delta * (1 + 1e-9)
    assert binom.cdf(errors, least - 1, alpha) > delta * (1 - 1e-9)


@pytest.mark.parametrize("alpha", [1e-16, 1e-30, 5e-324])
def test_a_share_so_small_that_no_number_proves_it_is_refused(alpha: float) -> None:
    assert labels_needed(alpha, 0.05) > 10**15
    assert certify(graded(with_errors(100, 0)), ZONE, alpha, 0.05).standing is not Standing.CERTIFIED


def test_one_label_less_than_needed_is_refused() -> None:
    for errors in (0, 2):
        size = labels_needed(0.02, 0.05, errors)
        enough = certify(graded(with_errors(size, errors)), ZONE, 0.02, 0.05, ONLY_LOOK)
        short = certify(graded(with_errors(size - 1, errors)), ZONE, 0.02, 0.05, ONLY_LOOK)
        assert (enough.standing, short.standing) == (Standing.CERTIFIED, Standing.MORE_LABELS)


def test_all_looks_together_spend_delta() -> None:
    assert sum(spend(0.05, look) for look in range(1, 100_000)) == pytest.approx(0.05, rel=1e-4)
    assert spend(0.05, 1) == pytest.approx(6 * 0.05 / math.pi**2)
    assert spend(0.05, ONLY_LOOK) == 0.05
    with pytest.raises(ValueError, match="counted from 1"):
        spend(0.05, -1)


def test_a_later_look_needs_more() -> None:
    size = labels_needed(0.02, spend(0.05, 1))
    first, second = (certify(graded(with_errors(size, 0)), ZONE, 0.02, 0.05, look) for look in (1, 2))
    assert (first.standing, first.spent) == (Standing.CERTIFIED, spend(0.05, 1))
    assert (second.standing, second.spent) == (Standing.MORE_LABELS, spend(0.05, 2))


def test_a_certificate_tells_what_it_rests_on() -> None:
    confidences = np.repeat([0.95, 0.85, 0.3], [400, 400, 200])
    right = np.ones(1000, bool)
    right[[3, 500, 501, 900]] = False
    found = certify(graded(right, confidences), np.array([0.95, 0.9, 0.8, 0.2]), 0.02, 0.05, ONLY_LOOK)
    assert found.standing is Standing.CERTIFIED
    assert found.threshold == 0.2
    assert found.passed == (0.95, 0.9, 0.8, 0.2)
    assert (found.labels, found.automatic, found.errors) == (1000, 1000, 4)
    assert (found.coverage, found.wrong_share) == (1.0, 0.004)
    assert binom.cdf(4, 1000, found.upper_bound) == pytest.approx(0.05)
    assert found.upper_bound <= 0.02
    assert (found.reason, found.needed) == ("", None)


def test_a_zone_holds_the_tickets_at_its_threshold() -> None:
    found = certify(graded(with_errors(300, 0), np.full(300, 0.7)), np.array([0.7]), 0.02, 0.05, ONLY_LOOK)
    assert (found.threshold, found.automatic) == (0.7, 300)
    above = certify(graded(with_errors(300, 0), np.full(300, 0.7)), np.array([0.7 + 1e-12]), 0.02, 0.05, ONLY_LOOK)
    assert above.automatic == 0


def test_the_sequence_ends_at_the_first_threshold_that_fails() -> None:
    confidences = np.repeat([0.9, 0.7, 0.5], [200, 100, 4000])
    right = np.ones(4300, bool)
    right[200:240] = False
    found = certify(graded(right, confidences), np.array([0.9, 0.7, 0.5]), 0.02, 0.05, ONLY_LOOK)
    assert binom.cdf(40, 4300, 0.02) < 0.05
    assert found.threshold == 0.9
    failing_first = certify(graded(right, confidences), np.array([0.7, 0.5]), 0.02, 0.05, ONLY_LOOK)
    assert failing_first.threshold is None
    assert (failing_first.automatic, failing_first.errors) == (300, 40)


def test_zones_with_too_few_labels_are_passed_over_not_failed() -> None:
    confidences = np.repeat([0.99, 0.9], [20, 300])
    found = certify(graded(with_errors(320, 1), confidences), np.array([0.999, 0.99, 0.9]), 0.02, 0.05, ONLY_LOOK)
    assert found.passed == (0.9,)


def test_a_refusal_counts_what_is_there_and_what_is_missing() -> None:
    found = certify(graded(with_errors(40, 0), np.repeat([0.9, 0.1], [31, 9])), ZONE, 0.02, 0.05, ONLY_LOOK)
    assert found.standing is Standing.MORE_LABELS
    assert found.threshold is None
    assert found.passed == ()
    assert (found.labels, found.automatic, found.errors) == (40, 31, 0)
    assert found.needed is not None
    assert found.reason == (
        f"A wrong share of at most 2 % with 95 % certainty needs about {found.needed} more graded tickets: 40 are "
        "graded, 31 of them confident enough, none of these wrong; the proof takes at least 149 without an error."
    )


def test_a_refusal_with_errors_says_so() -> None:
    found = certify(graded(with_errors(100, 1)), ZONE, 0.02, 0.05, ONLY_LOOK)
    assert "100 of them confident enough, 1 of these wrong" in found.reason
    assert f"at least {labels_needed(0.02, 0.05, 1)} with so many errors" in found.reason


@pytest.mark.parametrize("true_share", [0.0, 0.005, 0.01])
def test_about_as_many_more_labels_as_told_suffice(true_share: float) -> None:
    rng = np.random.default_rng(4)
    confidences = np.where(rng.random(100) < 0.8, 1 - true_share, 0.2)
    first = certify(graded(rng.random(100) < confidences, confidences), ZONE, 0.02, 0.05, ONLY_LOOK)
    assert first.needed is not None
    certified = 0
    for _ in range(50):
        more = np.where(rng.random(100 + first.needed) < 0.8, 1 - true_share, 0.2)
        found = certify(graded(rng.random(len(more)) < more, more), ZONE, 0.02, 0.05, ONLY_LOOK)
        certified += found.standing is Standing.CERTIFIED
    assert certified >= 20


def test_the_first_look_of_a_workspace_names_the_fewest_labels() -> None:
    found = certify(graded(np.zeros(0, bool)), ZONE, 0.02, 0.05, ONLY_LOOK)
    assert (found.standing, found.needed, found.coverage, found.upper_bound) == (Standing.MORE_LABELS, 149, 0.0, 1.0)
    assert "none is graded yet" in found.reason


def test_out_of_reach_is_said_with_the_share_and_a_remedy() -> None:
    found = certify(graded(with_errors(1000, 42)), ZONE, 0.02, 0.05, ONLY_LOOK)
    assert found.standing is Standing.UNREACHABLE
    assert found.needed is None
    assert found.reason.startswith(
        "Not reachable with this score: even of the 1000 most confident proposals 4.2 % were wrong, above 2 %."
    )
    assert "merge answers" in found.reason


def test_few_errors_by_chance_are_not_called_out_of_reach() -> None:
    found = certify(graded(with_errors(60, 3)), ZONE, 0.02, 0.05, ONLY_LOOK)
    assert found.standing is Standing.MORE_LABELS
    assert found.needed is not None
    assert found.needed > 0


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.01, 0.05, 0.2]), st.integers(0, 5))
def test_every_outcome_explains_itself(size: int, errors: int, alpha: float, look: int) -> None:
    confidences = np.linspace(0, 1, size)
    found = certify(
        graded(with_errors(size, min(errors, size))[::-1], confidences), np.linspace(1, 0, 9), alpha, 0.1, look
    )
    certified = found.standing is Standing.CERTIFIED
    assert certified == (found.threshold is not None) == (found.reason == "") == (found.upper_bound <= alpha)
    assert (found.needed is not None) == (found.standing is Standing.MORE_LABELS)
    assert found.errors <= found.automatic <= found.labels == size


def test_the_grid_runs_from_strict_to_loose_over_earlier_scores() -> None:
    earlier = np.random.default_rng(0).beta(4, 0.4, 5000)
    grid = make_grid(earlier, np.ones(5000), 2000, 0.05, 0.05)
    assert 20 <= len(grid) <= GRID_SIZE
    assert (np.diff(grid) < 0).all()
    assert np.isin(grid, earlier).all()
    assert (earlier >= grid[0]).mean() * 2000 >= labels_needed(0.05, 0.05)
    assert grid[-1] == earlier.min()


def test_most_thresholds_lie_where_the_target_is_expected_to_be_met() -> None:
    earlier = np.random.default_rng(0).beta(4, 0.4, 5000)
    ranked = np.sort(earlier)[::-1]
    reachable = np.flatnonzero(np.cumsum(1 - ranked) / np.arange(1, 5001) <= 0.02)[-1] / 5000
    grid = make_grid(earlier, np.ones(5000), 2000, 0.02, 0.05)
    coverage = (earlier >= grid[:, None]).mean(1)
    assert ((coverage > 0.6 * reachable) & (coverage < 1.4 * reachable)).sum() >= GRID_SIZE / 2


def test_more_labels_let_the_grid_start_stricter() -> None:
    earlier = np.random.default_rng(0).beta(4, 0.4, 5000)
    few, many = (make_grid(earlier, np.ones(5000), labels, 0.02, 0.05) for labels in (400, 40_000))
    assert many[0] > few[0]


def test_weights_decide_where_the_grid_lies() -> None:
    confidences = np.repeat([0.99, 0.98, 0.5, 0.4], 500)
    weights = np.repeat([1.0, 1.0, 0.0, 0.0], 500)
    assert make_grid(confidences, weights, 2000, 0.05, 0.05).min() == 0.98


def test_equal_scores_make_a_grid_of_one() -> None:
    assert make_grid(np.full(100, 0.8), np.ones(100), 0, 0.05, 0.05).tolist() == [0.8]


@pytest.mark.parametrize(("alpha", "delta"), [(0.0, 0.1), (1.0, 0.1), (0.1, 0.0), (0.1, 1.0), (math.nan, 0.1)])
def test_nonsense_is_refused(alpha: float, delta: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        certify(graded(np.ones(3, bool)), ZONE, alpha, delta)
    with pytest.raises(ValueError, match="between 0 and 1"):
        make_grid(np.ones(3), np.ones(3), 3, alpha, delta)


@pytest.mark.parametrize("grid", [[], [0.5, 0.5], [0.5, 0.6], [math.nan]])
def test_a_grid_without_order_is_refused(grid: list[float]) -> None:
    with pytest.raises(ValueError, match="grid"):
        certify(graded(np.ones(3, bool)), np.array(grid), 0.05, 0.05)


def test_no_grid_without_earlier_scores() -> None:
    with pytest.raises(ValueError, match="no earlier scores"):
        make_grid(np.zeros(0), np.zeros(0), 100, 0.05, 0.05)


def test_labels_must_fit_together() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        Labels(np.ones(2), np.ones(3, bool), np.ones(3, bool))
    with pytest.raises(ValueError, match="not a number"):
        Labels(np.array([math.nan]), np.ones(1, bool), np.ones(1, bool))


def test_ten_thousand_labels_take_far_less_than_a_second() -> None:
    rng = np.random.default_rng(0)
    confidences = rng.beta(4, 0.4, 10_000)
    labels = graded(rng.random(10_000) < confidences, confidences)
    grid = make_grid(confidences, np.ones(10_000), 10_000, 0.02, 0.05)
    certify(labels, grid, 0.02, 0.05)
    started = time.perf_counter()
    certify(labels, grid, 0.02, 0.05)
    assert time.perf_counter() - started < 0.5

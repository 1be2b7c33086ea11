"""Exact intervals, the curve over all thresholds, and the rules that a certificate is compared with."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ticketflow.backtest.baselines import baselines, by_cosine
from ticketflow.backtest.shares import Curve, interval, upper
from ticketflow.learning.judging import Judged


def test_bounds_are_the_exact_binomial_ones() -> None:
    assert upper(0, 59, 0.95) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert upper(0, 0, 0.95) == 1
    low, high = interval(5, 100, 0.95)
    assert (low, high) == pytest.approx((0.01643, 0.11283), abs=1e-5)
    assert interval(0, 10, 0.95)[0] == 0
    assert interval(10, 10, 0.95)[1] == 1


def curve(scores: list[float], right: list[bool], offered: list[bool] | None = None) -> Curve:
    given = np.ones(len(scores), bool) if offered is None else np.array(offered)
    return Curve.of(np.array(scores), np.array(right), given)


def test_the_curve_counts_tickets_of_equal_score_together() -> None:
    made = curve([0.9, 0.5, 0.7, 0.5], [True, True, False, False])
    assert made.thresholds.tolist() == [0.9, 0.7, 0.5]
    assert made.coverage.tolist() == [0.25, 0.5, 1.0]
    assert made.wrong.tolist() == [0, 0.5, 0.5]


def test_tickets_without_an_offer_are_never_covered() -> None:
    made = curve([0.9, 0.8], [True, False], [True, False])
    assert made.coverage.tolist() == [0.5]
    assert np.isnan(curve([0.9], [True], [False]).area)


def test_the_loosest_threshold_may_follow_a_stricter_one_that_fails() -> None:
    made = curve([0.9, 0.8, 0.7, 0.6], [False, True, True, True])
    assert made.loosest(0.3) == 0.6
    assert made.loosest(0.2) is None


def test_the_area_is_the_mean_wrong_share_over_all_ranks() -> None:
    assert curve([0.9, 0.8, 0.7], [True, False, True]).area == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)
    assert curve([0.5, 0.5], [True, False]).area == pytest.approx((0.5 / 1 + 1 / 2) / 2)


def judged(cosines: list[float], nearest: list[int], truth: list[int], probabilities: list[float]) -> Judged:
    def whole(values: list[int]) -> NDArray[np.int32]:
        return np.array(values, np.int32)

    return Judged(
        proposed=whole(nearest),
        second=whole(nearest),
        confidences=np.array(cosines),
        truth=np.array(truth),
        nearest=whole(nearest),
        cosines=np.array(cosines, np.float32),
        likeliest=whole(nearest),
        probabilities=np.array(probabilities, np.float32),
    )


def test_baselines_take_their_threshold_from_the_certify_part_and_answer_the_test_part() -> None:
    certify = judged([0.95, 0.9, 0.8], [1, 2, 3], [1, 2, 0], [0.5] * 3)
    test = judged([0.96, 0.91, 0.91, 0.86], [1, 2, 2, 3], [1, 0, 2, 3], [0.9, 0.1, 0.1, 0.1])
    tuned, cosine, probability = baselines(certify, test, max_wrong=0.1)
    assert tuned.threshold == pytest.approx(0.9)
    assert (tuned.automated, tuned.wrong, tuned.kept) == (3, 1, False)
    assert (cosine.name, cosine.coverage, cosine.wrong_rate) == ("cosine_0.85", 1.0, 0.25)
    assert (probability.name, probability.coverage, probability.kept) == ("probability_0.85", 0.25, True)


def test_a_baseline_that_finds_no_threshold_answers_nothing() -> None:
    wrong = judged([0.9, 0.8], [1, 1], [0, 0], [0.1, 0.1])
    tuned = baselines(wrong, wrong, max_wrong=0.1)[0]
    assert (tuned.threshold, tuned.automated, tuned.wrong_rate, tuned.coverage) == (None, 0, None, 0.0)


def test_a_nearest_case_without_an_answer_proposes_nothing() -> None:
    rule = by_cosine(judged([0.99, 0.9], [-1, 1], [-1, 1], [0.0, 0.0]))
    assert rule.curve.sizes.tolist() == [1]
    assert rule.applied("", "", 0.5, 0.1).automated == 1

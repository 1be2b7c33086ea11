import numpy as np
import pytest

from ticketflow.learning.features import CANDIDATE_FEATURES, EMPTY, FEATURES, Candidates
from ticketflow.learning.figures import auroc, calibration_error
from ticketflow.learning.novelty_share import LEAST_ARRIVALS, estimate_share
from ticketflow.learning.ranking import Ranking
from ticketflow.learning.score import Score


def _rows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, len(FEATURES))).astype(np.float32)
    return features, rng.uniform(size=count) < 1 / (1 + np.exp(-2 * features[:, 0] - 1))


def _fitted() -> Score:
    features, correct = _rows(2000)
    score = Score.fit(features, correct)
    return score.calibrated(3 * score.scores(features) + 1, correct, np.ones(2000))


def test_the_score_separates_and_is_calibrated_on_new_rows() -> None:
    features, correct = _rows(4000)
    score = Score.fit(features, correct)
    other, outcome = _rows(4000, seed=1)
    confidences = score.confidences(score.scores(other))
    assert auroc(confidences[outcome], confidences[~outcome]) > 0.8
    assert calibration_error(confidences, outcome) < 0.04


def test_confidence_rises_with_the_score() -> None:
    score = _fitted()
    confidences = score.confidences(np.linspace(-30, 30, 500))
    assert score.slope > 0
    assert (np.diff(confidences) >= 0).all()
    assert ((confidences > 0) & (confidences < 1)).all()


def test_calibration_undoes_a_stretch() -> None:
    features, correct = _rows(4000)
    score = Score.fit(features, correct)
    stretched = score.calibrated(3 * score.scores(features), correct, np.ones(4000))
    assert stretched.slope == pytest.approx(1 / 3, rel=0.1)


def test_calibration_never_turns_the_order_round() -> None:
    features, correct = _rows(400)
    score = Score.fit(features, correct)
    assert score.calibrated(-score.scores(features), correct, np.ones(400)).slope > 0


def test_arrays_rebuild_the_score_bit_for_bit() -> None:
    score, (features, _) = _fitted(), _rows(20, 5)
    again = Score.from_arrays(score.to_arrays())
    assert again.confidences(again.scores(features)).tobytes() == score.confidences(score.scores(features)).tobytes()


@pytest.mark.parametrize("correct", [np.ones(500, bool), np.zeros(500, bool), np.ones(3, bool)])
def test_without_both_outcomes_the_prior_stays(correct: np.ndarray) -> None:
    features, _ = _rows(len(correct))
    score = Score.fit(features, correct)
    assert not score.learned
    best = np.ones((1, len(FEATURES)), np.float32)
    assert score.confidences(score.scores(best))[0] < 0.85


def _choices(count: int) -> tuple[Candidates, np.ndarray]:
    """Tickets whose right candidate is the one with the highest coverage, which the prior ignores."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(count, 4, len(CANDIDATE_FEATURES))).astype(np.float32)
    answers = np.array([rng.permutation(9)[:4] for _ in range(count)], np.int32)
    best = features[:, :, CANDIDATE_FEATURES.index("coverage")].argmax(1)
    return Candidates(answers, features, np.zeros((count, 6), np.float32)), answers[np.arange(count), best]


def test_ranking_learns_what_matters() -> None:
    found, truth = _choices(400)
    ranking = Ranking.fit(found, truth)
    assert ranking.learned
    chosen = found.answers[np.arange(400), ranking.ranks(found).argmax(1)]
    prior = found.answers[np.arange(400), Ranking.prior().ranks(found).argmax(1)]
    assert (chosen == truth).mean() > 0.9 > (prior == truth).mean()
    again = Ranking.from_arrays(ranking.to_arrays())
    assert again.ranks(found).tobytes() == ranking.ranks(found).tobytes()


def test_ranking_keeps_the_prior_when_no_right_answer_is_a_candidate() -> None:
    found, _ = _choices(100)
    assert not Ranking.fit(found, np.full(100, -1)).learned
    found.answers[:, 1:] = EMPTY
    assert not Ranking.fit(found, found.answers[:, 0]).learned


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.7])
def test_the_novel_share_is_told_from_unlabelled_arrivals(share: float) -> None:
    rng = np.random.default_rng(2)
    known, novel = rng.beta(6, 1, 2000), rng.beta(2, 4, 2000)
    count = round(2000 * share)
    arrivals = np.concatenate([rng.beta(2, 4, count), rng.beta(6, 1, 2000 - count)])
    assert estimate_share(known, novel, arrivals) == pytest.approx(share, abs=0.04)


def test_the_novel_share_is_not_guessed_from_too_little() -> None:
    some = np.linspace(0, 1, 500)
    assert estimate_share(some, some, some[: LEAST_ARRIVALS - 1]) is None
    assert estimate_share(some, some[:0], some) is None


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx(0.875)
    assert np.isnan(auroc(np.zeros(0), np.ones(1)))


def test_calibration_error_is_zero_when_confidence_is_right() -> None:
    assert calibration_error(np.full(10, 0.9), np.arange(10) > 0) == pytest.approx(0)
    assert calibration_error(np.full(10, 1.0), np.arange(10) > 4) == pytest.approx(0.5)

"""What the certificate promises, shown over many draws from pools whose true wrong share is known exactly.

The fast forms of T1 to T4 and T7 of the decision design; bench/decision.py holds the full ones.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from ticketflow.learning.certificate import ONLY_LOOK, Labels, Standing, Verdict, certify, make_grid

DRAWS = 300
LOOKING = 60
EARLIER = 4_000


@dataclass(frozen=True)
class Pool:
    """Tickets drawn from with replacement; the wrong share above a threshold is that of the pool."""

    confidences: NDArray[np.float64]
    right: NDArray[np.bool_]

    @classmethod
    def of(cls, wrong_share: Callable[[NDArray[np.float64]], NDArray[np.float64]], size: int = 20_000) -> "Pool":
        """Confidences like those of a good score, most near 1; `wrong_share` maps a confidence to the true share."""
        rng = np.random.default_rng(11)
        confidences = rng.beta(3, 0.25, size)
        return cls(confidences, rng.random(size) >= wrong_share(confidences))

    def risk(self, threshold: float) -> float:
        return float((~self.right[self.confidences >= threshold]).mean())

    def oracle(self, alpha: float) -> float:
        """The largest coverage whose wrong share in the pool is at most alpha."""
        right = self.right[np.argsort(-self.confidences)]
        share = np.cumsum(~right) / np.arange(1, len(right) + 1)
        return float(np.flatnonzero(share <= alpha)[-1] + 1) / len(right)

    def draw(self, size: int, rng: np.random.Generator) -> Labels:
        rows = rng.integers(0, len(self.right), size)
        return Labels(self.confidences[rows], self.right[rows], np.ones(size, bool))

    def grid(self, labels: int, alpha: float, delta: float) -> NDArray[np.float64]:
        return make_grid(self.confidences[:EARLIER], np.ones(EARLIER), labels, alpha, delta)


@pytest.fixture(scope="module")
def pool() -> Pool:
    """A score somewhat too sure of itself, as scores are."""
    return Pool.of(lambda confidences: np.minimum(1.3 * (1 - confidences), 1))


@pytest.fixture(scope="module")
def hopeless() -> Pool:
    """Every zone is wrong a little more often than 5 %: the hardest case, where each certificate is false."""
    confidences = np.tile(np.linspace(0.5, 1, 1000, endpoint=False), 20)
    return Pool(confidences, np.arange(20_000) // 1000 > 0)


def most(delta: float, draws: int = DRAWS) -> int:
    """False certificates in so many draws that a kept promise exceeds them once in 1,000 times: 73 of 1,000 at 5 %."""
    return int(binom.isf(1e-3, draws, delta))


def verdicts(pool: Pool, size: int, alpha: float, delta: float, draws: int = DRAWS) -> list[Verdict]:
    rng, grid = np.random.default_rng(size), pool.grid(size, alpha, delta)
    return [certify(pool.draw(size, rng), grid, alpha, delta, ONLY_LOOK) for _ in range(draws)]


def false_ones(pool: Pool, found: list[Verdict], alpha: float) -> int:
    return sum(verdict.threshold is not None and pool.risk(verdict.threshold) > alpha for verdict in found)


def test_the_bound_is_the_one_of_the_design() -> None:
    assert (most(0.05, 1000), most(0.1, 1000)) == (73, 130)


@pytest.mark.parametrize("size", [250, 1000, 3000])
@pytest.mark.parametrize(("alpha", "delta"), [(0.05, 0.05), (0.05, 0.1), (0.02, 0.05)])
def test_t1_certified_thresholds_keep_their_promise(pool: Pool, size: int, alpha: float, delta: float) -> None:
    assert false_ones(pool, verdicts(pool, size, alpha, delta), alpha) <= most(delta)


@pytest.mark.parametrize("size", [250, 1000])
def test_t1_where_every_certificate_would_be_false(hopeless: Pool, size: int) -> None:
    found = verdicts(hopeless, size, 0.0499, 0.1)
    assert 0 < false_ones(hopeless, found, 0.0499) <= most(0.1)


@pytest.mark.parametrize("start", [5, 59, 150])
def test_t1_when_the_grid_starts_where_labels_are_too_few(hopeless: Pool, start: int) -> None:
    wrong_at_the_top = Pool.of(lambda confidences: np.where(confidences > 0.999, 0.3, 0.06))
    for pool in (hopeless, wrong_at_the_top):
        strict_to_loose = np.sort(pool.confidences)[::-1]
        places = np.linspace(start / 500, 1, 50) * (len(strict_to_loose) - 1)
        grid = np.unique(strict_to_loose[places.astype(int)])[::-1]
        rng = np.random.default_rng(start)
        found = [certify(pool.draw(500, rng), grid, 0.0499, 0.1, ONLY_LOOK) for _ in range(DRAWS)]
        assert false_ones(pool, found, 0.0499) <= most(0.1)


def plug_in(labels: Labels, alpha: float) -> float | None:
    """The loosest threshold whose wrong share among the labels is at most alpha."""
    order = np.argsort(-labels.confidences)
    return _loosest(labels.confidences[order], (~labels.right[order]).astype(float), alpha)


def isotonic(labels: Labels, alpha: float) -> float | None:
    """The loosest threshold whose mean isotonic-calibrated doubt is at most alpha."""
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(-labels.confidences)
    ranked = labels.confidences[order]
    doubt = 1 - IsotonicRegression().fit(ranked, labels.right[order]).predict(ranked)
    return _loosest(ranked, doubt, alpha)


def _loosest(ranked: NDArray[np.float64], doubt: NDArray[np.float64], alpha: float) -> float | None:
    good = np.flatnonzero(np.cumsum(doubt) / np.arange(1, len(doubt) + 1) <= alpha)
    return float(ranked[good[-1]]) if len(good) else None


@pytest.mark.parametrize("rule", [plug_in, isotonic])
@pytest.mark.parametrize("size", [250, 1000, 3000])
def test_t2_rules_without_proof_fail_the_same_test(
    pool: Pool, rule: Callable[[Labels, float], float | None], size: int
) -> None:
    rng, draws = np.random.default_rng(size), 100
    chosen = [rule(pool.draw(size, rng), 0.05) for _ in range(draws)]
    broken = sum(threshold is not None and pool.risk(threshold) > 0.05 for threshold in chosen)
    assert broken > 2 * most(0.1, draws)


def test_t3_most_of_what_an_oracle_would_automate_is_certified(pool: Pool) -> None:
    oracle = pool.oracle(0.05)
    covered = [
        (pool.confidences >= verdict.threshold).mean() if verdict.threshold is not None else 0.0
        for verdict in verdicts(pool, 2000, 0.05, 0.05)
    ]
    assert np.mean(covered) >= 0.95 * oracle
    assert np.quantile(covered, 0.05) >= 0.85 * oracle


def test_t4_labels_from_complaints_alone_are_refused(pool: Pool) -> None:
    rng = np.random.default_rng(0)
    arrived = pool.draw(2000, rng)
    complained = ~arrived.right & (rng.random(2000) < 0.6)
    with pytest.raises(ValueError, match="not drawn by the audit coin"):
        Labels(arrived.confidences[complained], arrived.right[complained], np.zeros(complained.sum(), bool))
    mixed = rng.random(2000) < 0.5
    with pytest.raises(ValueError, match=f"{(~mixed).sum()} of 2000"):
        Labels(arrived.confidences, ~complained, mixed)


def test_t4_what_refusing_them_prevents(pool: Pool) -> None:
    rng, grid, broken = np.random.default_rng(1), pool.grid(2000, 0.05, 0.05), 0
    for _ in range(50):
        drawn = pool.draw(2000, rng)
        silence_is_success = drawn.right | (rng.random(2000) > 0.6)
        found = certify(Labels(drawn.confidences, silence_is_success, drawn.drawn), grid, 0.05, 0.05, ONLY_LOOK)
        broken += false_ones(pool, [found], 0.05)
    assert broken >= 45


def test_t4_counting_the_ungraded_as_wrong_keeps_the_promise(pool: Pool, hopeless: Pool) -> None:
    for frozen in (pool, hopeless):
        rng, grid, found = np.random.default_rng(2), frozen.grid(1000, 0.0499, 0.1), []
        for _ in range(DRAWS):
            drawn = frozen.draw(1000, rng)
            graded = rng.random(1000) < np.where(drawn.right, 0.95, 0.5)  # people like to grade what went well
            labels = Labels(drawn.confidences, drawn.right & graded, drawn.drawn)
            found.append(certify(labels, grid, 0.0499, 0.1, ONLY_LOOK))
        assert false_ones(frozen, found, 0.0499) <= most(0.1)


def looks(pool: Pool, alpha: float, delta: float, *, spending: bool) -> int:
    """Draws in which one of 20 looks at growing labels, from 200 to 4,000, gave a false certificate."""
    rng, broken = np.random.default_rng(5), 0
    grids = [pool.grid(200 * look, alpha, delta) for look in range(1, 21)]
    for _ in range(LOOKING):
        whole = pool.draw(4000, rng)
        for look in range(1, 21):
            rows = slice(0, 200 * look)
            seen = Labels(whole.confidences[rows], whole.right[rows], whole.drawn[rows])
            verdict = certify(seen, grids[look - 1], alpha, delta, look if spending else ONLY_LOOK)
            if false_ones(pool, [verdict], alpha):
                broken += 1
                break
    return broken


def test_twenty_looks_keep_one_promise_because_they_spend_it(hopeless: Pool) -> None:
    assert looks(hopeless, 0.0499, 0.1, spending=True) <= most(0.1, LOOKING)
    assert looks(hopeless, 0.0499, 0.1, spending=False) > most(0.1, LOOKING)


def test_t7_mapie_passes_the_same_thresholds(pool: Pool) -> None:
    risk_control = pytest.importorskip("mapie.risk_control", reason="mapie, the test oracle, is not installed")

    class WrongShare(risk_control.BinaryRisk):
        """A hair less than the share: MAPIE rounds n * share up, where its last digit would count as one error more."""

        def get_value_and_effective_sample_size(self, truth: object, acted: object) -> tuple[float, int]:
            share, labels = super().get_value_and_effective_sample_size(truth, acted)
            return share * (1 - 1e-12), labels

    wrong_share = WrongShare(lambda truth, acted: truth != acted, lambda truth, acted: acted == 1, False)
    rng, standings = np.random.default_rng(7), []
    for draw in range(100):
        size, alpha = (1000, 3000)[draw % 2], (0.004, 0.02, 0.05, 0.1)[draw // 2 % 4]
        labels, grid = pool.draw(size, rng), pool.grid(size, alpha, 0.1)
        verdict = certify(labels, grid, alpha, 0.1, ONLY_LOOK)
        oracle = risk_control.BinaryClassificationController(
            predict_function=lambda rows: np.column_stack([1 - rows[:, 0], rows[:, 0]]),
            risk=wrong_share,
            target_level=alpha,
            confidence_level=0.9,
            best_predict_param_choice=risk_control.predicted_positive_fraction,
            list_predict_params=grid,
            fwer_method="fixed_sequence",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where nothing passes
            oracle.calibrate(labels.confidences[:, None], labels.right.astype(int))
        assert tuple(oracle.valid_predict_params) == verdict.passed
        standings.append(verdict.standing)
    assert 5 <= standings.count(Standing.CERTIFIED) <= 95

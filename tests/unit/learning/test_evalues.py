"""Whoever looks after every outcome is not fooled more often than promised; a naive test is. Differences are found."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ticketflow.learning.evalues import contrasts, difference_bounds, log_e_value, share_bounds

DECISIVE = np.log(20)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Shares = float | Floats


def drawn(control: Shares, treatment: Shares, count: int, rng: np.random.Generator) -> tuple[Bools, Bools]:
    """Sides by a fair coin, and outcomes with the share of their side, which may differ from ticket to ticket."""
    sides = rng.random(count) < 0.5
    return sides, rng.random(count) < np.where(sides, treatment, control)


def followed(draws: list[tuple[Bools, Bools]], difference: float = 0.0) -> Floats:
    """The log of the e-value after each outcome of each run, (runs, outcomes)."""
    found = np.array([contrasts(sides, outcomes) for sides, outcomes in draws])
    values = np.unique(found)
    counts = np.cumsum(found[:, :, None] == values, axis=1, dtype=np.float64)
    return log_e_value(values, counts, difference)


def peaks(control: Shares, treatment: Shares, runs: int, count: int, difference: float = 0.0) -> Floats:
    """The highest log of the e-value that somebody meets who looks after every outcome, for each of the runs."""
    rng, together = np.random.default_rng(7), 20
    batches = [[drawn(control, treatment, count, rng) for _ in range(together)] for _ in range(runs // together)]
    return np.concatenate([followed(batch, difference).max(axis=1) for batch in batches])


def counted(sides: Bools, outcomes: Bools) -> tuple[Floats, NDArray[np.int64]]:
    values, counts = np.unique(contrasts(sides, outcomes), return_counts=True)
    return values, counts


@pytest.mark.parametrize(("share", "runs"), [(0.02, 500), (0.1, 2_000), (0.5, 500)])
def test_equal_sides_are_seldom_told_apart_by_whoever_looks_all_the_time(share: float, runs: int) -> None:
    assert np.mean(peaks(share, share, runs, 1_000) >= DECISIVE) <= 0.05


def test_a_naive_test_that_is_repeated_tells_equal_sides_apart_far_too_often() -> None:
    rng, fooled = np.random.default_rng(7), 20
    for _ in range(500):
        sides, outcomes = drawn(0.1, 0.1, 1_000, rng)
        ours, theirs = np.cumsum(sides), np.cumsum(~sides)
        with np.errstate(invalid="ignore", divide="ignore"):
            pooled = np.cumsum(outcomes) / (ours + theirs)
            gap = np.cumsum(outcomes & sides) / ours - np.cumsum(outcomes & ~sides) / theirs
            score = np.abs(gap) / np.sqrt(pooled * (1 - pooled) * (1 / ours + 1 / theirs))
        fooled += bool(np.any(score[50:] > 1.96))
    assert fooled / 500 > 0.2


def test_tickets_that_change_over_time_fool_nobody() -> None:
    share = np.where(np.arange(1_000) % 300 < 150, 0.05, 0.4)
    assert np.mean(peaks(share, share, 500, 1_000) >= DECISIVE) <= 0.05


def test_a_difference_is_found_soon_and_the_right_way_round() -> None:
    rng = np.random.default_rng(7)
    draws = [drawn(0.1, 0.2, 1_200, rng) for _ in range(200)]
    found = followed(draws) >= DECISIVE
    assert found.any(axis=1).mean() >= 0.9
    assert np.median(np.argmax(found[found.any(axis=1)], axis=1)) <= 600
    for sides, outcomes in (one for one, decided in zip(draws, found[:, -1], strict=True) if decided):
        assert difference_bounds(*counted(sides, outcomes), 0.95)[0] > 0


@pytest.mark.parametrize(("control", "treatment"), [(0.1, 0.2), (0.02, 0.02), (0.9, 0.6)])
def test_the_true_difference_stays_inside_its_bounds_at_all_times(control: float, treatment: float) -> None:
    missed = peaks(control, treatment, 300, 1_000, treatment - control) >= DECISIVE
    assert missed.mean() <= 0.05


@pytest.mark.parametrize("gap", [0.0, 0.3, -0.2])
def test_bets_on_the_truth_neither_gain_nor_lose_on_average(gap: float) -> None:
    shares = [0.2, 0.6, 0.35, 0.5]
    expected = 0.0
    for sides in product((False, True), repeat=4):
        for outcomes in product((False, True), repeat=4):
            true = [share + gap * side for share, side in zip(shares, sides, strict=True)]
            chance = np.prod([p if hit else 1 - p for p, hit in zip(true, outcomes, strict=True)]) / 2**4
            values, counts = counted(np.array(sides), np.array(outcomes))
            expected += float(chance) * float(np.exp(log_e_value(values, counts, gap)))
    assert expected == pytest.approx(1, abs=1e-12)


def test_contrasts_look_back_only() -> None:
    rng = np.random.default_rng(1)
    sides, outcomes = drawn(0.3, 0.4, 60, rng)
    whole = contrasts(sides, outcomes)
    for count in (0, 1, 17, 59):
        assert contrasts(sides[:count], outcomes[:count]) == pytest.approx(whole[:count])
    turned = outcomes.copy()
    turned[40] = not turned[40]
    assert contrasts(sides, turned)[:40] == pytest.approx(whole[:40])
    assert np.abs(whole).max() <= 2


def test_contrasts_have_the_difference_as_their_mean_and_little_spread() -> None:
    sides, outcomes = drawn(0.05, 0.08, 200_000, np.random.default_rng(1))
    found = contrasts(sides, outcomes)
    assert found.mean() == pytest.approx(0.03, abs=0.005)
    assert found.var() < 1.05 * 4 * 0.065 * 0.935
    assert len(np.unique(found)) < 100


OUTCOMES = st.tuples(*[st.integers(0, 150)] * 4)


def shuffled(counts: tuple[int, int, int, int]) -> tuple[Bools, Bools]:
    """As many outcomes of each side and kind, in a fixed disorder."""
    sides, outcomes = np.repeat([[1, 1, 0, 0], [1, 0, 1, 0]], counts, axis=1).astype(bool)
    order = np.random.default_rng(sum(counts)).permutation(len(sides))
    return sides[order], outcomes[order]


@given(OUTCOMES)
def test_the_bounds_and_the_e_value_agree(counts: tuple[int, int, int, int]) -> None:
    sides, outcomes = shuffled(counts)
    seen = counted(sides, outcomes)
    low, high = difference_bounds(*seen, 0.95)
    assert -1 <= low <= high <= 1
    for difference in (0.0, *np.linspace(-0.99, 0.99, 12).tolist()):
        assert (log_e_value(*seen, difference) >= DECISIVE) == (not low <= difference <= high)
    mirrored = difference_bounds(*counted(~sides, outcomes), 0.95)
    assert mirrored == pytest.approx((-high, -low), abs=1e-9)
    wide = difference_bounds(*seen, 0.99)
    assert wide[0] <= low + 1e-9
    assert high <= wide[1] + 1e-9


def test_the_bounds_close_in_on_the_difference() -> None:
    found = [
        difference_bounds(*counted(*shuffled((count // 5, count * 4 // 5, count // 10, count * 9 // 10))), 0.95)
        for count in (100, 1_000, 10_000, 100_000)
    ]
    widths = [high - low for low, high in found]
    assert widths == sorted(widths, reverse=True)
    assert widths[1] < 0.12
    assert widths[-1] < 0.012
    assert found[-1] == pytest.approx((0.1, 0.1), abs=0.01)


def test_nothing_is_known_before_the_first_outcome_and_nothing_overflows() -> None:
    nothing = counted(np.zeros(0, bool), np.zeros(0, bool))
    assert float(log_e_value(*nothing)) == 0
    assert difference_bounds(*nothing, 0.95) == (-1.0, 1.0)
    assert share_bounds(0, 0, 0.95) == (0.0, 1.0)
    sides = np.arange(100_000) % 2 == 0
    certain = counted(sides, sides)
    assert np.isfinite(log_e_value(*certain))
    low, high = difference_bounds(*certain, 0.95)
    assert 0.99 < low < high <= 1
    one = counted(sides[:1], sides[:1])
    assert difference_bounds(*one, 0.95) == (-1.0, 1.0)


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_share_stays_inside_its_bounds_at_all_times(share: float) -> None:
    bounds = cache(share_bounds)
    moments = np.unique(np.geomspace(1, 2_000, 30).astype(int))
    hits = np.cumsum(np.random.default_rng(4).random((300, 2_000)) < share, axis=1)[:, moments - 1]
    missed = [
        any(
            not low <= share <= high
            for count, hit in zip(moments.tolist(), row.tolist(), strict=True)
            for low, high in [bounds(hit, count, 0.95)]
        )
        for row in hits
    ]
    assert np.mean(missed) <= 0.05


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_bounds_of_a_share_hold_it(hits: int, misses: int) -> None:
    low, high = share_bounds(hits, hits + misses, 0.95)
    assert 0 <= low <= high <= 1
    if hits + misses:
        assert low <= hits / (hits + misses) <= high
    assert (low > 0) == (hits > 0)
    mirrored = share_bounds(misses, hits + misses, 0.95)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_a_share_is_known_within_a_few_points_after_a_thousand() -> None:
    low, high = share_bounds(100, 1_000, 0.95)
    assert 0.06 < low < 0.1 < high < 0.14
    assert share_bounds(100, 1_000, 0.99)[0] < low

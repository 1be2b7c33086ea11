from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ticketflow.learning.watching import (
    LEAST_ARRIVALS,
    SHIFT_LARGE,
    SHIFT_NOTICED,
    Cusum,
    mix_change,
    population_stability,
)

Stream = Callable[[float, int], NDArray[np.bool_]]


@pytest.fixture
def stream() -> Stream:
    rng = np.random.default_rng(3)
    return lambda share, count: rng.random(count) < share


def test_a_jump_of_the_wrong_share_turns_red_within_200_audits(stream: Stream) -> None:
    cusum, found = Cusum.for_target(0.05), 0
    for _ in range(300):
        before = cusum.levels(stream(0.03, 200))[-1]
        found += cusum.is_red(cusum.levels(stream(0.12, 200), min(before, cusum.limit * 0.99)).max())
    assert found >= 0.9 * 300


def test_false_alarms_are_rare(stream: Stream) -> None:
    cusum = Cusum.for_target(0.05)
    peaks = np.array([cusum.levels(stream(0.03, 2000)).max() for _ in range(300)])
    assert sum(cusum.is_red(peak) for peak in peaks) <= 30
    assert sum(cusum.is_amber(peak) for peak in peaks) <= 60


@pytest.mark.parametrize("alpha", [0.01, 0.02, 0.1, 0.2])
def test_delay_and_false_alarms_scale_with_the_target(stream: Stream, alpha: float) -> None:
    cusum, horizon = Cusum.for_target(alpha), int(100 / alpha)
    calm = [cusum.levels(stream(0.6 * alpha, horizon)).max() for _ in range(60)]
    risen = [cusum.levels(stream(cusum.p1, horizon // 10)).max() for _ in range(60)]
    assert sum(map(cusum.is_red, calm)) <= 6
    assert sum(map(cusum.is_red, risen)) >= 50


def test_amber_comes_before_red() -> None:
    cusum = Cusum.for_target(0.05)
    levels = cusum.levels(np.ones(10, bool))
    amber = [cusum.is_amber(level) for level in levels]
    red = [cusum.is_red(level) for level in levels]
    assert amber.index(True) < red.index(True)
    assert all(early or not late for early, late in zip(amber, red, strict=True))


@given(st.lists(st.booleans(), max_size=50), st.sampled_from([0.01, 0.05, 0.3, 0.9]))
def test_levels_are_the_steps_one_by_one_and_never_below_zero(wrong: list[bool], alpha: float) -> None:
    cusum, level = Cusum.for_target(alpha), 0.0
    stepped = []
    for one in wrong:
        level = cusum.step(level, one)
        stepped.append(level)
    assert cusum.levels(np.array(wrong, bool)).tolist() == stepped
    assert min(stepped, default=0.0) >= 0.0


@pytest.mark.parametrize("numbers", [(0.0, 0.1, 4.6), (0.1, 0.1, 4.6), (0.05, 1.0, 4.6), (0.05, 0.12, 0.0)])
def test_nonsense_is_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="required"):
        Cusum(*numbers)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1])
def test_an_impossible_target_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Cusum.for_target(alpha)


def test_confidences_of_the_same_kind_are_stable_and_lower_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    expected = rng.beta(4, 1, 5000)
    same = population_stability(expected, rng.beta(4, 1, 1000))
    lower = population_stability(expected, rng.beta(2, 1, 1000))
    assert same is not None
    assert lower is not None
    assert same < SHIFT_NOTICED < SHIFT_LARGE < lower


def test_equal_confidences_do_not_break_the_index() -> None:
    assert population_stability(np.ones(300), np.ones(300)) == pytest.approx(0.0)
    shifted = population_stability(np.ones(300), np.zeros(300))
    assert shifted is not None
    assert shifted > SHIFT_LARGE


def test_too_few_arrivals_tell_nothing() -> None:
    few, many = np.linspace(0, 1, LEAST_ARRIVALS - 1), np.linspace(0, 1, 500)
    assert population_stability(many, few) is None
    assert population_stability(few, many) is None
    assert mix_change({"en": 1.0}, {"en": LEAST_ARRIVALS - 1}) is None
    assert mix_change({}, {"en": 1000}) is None


def test_a_new_language_is_noticed_and_the_usual_mix_is_not() -> None:
    usual = {"en": 0.8, "de": 0.2}
    assert mix_change(usual, {"en": 320, "de": 80}) == pytest.approx(0.0)
    noisy = mix_change(usual, {"en": 330, "de": 69, "fr": 1})
    changed = mix_change(usual, {"en": 220, "de": 80, "fr": 100})
    assert noisy is not None
    assert changed is not None
    assert noisy < SHIFT_NOTICED < SHIFT_LARGE < changed

"""Fusion: the sum, its storage, and learning it without ever ending up worse than a half."""

import numpy as np
import pytest

from ticketflow.errors import InvalidInput
from ticketflow.learning.fusion import fit_fusion
from ticketflow.retrieval.fusion import PRIOR, Fusion, features, fuse
from ticketflow.retrieval.history import LabelledPool


def pools(count: int, similarity: float, lexical: float, seed: int = 0) -> list[LabelledPool]:
    """Queries whose right case stands out in each half by so many deviations."""
    random = np.random.default_rng(seed)
    made: list[LabelledPool] = []
    for _ in range(count):
        relevant = np.arange(20) == random.integers(20)
        cosine = 0.5 + 0.1 * (random.standard_normal(20) + similarity * relevant)
        words = np.maximum(3 + random.standard_normal(20) + lexical * relevant, 0)
        made.append(LabelledPool(features(cosine, words, 10.0), relevant))
    return made


def first_right(queries: list[LabelledPool], weights: Fusion) -> float:
    vector = np.array([weights.similarity, weights.lexical, weights.both])
    return float(np.mean([pool.relevant[np.argmax(pool.features @ vector)] for pool in queries]))


def test_the_sum_prefers_agreement_and_ignores_words_without_any() -> None:
    similarity = np.array([0.8, 0.8, 0.1])
    assert np.argmax(fuse(similarity, np.array([0.0, 5.0, 5.0]), 10.0)) == 1
    assert fuse(similarity, np.zeros(3), 0.0).tolist() == pytest.approx(similarity.tolist())


def test_weights_survive_storage_and_bad_ones_are_named() -> None:
    weights = Fusion(1.0, 0.25, 0.1)
    assert Fusion.from_dict(weights.to_dict()) == weights
    assert Fusion.from_dict({}) == PRIOR
    for bad in ({"lexical": "much"}, {"rank": 1.0}, {"both": True}):
        with pytest.raises(InvalidInput) as error:
            Fusion.from_dict(bad)
        assert error.value.field in bad


@pytest.mark.parametrize(("similarity", "lexical"), [(2.0, 2.0), (3.0, 0.0), (0.0, 3.0), (1.0, 2.5), (2.5, 1.0)])
def test_learned_weights_never_lose_to_a_half(similarity: float, lexical: float) -> None:
    fit = fit_fusion(pools(400, similarity, lexical))
    fresh = pools(4_000, similarity, lexical, seed=1)
    better = max(first_right(fresh, Fusion(1, 0, 0)), first_right(fresh, Fusion(0, 1, 0)))
    assert first_right(fresh, fit.weights) >= better - 0.005
    if similarity and lexical:
        assert first_right(fresh, fit.weights) > better + 0.01


def test_too_little_history_keeps_the_prior() -> None:
    assert fit_fusion([]).weights == PRIOR
    assert fit_fusion(pools(50, 2.0, 2.0)).weights == PRIOR
    hopeless = [LabelledPool(pool.features, np.zeros(20, bool)) for pool in pools(300, 1.0, 1.0)]
    assert fit_fusion(hopeless).weights == PRIOR

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.learning.features import (
    CANDIDATE_FEATURES,
    CANDIDATES,
    EMPTY,
    FEATURES,
    NO_ANSWER,
    Signals,
    candidates,
    score_features,
)

ANSWERS, HITS = 8, 6


def make_signals(tickets: int, seed: int = 0, answers: int = ANSWERS) -> Signals:
    rng = np.random.default_rng(seed)
    shape = (tickets, answers)
    cosines = -np.sort(-rng.uniform(0.1, 1, (tickets, HITS)), axis=1)
    return Signals(
        case_answers=rng.integers(EMPTY, answers, (tickets, HITS)).astype(np.int32),
        case_cosines=cosines.astype(np.float32),
        text_answers=rng.integers(EMPTY, answers, (tickets, HITS)).astype(np.int32),
        text_scores=rng.uniform(0, 9, (tickets, HITS)).astype(np.float32),
        probabilities=rng.dirichlet(np.ones(answers), tickets).astype(np.float32),
        margins=rng.normal(size=shape).astype(np.float32),
        closeness=rng.normal(size=shape).astype(np.float32),
        coverage=rng.uniform(size=shape).astype(np.float32),
        article_similarities=np.full(shape, np.nan, np.float32),
        success_rates=np.full(shape, 0.5, np.float32),
        language_match=np.ones(shape, np.float32),
        lengths=np.full(tickets, 4, np.float32),
    )


def test_shapes_and_names() -> None:
    found = candidates(make_signals(3))
    assert found.answers.shape == (3, CANDIDATES)
    assert found.features.shape == (3, CANDIDATES, len(CANDIDATE_FEATURES))
    assert len(set(FEATURES)) == len(FEATURES)
    answers, features = score_features(found, found.features[:, :, 0])
    assert features.shape == (3, len(FEATURES))
    assert features.dtype == np.float32
    assert sorted(answers[0].tolist()) == sorted(found.answers[0].tolist())


def test_live_and_training_give_the_same_features() -> None:
    batch = make_signals(40)
    found = candidates(batch)
    ranks = found.features @ np.linspace(1, 2, len(CANDIDATE_FEATURES)).astype(np.float32)
    _, features = score_features(found, ranks)
    for row in range(40):
        single = candidates(batch.rows(slice(row, row + 1)))
        assert single.answers[0].tolist() == found.answers[row].tolist()
        _, alone = score_features(single, ranks[row : row + 1])
        np.testing.assert_allclose(alone[0], features[row], rtol=1e-5, atol=1e-6)


@given(st.integers(0, 2**30), st.lists(st.booleans(), min_size=ANSWERS, max_size=ANSWERS))
def test_an_answer_that_is_not_offered_is_never_a_candidate(seed: int, offered: list[bool]) -> None:
    mask = np.array(offered)
    found = candidates(make_signals(5, seed), mask)
    chosen = found.answers[found.answers != EMPTY]
    assert mask[chosen].all()
    assert not found.features[found.answers == EMPTY].any()
    _, features = score_features(found, found.features[:, :, 0])
    assert np.isfinite(features).all()


def test_the_order_of_answers_does_not_matter() -> None:
    signals = make_signals(10)
    new_place = np.random.default_rng(3).permutation(ANSWERS)
    moved = {name: getattr(signals, name) for name in Signals.__dataclass_fields__}
    for name in ("case_answers", "text_answers"):
        moved[name] = np.where(moved[name] >= 0, new_place[moved[name]], moved[name]).astype(np.int32)
    for name in ("probabilities", "margins", "closeness", "coverage"):
        moved[name] = moved[name][:, np.argsort(new_place)]
    before, after = candidates(signals), candidates(Signals(**moved))
    assert (new_place[before.answers] == after.answers).all()
    np.testing.assert_allclose(before.features, after.features, rtol=1e-5, atol=1e-6)


def test_votes_are_shared_with_cases_that_had_no_answer() -> None:
    signals = make_signals(1)
    signals.case_answers[0] = [0, NO_ANSWER, EMPTY, EMPTY, EMPTY, EMPTY]
    signals.case_cosines[0] = [0.8, 0.8, 0, 0, 0, 0]
    found = candidates(signals, np.arange(ANSWERS) == 0)
    assert found.features[0, 0, CANDIDATE_FEATURES.index("vote_share")] == pytest.approx(0.5)


def test_without_any_evidence_there_is_no_candidate() -> None:
    signals = make_signals(2)
    signals.case_answers[:] = EMPTY
    signals.text_answers[:] = EMPTY
    signals.probabilities[:] = 0
    found = candidates(signals)
    assert (found.answers == EMPTY).all()
    assert np.isfinite(score_features(found, found.features[:, :, 0])[1]).all()


def test_an_article_alone_makes_a_candidate() -> None:
    signals = make_signals(1)
    signals.case_answers[:] = EMPTY
    signals.text_answers[:] = EMPTY
    signals.probabilities[:] = 0
    signals.article_similarities[0, 3] = 0.7
    assert candidates(signals).answers[0].tolist() == [3, *[EMPTY] * (CANDIDATES - 1)]


def test_no_answers_at_all() -> None:
    signals = make_signals(1)
    empty = Signals(
        **{
            name: value[:, :0] if value.ndim == 2 and value.shape[1] == ANSWERS else value
            for name, value in vars(signals).items()
        }
    )
    empty.case_answers[:] = NO_ANSWER
    empty.text_answers[:] = NO_ANSWER
    found = candidates(empty)
    answers, features = score_features(found, found.features[:, :, 0])
    assert answers.shape == (1, 0)
    assert features.shape == (1, len(FEATURES))

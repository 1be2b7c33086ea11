import dataclasses

import numpy as np
import pytest
from tests.unit.learning.conftest import WIDTH, World, history

from ticketflow.learning.features import CANDIDATE_FEATURES, EMPTY, FEATURES, Signals
from ticketflow.learning.lexical import TermMatrix
from ticketflow.learning.signals import TrainingIndex, no_signals
from ticketflow.learning.training import Proposal, Trained, TrainingSet, TrainingSettings, fit, propose

QUICK = TrainingSettings(folds=2, workers=1)


def signals_of(trained: Trained, data: TrainingSet, texts: list[str], vectors: np.ndarray) -> Signals:
    terms = TermMatrix.of([*data.tokens, *[text.split() for text in texts]]).counts
    size = len(data.texts)
    index = TrainingIndex.of(data.vectors, np.asarray(data.answers), terms[:size])
    case_answers, case_cosines = index.nearest(vectors)
    text_answers, text_scores = index.text_hits(terms[size:])
    shape = (len(texts), trained.answers)
    return Signals(
        case_answers=case_answers,
        case_cosines=case_cosines,
        text_answers=text_answers,
        text_scores=text_scores,
        article_similarities=np.full(shape, np.nan, np.float32),
        success_rates=np.full(shape, 0.5, np.float32),
        language_match=trained.languages.match(["en"] * len(texts)),
        lengths=np.diff(terms[size:].indptr).astype(np.float32),
        **trained.learned.signals(texts, vectors),
    )


def proposals(trained: Trained, data: TrainingSet, world: World, labels: np.ndarray) -> list[Proposal]:
    texts, vectors = world.draw(labels, seed=99)
    return [
        propose(trained, signals_of(trained, data, [text], vector[None, :]))
        for text, vector in zip(texts, vectors, strict=True)
    ]


def test_new_tickets_get_their_answer(trained: Trained, training_set: TrainingSet, world: World) -> None:
    labels = np.arange(60) % 10
    found = proposals(trained, training_set, world, labels)
    assert np.mean([one.answers[0] == label for one, label in zip(found, labels, strict=True)]) > 0.85
    assert trained.figures["accuracy"] > 0.85
    for one in found:
        assert set(one.features[0]) == set(FEATURES)
        assert all(set(features) == set(CANDIDATE_FEATURES) for features in one.features[1:])
        assert list(one.scores) == sorted(one.scores, reverse=True)
        assert 0 < trained.confidence(one.features[0]) < 1


def test_right_proposals_are_more_confident_than_novel_ones(
    trained: Trained, training_set: TrainingSet, world: World
) -> None:
    known = [trained.confidence(one.features[0]) for one in proposals(trained, training_set, world, np.arange(40) % 10)]
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(40, WIDTH)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    strange = [
        trained.confidence(
            propose(trained, signals_of(trained, training_set, ["quite new words"], row[None])).features[0]
        )
        for row in vectors
    ]
    assert np.median(known) > 0.8 > 0.4 > np.median(strange)
    assert trained.figures["auroc_novel"] > 0.85


def test_rebuilt_from_arrays_it_proposes_the_same_bit_for_bit(
    trained: Trained, training_set: TrainingSet, world: World
) -> None:
    arrays = {name: np.array(array) for name, array in trained.to_arrays().items()}
    assert all(array.dtype != object for array in arrays.values())
    again = Trained.from_arrays(arrays)
    assert again.version == trained.version
    assert again.figures == pytest.approx(trained.figures, nan_ok=True)
    labels = np.arange(10)
    for one, other in zip(
        proposals(trained, training_set, world, labels), proposals(again, training_set, world, labels), strict=True
    ):
        assert one == other
        assert trained.confidence(one.features[0]) == again.confidence(other.features[0])
    assert again.threshold(0.1) == trained.threshold(0.1)


def test_training_twice_with_one_worker_gives_the_same_version(training_set: TrainingSet) -> None:
    assert fit(training_set, QUICK).version == fit(training_set, QUICK).version


def test_the_version_moves_with_the_history(trained: Trained, world: World) -> None:
    assert fit(history(np.arange(200) % 10, 10, world, seed=1), QUICK).version != trained.version


def test_thresholds_follow_target_and_novel_share(trained: Trained) -> None:
    loose, strict = trained.threshold(0.3), trained.threshold(0.15)
    assert loose.value is not None
    assert strict.coverage <= loose.coverage
    assert trained.threshold(0.3, 0.6).coverage < trained.threshold(0.3, 0.0).coverage
    assert trained.threshold(0.0001).value is None
    assert trained.threshold(0.0001).reason


def test_progress_rises_to_one(training_set: TrainingSet) -> None:
    told: list[tuple[float, str]] = []
    fit(training_set, QUICK, progress=lambda fraction, label: told.append((fraction, label)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert all(label for _, label in told)


@pytest.mark.parametrize(
    "labels",
    [
        [],
        [0],
        [0, 1],
        [0, 0],
        [-1, -1, -1],
        [0] * 50,
        [0, 1, 2, 3, 4],
        [0] * 30 + [1],
        [-1] * 30 + [0] * 30,
    ],
    ids=["none", "one", "two", "pair", "unanswered", "one answer", "single cases", "rare answer", "half answered"],
)
def test_any_history_is_learned_from_without_complaint(labels: list[int], world: World) -> None:
    data = history(np.array(labels, np.int64), 6, world)
    trained = fit(data, QUICK)
    found = trained.threshold(0.02)
    assert found.value is None or found.coverage > 0
    assert bool(found.reason) == (found.value is None)
    assert Trained.from_arrays(trained.to_arrays()).version == trained.version
    signals = signals_of(trained, data, ["word0x1 please"], world.directions[:1])
    proposal = propose(trained, signals)
    assert set(proposal.answers) <= {label for label in labels if label >= 0}
    if proposal.answers:
        assert 0 <= trained.confidence(proposal.features[0]) <= 1


def test_duplicates_only(world: World) -> None:
    data = history(np.zeros(1, np.int64), 3, world)
    many = TrainingSet(
        data.texts * 60,
        list(data.tokens) * 60,
        np.repeat(data.vectors, 60, 0),
        np.arange(60) % 2,
        ["en"] * 60,
        data.success_rates,
    )
    assert fit(many, QUICK).threshold(0.02).value is None


def test_articles_are_used_where_answers_have_no_cases(world: World) -> None:
    data = history(np.arange(40) % 4, 6, world)
    vectors = np.full((6, WIDTH), np.nan, np.float32)
    vectors[5] = world.directions[5] / np.linalg.norm(world.directions[5])
    trained = fit(dataclasses.replace(data, answer_vectors=vectors), QUICK)
    assert np.isfinite(list(trained.to_arrays()["score.weights"])).all()


def test_answers_added_since_training_can_be_proposed_and_withdrawn_ones_not(trained: Trained, world: World) -> None:
    shape = (1, 12)
    articles = np.full(shape, np.nan, np.float32)
    articles[0, 11] = 0.9
    vector = world.directions[:1]
    signals = Signals(
        case_answers=np.full((1, 20), EMPTY, np.int32),
        case_cosines=np.zeros((1, 20), np.float32),
        text_answers=np.full((1, 20), EMPTY, np.int32),
        text_scores=np.zeros((1, 20), np.float32),
        article_similarities=articles,
        success_rates=np.full(shape, 0.5, np.float32),
        language_match=np.ones(shape, np.float32),
        lengths=np.ones(1, np.float32),
        **trained.learned.signals(["hello"], vector, width=12),
    )
    offered = np.arange(12) > 9
    assert propose(trained, signals, offered).answers == (11,)
    assert propose(trained, signals, np.zeros(12, bool)) == Proposal((), (), ())


def test_without_training_the_prior_ranks(world: World) -> None:
    signals = Signals(
        case_answers=np.array([[2, 2, 1]], np.int32),
        case_cosines=np.array([[0.9, 0.8, 0.3]], np.float32),
        text_answers=np.full((1, 1), EMPTY, np.int32),
        text_scores=np.zeros((1, 1), np.float32),
        article_similarities=np.full((1, 4), np.nan, np.float32),
        success_rates=np.full((1, 4), 0.5, np.float32),
        language_match=np.ones((1, 4), np.float32),
        lengths=np.ones(1, np.float32),
        **no_signals(1, 4),
    )
    assert propose(None, signals).answers == (2, 1)


def test_bad_shapes_are_refused(world: World) -> None:
    data = history(np.arange(4), 4, world)
    with pytest.raises(ValueError, match="differ in length"):
        dataclasses.replace(data, texts=["only one"])
    with pytest.raises(ValueError, match=r"\[-1, 4\)"):
        dataclasses.replace(data, answers=np.array([0, 1, 2, 9]))

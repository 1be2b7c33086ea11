"""Tickets that learning has not seen, judged: the proposal beside what people answered, at the live confidence."""

from dataclasses import fields, replace

import numpy as np
import pytest

from ticketflow.learning.features import NO_ANSWER, Signals
from ticketflow.learning.judging import Judged
from ticketflow.learning.signals import NEIGHBOURS, no_signals
from ticketflow.learning.training import Trained, TrainingSet, TrainingSettings, fit, fit_and_judge

SETTINGS = TrainingSettings(folds=3, novel_share=0.1, workers=1)
HELD = np.array([399, 3, 250, 17, 90, 91, 92, 260, 261, 262])


@pytest.fixture(scope="module")
def learned(training_set: TrainingSet) -> tuple[Trained, Judged]:
    return fit_and_judge(training_set, HELD, SETTINGS)


def test_each_ticket_is_judged_in_the_order_asked_for(
    training_set: TrainingSet, learned: tuple[Trained, Judged]
) -> None:
    _, judged = learned
    assert judged.truth.tolist() == training_set.answers[HELD].tolist()
    assert len(judged.confidences) == len(HELD)
    assert judged.right.tolist() == (judged.proposed == judged.truth).tolist()
    assert judged.right.mean() >= 0.7


def test_nothing_of_what_is_held_out_is_learned(training_set: TrainingSet, learned: tuple[Trained, Judged]) -> None:
    """With another truth for the judged tickets, the same is learned and proposed."""
    swapped = training_set.answers.copy()
    swapped[HELD] = (swapped[HELD] + 1) % 10
    trained, judged = fit_and_judge(replace(training_set, answers=swapped), HELD, SETTINGS)
    assert trained.version == learned[0].version
    assert judged.proposed.tolist() == learned[1].proposed.tolist()
    assert judged.confidences.tolist() == learned[1].confidences.tolist()
    assert not (judged.right & learned[1].right).any()


def test_a_ticket_is_not_its_own_evidence(training_set: TrainingSet, learned: tuple[Trained, Judged]) -> None:
    assert (learned[1].cosines < 0.9999).all()


def test_nothing_held_out_is_a_plain_fit(training_set: TrainingSet) -> None:
    trained, judged = fit_and_judge(training_set, np.zeros(0, np.int64), SETTINGS)
    assert len(judged.right) == 0
    assert trained.version == fit(training_set, SETTINGS).version


def test_a_ticket_that_no_answer_fits_is_never_right(training_set: TrainingSet) -> None:
    novel = training_set.answers.copy()
    novel[HELD] = -1
    _, judged = fit_and_judge(replace(training_set, answers=novel), HELD, SETTINGS)
    assert not judged.right.any()


def test_no_proposal_has_no_confidence(learned: tuple[Trained, Judged]) -> None:
    trained, _ = learned
    none = np.full((2, NEIGHBOURS), NO_ANSWER, np.int32)
    zeros, width = np.zeros((2, NEIGHBOURS), np.float32), np.zeros((2, 0), np.float32)
    nothing = Signals(
        case_answers=none,
        case_cosines=zeros,
        text_answers=none,
        text_scores=zeros,
        article_similarities=width,
        success_rates=width,
        language_match=width,
        lengths=np.ones(2, np.float32),
        **no_signals(2, 0),
    )
    judged = Judged.of(nothing, np.array([0, -1]), trained.ranking, trained.score)
    assert judged.proposed.tolist() == [NO_ANSWER, NO_ANSWER]
    assert judged.confidences.tolist() == [0.0, 0.0]
    assert judged.right.tolist() == [False, False], "no proposal is not the right one where no answer fits"


def test_blocks_join_and_split(learned: tuple[Trained, Judged]) -> None:
    _, judged = learned
    again = Judged.joined([judged.rows(slice(0, 4)), judged.rows(np.arange(4, len(HELD)))])
    for field in fields(Judged):
        assert getattr(again, field.name).tolist() == getattr(judged, field.name).tolist()
    assert len(Judged.none().right) == 0

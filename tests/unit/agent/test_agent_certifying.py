"""A look at the labels: what a segment's own labels prove, what each look costs, and that a refusal is a result."""

from dataclasses import replace

import numpy as np
import pytest

from ticketflow.agent.certifying import AUDIT, HISTORY, NONE_MAY_BE_WRONG, NOT_CALIBRATED, look, look_at_all
from ticketflow.agent.experience import Experience
from ticketflow.learning.certificate import labels_needed, spend
from ticketflow.learning.holding_out import Graded
from ticketflow.learning.score import Score
from ticketflow.learning.trained import Proof, Trained
from ticketflow.store.certificates import NewCertificate
from ticketflow.store.settings import Settings

SETTINGS = Settings(max_wrong=0.1, certainty=0.9)


@pytest.fixture(scope="session")
def trained(taught: Experience) -> Trained:
    assert taught.trained is not None
    return taught.trained


def graded(count: int, wrong: int = 0, category: str = "account") -> Graded:
    """Sure proposals, of which so many are wrong, spread evenly."""
    right = np.ones(count, bool)
    right[np.linspace(0, count - 1, wrong).astype(int)] = False
    return Graded(np.linspace(0.999, 0.9999, count), right, np.full(count, category))


def tried(trained: Trained, labels: Graded, *, number: int = 1, settings: Settings = SETTINGS) -> NewCertificate:
    return look("v7", trained, labels, settings, "", number, HISTORY)


def test_enough_right_labels_prove_a_threshold(trained: Trained) -> None:
    made = tried(trained, graded(100))
    assert made.threshold is not None
    assert (made.standing, made.version, made.segment, made.source) == ("certified", "v7", "", HISTORY)
    assert (made.alpha, made.delta, made.labels, made.errors) == (0.1, pytest.approx(0.1), 100, 0)
    assert made.passed[-1] == made.threshold
    assert made.passed == sorted(made.passed, reverse=True)
    assert made.upper_bound <= 0.1
    assert made.excluded == ["legal", "minors", "refund", "security"]


def test_one_label_too_few_proves_nothing_and_says_how_many_more(trained: Trained) -> None:
    least = labels_needed(0.1, spend(0.1, 1))
    made = tried(trained, graded(least - 1))
    assert (made.threshold, made.standing, made.passed) == (None, "more_labels", [])
    assert made.needed is not None
    assert made.needed >= 1
    assert "more graded tickets" in made.reason
    assert tried(trained, graded(least)).threshold is not None


def test_labels_that_are_wrong_too_often_prove_nothing(trained: Trained) -> None:
    made = tried(trained, graded(300, wrong=60))
    assert made.threshold is None
    assert made.errors > 0
    assert made.reason


def test_no_label_at_all_is_a_refusal(trained: Trained) -> None:
    made = tried(trained, Graded.none())
    assert (made.threshold, made.labels, made.coverage) == (None, 0, 0.0)
    assert "none is graded yet" in made.reason


def test_each_look_spends_less_and_all_together_at_most_delta(trained: Trained) -> None:
    made = [tried(trained, graded(40), number=number) for number in range(1, 9)]
    spent = [one.spent for one in made]
    assert spent == sorted(spent, reverse=True)
    assert sum(spent) <= 0.1
    assert sum(spend(0.1, number) for number in range(1, 10_000)) <= 0.1
    assert made[0].threshold is not None
    assert made[-1].threshold is None, "the same labels prove less the eighth time"


def test_a_category_with_its_own_share_is_judged_by_its_own_labels_alone(trained: Trained) -> None:
    settings = SETTINGS.model_copy(update={"category_max_wrong": {"billing": 0.05}})
    labels = graded(100).joined(graded(30, wrong=15, category="billing"))
    rest, billing = look_at_all("v7", trained, labels, settings, {}, AUDIT)
    assert (rest.segment, rest.alpha, rest.labels, rest.errors) == ("", 0.1, 100, 0)
    assert rest.threshold is not None
    assert (billing.segment, billing.alpha, billing.labels, billing.errors) == ("billing", 0.05, 30, 15)
    assert billing.threshold is None
    assert billing.excluded == []


def test_sensitive_tickets_do_not_help_to_prove_the_rest(trained: Trained) -> None:
    made = tried(trained, graded(100, category="Refund").joined(graded(3)))
    assert (made.labels, made.threshold) == (3, None)


def test_looks_are_counted_by_segment(trained: Trained) -> None:
    settings = SETTINGS.model_copy(update={"category_max_wrong": {"billing": 0.05}})
    numbers = [one.look for one in look_at_all("v7", trained, Graded.none(), settings, {"": 3}, AUDIT)]
    assert numbers == [4, 1]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_that_nothing_can_promise_is_refused(trained: Trained, share: float) -> None:
    made = tried(trained, graded(100), settings=Settings(max_wrong=share))
    assert (made.threshold, made.reason, made.spent) == (None, NONE_MAY_BE_WRONG, 0.0)


def test_full_certainty_is_refused(trained: Trained) -> None:
    assert tried(trained, graded(100), settings=Settings(certainty=1.0)).reason == NONE_MAY_BE_WRONG


def test_a_score_that_learned_nothing_proves_nothing(trained: Trained) -> None:
    for known in (replace(trained, score=Score.prior()), replace(trained, proof=Proof.empty())):
        made = tried(known, graded(100))
        assert (made.threshold, made.standing, made.reason) == (None, "unreachable", NOT_CALIBRATED)


def test_thresholds_are_placed_without_looking_at_right_or_wrong(trained: Trained) -> None:
    """Otherwise the proof is none: what passed may depend on the labels, what was tried may not."""
    good, bad = tried(trained, graded(400)), tried(trained, graded(400, wrong=12))
    assert good.threshold is not None
    assert bad.threshold is not None
    assert set(bad.passed) <= set(good.passed)

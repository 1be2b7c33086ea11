"""Whole backtests on made-up tickets: the figures fit together, and the answer is honest about what was not known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from past_tickets import NEVER, backtested, dated, rows

from ticketflow.backtest import wording
from ticketflow.backtest.gaps import groups, missed
from ticketflow.backtest.result import Backtest, Request
from ticketflow.backtest.shares import upper
from ticketflow.errors import InvalidInput
from ticketflow.learning.certificate import Standing


def test_a_long_history_is_certified_and_keeps_its_promise(certified: Backtest) -> None:
    told = certified.to_json()
    assert told["status"] == "certified"
    assert told["coverage"] > 0.6
    assert told["wrong_rate"] <= 0.05
    assert told["certificate"]["wrong_upper"] <= 0.05
    assert told["accuracy"] > 0.85
    assert told["auroc_novel"] > 0.8
    assert 0 <= told["aurc"] <= 0.1
    assert (told["n_learn"], told["n_certify"], told["n_test"]) == (600, 200, 200)


def test_the_predictions_add_up_to_the_figures(certified: Backtest) -> None:
    told, lines = certified.to_json(), list(certified.predictions())
    sent = [line for line in lines if line["automated"]]
    wrong = sum(not line["right"] for line in sent)
    assert len(lines) == told["n_test"]
    assert len(sent) / len(lines) == told["coverage"]
    assert wrong / len(sent) == told["wrong_rate"]
    assert upper(wrong, len(sent), 0.95) == told["wrong_upper"]
    assert all(line["score"] >= told["threshold"] for line in sent)
    assert all(line["right"] == (line["proposed"] == line["expected"] is not None) for line in lines)
    answerable = [line for line in lines if line["expected"] is not None]
    assert np.mean([line["right"] for line in answerable]) == pytest.approx(told["accuracy"])


def test_tickets_for_humans_are_never_right_and_have_no_expected_answer(certified: Backtest) -> None:
    by_hand = [line for line in certified.predictions() if line["expected"] is None]
    assert len(by_hand) == sum(ticket.given == NEVER for ticket in certified.tickets) > 5
    assert not any(line["right"] for line in by_hand)
    assert NEVER not in certified.labels


def test_the_test_part_is_the_newest(certified: Backtest) -> None:
    split = certified.to_json()["split"]
    assert split["order"] == "time"
    assert split["from"] == split["learn"]["from"] < split["learn"]["to"] < split["certify"]["from"]
    assert split["certify"]["to"] < split["test"]["from"] < split["test"]["to"] == split["to"]


def test_a_refusal_is_an_answer(refused: Backtest) -> None:
    told = refused.to_json()
    assert told["status"] == "more_labels"
    assert told["threshold"] is told["wrong_rate"] is told["wrong_upper"] is None
    assert told["coverage"] == told["savings"]["saved"] == 0
    assert told["needed"] > 0
    assert "more graded tickets" in told["reason"]
    assert told["accuracy"] > 0.5
    assert not any(line["automated"] for line in refused.predictions())
    assert "No automatic replies" in wording.headline(refused)
    assert "more resolved tickets, of which 20\u00a0% certify" in wording.next_step(refused)


def test_the_same_file_and_seed_give_the_same_result(tmp_path: Path) -> None:
    first, second, other = (backtested(tmp_path / "past.csv", rows(150, answers=3), seed=seed) for seed in (0, 0, 1))
    assert first.score_version == second.score_version != other.score_version
    assert list(first.predictions()) == list(second.predictions())


def test_answers_that_the_learn_part_never_saw_are_wrong_whatever_is_proposed(tmp_path: Path) -> None:
    given = dated(rows(200, answers=4))
    for row in given[180:]:
        row["macro"] = "brand_new"
    found = backtested(tmp_path / "past.csv", given)
    told = found.to_json()
    assert told["split"]["test_answers_never_learned"] == 20
    new = [line for line in found.predictions() if line["expected"] == "brand_new"]
    assert len(new) == 20
    assert not any(line["right"] or line["proposed"] == "brand_new" for line in new)
    assert any("20 test tickets had an answer that the learn part never saw" in note for note in wording.notes(found))


def test_two_answers_and_short_parts_still_give_an_answer(tmp_path: Path) -> None:
    found = backtested(tmp_path / "past.csv", rows(20, answers=2))
    assert found.verdict.standing is not Standing.CERTIFIED
    assert found.to_json()["n_test"] == 4


def test_a_test_part_without_a_known_answer_has_no_accuracy(tmp_path: Path) -> None:
    given = dated(rows(100, answers=4))
    for row in given[80:]:
        row["macro"] = NEVER
    told = backtested(tmp_path / "past.csv", given, no_answer=(NEVER,)).to_json()
    assert told["accuracy"] is told["auroc_novel"] is None


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"max_wrong": 0}, "--max-wrong is a share between 0 and 1"),
        ({"max_wrong": 1.0}, "--max-wrong is a share between 0 and 1"),
        ({"max_wrong": float("nan")}, "--max-wrong is a share between 0 and 1"),
        ({"confidence": 95}, r"--confidence is a share between 0 and 1, which 95 is not\. Give 0\.95"),
        ({"confidence": -0.5}, "--confidence is a share between 0 and 1"),
        ({"cost_per_ticket": -1}, "--cost-per-ticket cannot be -1"),
        ({"cost_per_ticket": float("inf")}, "--cost-per-ticket cannot be inf"),
    ],
)
def test_a_request_that_makes_no_sense_names_its_option(asked: dict[str, float], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        Request(**asked)


def test_groups_gather_what_no_answer_fits_by_its_words(certified: Backtest) -> None:
    sizes = [group.size for group in certified.groups]
    assert sizes == sorted(sizes, reverse=True)
    for group in certified.groups:
        subjects = {word[:8] for word in group.words if word.startswith("subject")}
        assert len(subjects) <= 2
    unanswerable = int((certified.judged.truth < 0).sum())
    assert sum(sizes) <= unanswerable
    assert groups(certified.tickets, np.eye(200, dtype=np.float32), np.zeros(200, bool)) == []


def test_gaps_name_what_was_proposed_instead(certified: Backtest) -> None:
    for gap in missed(certified.judged, certified.labels, most=3):
        assert gap.right <= 0.9 * gap.needed
        assert gap.instead != gap.label


def test_a_test_part_worse_than_accepted_is_cautioned(certified: Backtest, refused: Backtest) -> None:
    assert wording.caution(refused) is None
    assert wording.caution(certified) is None
    everything = replace(certified, verdict=replace(certified.verdict, threshold=0.0))
    assert everything.coverage == 1
    assert "clearly above the 5\u00a0% accepted. Tickets have changed over time" in str(wording.caution(everything))
    lenient = replace(everything, request=replace(certified.request, max_wrong=0.9 * (everything.wrong_rate or 0)))
    assert "that may be chance" in str(wording.caution(lenient))


def test_a_proven_threshold_that_no_test_ticket_reaches_is_said(certified: Backtest) -> None:
    strict = replace(certified, verdict=replace(certified.verdict, threshold=1.1))
    assert "A threshold is proven, but none of 200 tickets in the test part reached it" in wording.headline(strict)
    assert strict.wrong_rate is strict.wrong_upper is None

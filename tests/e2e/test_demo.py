"""The sample company: what its data must hold, and that the demo runs from nothing to its summary."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from e2e_harness import Command

from ticketflow.demo import company
from ticketflow.retrieval.language import detect


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (company.FOLDER / name).read_text("utf-8").splitlines()]


ANSWERS, HISTORY, INCOMING = (rows(f"{name}.jsonl") for name in ("answers", "history", "incoming"))


def words(row: dict[str, Any]) -> str:
    """What was written, for comparisons: no case, no spacing."""
    return " ".join(f"{row['subject']} {row['body']}".casefold().split())


def test_there_are_enough_answers_and_each_can_be_sent() -> None:
    assert len(ANSWERS) >= 40
    assert len({row["category"] for row in ANSWERS}) >= 8
    assert len({row["label"] for row in ANSWERS}) == len(ANSWERS)
    assert all(len(row["body"]) > 100 for row in ANSWERS)


def test_the_history_is_long_and_names_only_answers_there_are() -> None:
    labels = {row["label"]: row["category"] for row in ANSWERS}
    used = Counter(row["answer"] for row in HISTORY if row["answer"] is not None)
    assert len(HISTORY) >= 1_200
    assert 0.1 <= 1 - used.total() / len(HISTORY) <= 0.3, "in life, too, some tickets are answered by hand"
    assert set(used) == set(labels), "each answer was used, and no other"
    assert min(used.values()) >= 5
    assert len({row["id"] for row in HISTORY}) == len(HISTORY)


def test_about_a_fifth_of_the_new_tickets_have_no_right_answer() -> None:
    labels = {row["label"] for row in ANSWERS}
    without = sum(row["answer"] is None for row in INCOMING)
    assert len(INCOMING) >= 150
    assert 0.1 <= without / len(INCOMING) <= 0.3
    assert all(row["answer"] is None or row["answer"] in labels for row in INCOMING)
    assert len({row["id"] for row in INCOMING}) == len(INCOMING)


def test_no_text_is_there_twice_and_no_new_ticket_is_in_the_history() -> None:
    repeated = [text for text, times in Counter(map(words, [*HISTORY, *INCOMING])).items() if times > 1]
    assert repeated == []


def test_people_write_in_several_languages_and_in_different_ways() -> None:
    spoken = Counter(row["language"] for row in HISTORY)
    assert len(spoken) >= 4
    assert sum(spoken.values()) - spoken["en"] >= 60
    lengths = sorted(len(row["body"]) for row in HISTORY)
    assert lengths[len(lengths) // 10] < 100
    assert lengths[-len(lengths) // 20] > 180
    assert lengths[-1] > 500
    assert sum(row["body"].isupper() for row in HISTORY) >= 5, "some people shout"
    assert sum("\n" in row["body"] for row in HISTORY) >= 100, "some write paragraphs and sign"
    heard = Counter(detect(row["body"]).value for row in INCOMING if len(row["body"]) > 60)
    assert len([language for language, times in heard.items() if language and times >= 2]) >= 3


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int, int], None]:
    """Cut the company down to its first answers, with so many cases of each and so many new tickets."""

    def cut(answers: int, cases: int, arrivals: int) -> None:
        folder = tmp_path / "company"
        folder.mkdir()
        kept = ANSWERS[:answers]
        labels = [row["label"] for row in kept]
        history = [row for label in labels for row in [one for one in HISTORY if one["answer"] == label][:cases]]
        incoming = [row for row in INCOMING if row["answer"] in {*labels, None}][:arrivals]
        for name, chosen in (("answers", kept), ("history", history), ("incoming", incoming)):
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in chosen), "utf-8")
        monkeypatch.setattr(company, "FOLDER", folder)
        monkeypatch.setattr(company, "HISTORY", folder / "history.jsonl")

    return cut


def test_the_demo_goes_from_nothing_to_its_summary_and_starts_again_quickly(
    command: Command, small: Callable[[int, int, int], None], tmp_path: Path
) -> None:
    small(6, 16, 12)
    home = tmp_path / "demo"
    first = command("demo", "--once", "--json", "--home", home)
    told = json.loads(first.out)
    assert (first.code, told["tickets"]) == (0, 12)
    assert told["resolved"] + told["escalated"] == 12
    assert told["right"] + told["wrong"] == told["resolved"]
    assert told["without_answer"] >= 1
    assert 0 < told["p50_ms"] <= told["p95_ms"]
    assert "96 resolved tickets and 6 approved answers are known." in first.err
    second = command("demo", "--once", "--home", home)
    assert "Setting up" in first.err
    assert "Setting up" not in second.err
    assert "12 of 12 tickets" in second.out
    suggested = second.err.splitlines()[-1].partition("ticketflow explain ")[2].split()[0]
    assert command("explain", suggested, "--home", home).code == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_demo_answers_half_of_the_tickets_and_hardly_any_wrongly(command: Command, tmp_path: Path) -> None:
    told = json.loads(command("demo", "--once", "--json", "--home", tmp_path / "demo").out)
    assert told["tickets"] == len(INCOMING)
    assert told["resolved"] >= told["tickets"] / 2
    assert told["wrong"] <= 0.05 * told["resolved"]

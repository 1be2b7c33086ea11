"""`ticketflow backtest` as a user runs it: figures, report and predictions that agree, and every mistake a sentence."""

import csv
import json
import os
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from e2e_harness import Command, Ended
from small_company import ASKED

from ticketflow.backtest.shares import upper

THINGS = ("kettle", "grinder", "scale", "filter", "mug", "beans", "pot", "thermometer", "lid", "tray", "spoon", "jar")
WHEN = ("yesterday", "last week", "in March", "on Monday", "two days ago")
ODD = "Do you sponsor the rowing club of {thing} lovers that met {when}?"
BY_HAND = "ask a human"
COLUMNS = ("--text", "question", "--answer", "macro", "--id", "number")
DONE, WRONG_INPUT = 0, 2

Make = Callable[..., Path]


@pytest.fixture
def past(tmp_path: Path) -> Make:
    """Writes 330 past tickets, dated or not; `change` may alter each row."""

    def write(*, dates: bool = True, change: Callable[[dict[str, str]], dict[str, str]] = dict) -> Path:
        path = tmp_path / "solved.csv"
        rows: list[dict[str, str]] = []
        for place, (thing, when) in enumerate(product(THINGS, WHEN)):
            for label, text in [*ASKED.items(), *([(BY_HAND, ODD)] if place % 2 else [])]:
                said = f"{text.format(thing=thing, when=when)} It was {when}."
                solved = f"2025-{1 + place // 20:02}-{1 + place % 20:02}T{len(label):02}:00:00Z" if dates else ""
                rows.append(change({"number": f"S{len(rows)}", "question": said, "macro": label, "solved": solved}))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


def told(ended: Ended) -> dict[str, Any]:
    """The one JSON document on standard output."""
    assert ended.code == DONE, ended.err
    return json.loads(ended.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_figures_predictions_and_report_agree_and_nothing_else_is_left(
    command: Command, past: Make, tmp_path: Path, home: Path
) -> None:
    path, report, lines = past(), tmp_path / "out.html", tmp_path / "out.jsonl"
    options = ("--created-at", "solved", "--no-answer", BY_HAND, "--max-wrong", "0.1", "--confidence", "0.9", "--json")
    ended = command("backtest", path, *COLUMNS, *options, "--report", report, "--predictions", lines)
    figures = told(ended)
    assert ended.err == ""
    assert figures["status"] == "certified"
    assert (figures["max_wrong"], figures["confidence"]) == (0.1, 0.9)
    assert figures["split"]["order"] == "time"
    assert figures["split"]["from"].startswith("2025-01-01")
    predicted = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    sent = [one for one in predicted if one["automated"]]
    wrong = [one for one in sent if not one["right"]]
    assert len(predicted) == figures["n_test"]
    assert len(sent) / len(predicted) == figures["coverage"]
    assert len(wrong) / len(sent) == figures["wrong_rate"]
    assert upper(len(wrong), len(sent), 0.9) == figures["wrong_upper"]
    assert all(set(one) == {"id", "proposed", "score", "automated", "right", "expected"} for one in predicted)
    assert {one["id"] for one in predicted} <= {f"S{row}" for row in range(330)}
    assert not any(one["right"] for one in predicted if one["expected"] is None)
    assert set(figures["baselines"]) == {"cosine", "cosine_0.85", "probability_0.85"}
    page = report.read_text("utf-8")
    assert f"{100 * figures['coverage']:.1f}\u00a0%" in page
    assert figures["score_version"] in page
    assert not re.search(r"https?://|<script|<link|@import", page)
    assert not home.exists()
    assert {item.name for item in tmp_path.iterdir()} == {"solved.csv", "out.html", "out.jsonl"}


def test_a_refusal_ends_well_and_says_what_to_do(command: Command, past: Make) -> None:
    ended = command("backtest", past(dates=False), *COLUMNS, "--created-at", "solved", "--max-wrong", "0.01")
    assert ended.code == DONE
    assert "No automatic replies: at most 1\u00a0% wrong could not be proven" in ended.out
    assert re.search(r"needs about \d+ more graded tickets", ended.out)
    assert re.search(r"Give about [\d,]+ more resolved tickets", ended.out)
    assert "The file has no dates, so the tickets were shuffled" in ended.out
    assert "0.85 by hand" in ended.out


def test_a_no_answer_value_that_never_occurs_is_told_and_does_not_stop(command: Command, past: Make) -> None:
    ended = command("backtest", past(), *COLUMNS, "--no-answer", "ask a humans", "--json")
    assert told(ended)["warnings"][0] == (
        "No ticket has the answer 'ask a humans' that --no-answer names. Did you mean 'ask a human'?"
    )
    assert "Warning: No ticket has the answer 'ask a humans'" in ended.err


MISTAKES: list[tuple[tuple[str, ...], str]] = [
    (("--max-wrong", "0"), "--max-wrong is a share between 0 and 1"),
    (("--max-wrong", "2"), "Give 0.05 to accept that 5 % of automatic replies are wrong"),
    (("--confidence", "95"), "--confidence is a share between 0 and 1, which 95 is not. Give 0.95"),
    (("--split", "0.6,0.6,0.2"), "adds up to 1.4. Give three shares"),
    (("--split", "0.8,0.2,0"), "leaves a part without tickets"),
    (("--cost-per-ticket", "-1"), "--cost-per-ticket cannot be -1"),
    (("--report", "missing/out.html"), "there is no folder"),
    (("--predictions", "missing/out.jsonl"), "Make the folder first"),
    (("--report", "."), "is a folder"),
    (("--report", "same", "--predictions", "same"), "would overwrite what --report writes"),
    (("--resolution", "reply"), "has no column 'reply' (--resolution)"),
    (("--seed", "-1"), "--seed"),
]


@pytest.mark.parametrize(("options", "why"), MISTAKES, ids=[" ".join(options) for options, _ in MISTAKES])
def test_a_mistake_is_told_before_the_long_work(
    command: Command, past: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, ...], why: str
) -> None:
    path = past()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ticketflow.embeddings.BundledEncoder.encode", lambda *_: pytest.fail("it began to work"))
    ended = command("backtest", path, *COLUMNS, *options)
    assert (ended.code, ended.out) == (WRONG_INPUT, "")
    assert why in " ".join(ended.err.split())
    assert [item.name for item in tmp_path.iterdir()] == ["solved.csv"]


def test_the_file_itself_is_never_overwritten(command: Command, past: Make) -> None:
    path = past()
    before = path.read_bytes()
    ended = command("backtest", path, *COLUMNS, "--report", os.path.relpath(path))
    assert ended.code == WRONG_INPUT
    assert "would overwrite the file of tickets itself" in ended.err
    assert path.read_bytes() == before


HOPELESS: list[tuple[str, Callable[[dict[str, str]], dict[str, str]], str]] = [
    ("one answer", lambda row: {**row, "macro": "refund"}, "have one answer, 'refund': there is nothing to choose"),
    ("no answer", lambda row: {**row, "macro": ""}, "has an answer that may be sent, so there is nothing to automate"),
    ("the same text", lambda row: {**row, "question": "Help!"}, "Nothing is left to certify with"),
    ("no text", lambda row: {**row, "question": ""}, "330 records were set aside (line 2: there is no text"),
    ("the same id", lambda row: {**row, "number": "1"}, "its id '1' was given on line 2 already"),
]


@pytest.mark.parametrize(("change", "why"), [row[1:] for row in HOPELESS], ids=[row[0] for row in HOPELESS])
def test_a_hopeless_file_gets_a_sentence_and_a_remedy(
    command: Command, past: Make, change: Callable[[dict[str, str]], dict[str, str]], why: str
) -> None:
    ended = command("backtest", past(change=change), *COLUMNS)
    assert (ended.code, ended.out) == (WRONG_INPUT, "")
    assert ended.err.startswith("Error: ")
    assert why in ended.err


def test_an_empty_file_and_two_tickets_get_a_sentence(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "solved.csv"
    path.write_text("")
    assert "is empty" in command("backtest", path, *COLUMNS).err
    path.write_text("number,question,macro\n1,Where is my card?,card\n2,Where is my money?,money\n")
    ended = command("backtest", path, *COLUMNS)
    assert ended.code == WRONG_INPUT
    assert "holds 2 different tickets that can be used; a backtest needs at least 20" in ended.err

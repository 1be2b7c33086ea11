"""Reading a file of past tickets: what counts as an answer, what is told, and what is refused."""

from pathlib import Path

import pytest
from past_tickets import MAPPING, NEVER, Row, rows, write

from ticketflow.backtest.reading import ALL_ANSWERED, Reading, read
from ticketflow.errors import InvalidFile, InvalidInput
from ticketflow.knowledge.mapping import Mapping


def reading(path: Path, given: list[Row], *no_answer: str) -> Reading:
    return read(write(path / "past.csv", given), MAPPING, no_answer, lambda _count: None)


def test_an_empty_answer_and_a_named_one_are_never_automated(tmp_path: Path) -> None:
    given = rows(30, never=3)
    given[0]["macro"] = ""
    found = reading(tmp_path, given, NEVER)
    labels = {ticket.id: ticket.label for ticket in found.tickets}
    assert {labels[row["number"]] for row in given if row["macro"] in ("", NEVER)} == {None}
    assert all(labels[row["number"]] == row["macro"] for row in given if row["macro"] not in ("", NEVER))
    assert found.warnings == []


def test_a_no_answer_value_that_never_occurs_is_a_warning_with_the_nearest(tmp_path: Path) -> None:
    found = reading(tmp_path, rows(30, never=3), "by hands", "zzz")
    assert found.warnings == [
        "No ticket has the answer 'by hands' that --no-answer names. Did you mean 'by hand'?",
        "No ticket has the answer 'zzz' that --no-answer names.",
        ALL_ANSWERED,
    ]
    assert ALL_ANSWERED not in reading(tmp_path, rows(30, never=3), "by hand").warnings


def test_texts_are_cleaned_and_redacted_as_a_new_ticket_is(tmp_path: Path) -> None:
    given = rows(30)
    given[0]["question"] = "<p>Write to me at jane@example.com</p>\n-- \nJane"
    text = next(ticket.text for ticket in reading(tmp_path, given).tickets if ticket.id == given[0]["number"])
    assert text == "Write to me at [email]"


def test_without_an_id_a_ticket_is_known_by_its_line_and_a_repetition_counts_once(tmp_path: Path) -> None:
    given = rows(30)
    path = write(tmp_path / "past.csv", [*given, given[4]])
    found = read(path, MAPPING.model_copy(update={"id": None}), (), lambda _count: None)
    assert [ticket.id for ticket in found.tickets[:2]] == ["2", "3"]
    assert (len(found.tickets), found.duplicates, found.read) == (30, 1, 31)


def test_bad_records_are_counted_and_the_first_are_told(tmp_path: Path) -> None:
    given = rows(30)
    given[2]["question"] = " "
    found = reading(tmp_path, given)
    assert found.rejected == 1
    assert found.problems == ["line 4: there is no text in 'question'"]


def test_an_answer_column_is_needed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"No column is said to hold the answers.*--answer COLUMN"):
        read(write(tmp_path / "past.csv", rows(30)), Mapping(text="question"), (), lambda _count: None)


def test_a_missing_column_is_told_as_import_tells_it(tmp_path: Path) -> None:
    mapping = Mapping(text="question", answer="makro")
    with pytest.raises(InvalidFile, match=r"no column 'makro' \(--answer\)\. Did you mean 'macro'"):
        read(write(tmp_path / "past.csv", rows(30)), mapping, (), lambda _count: None)


def test_two_tickets_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"holds 2 different tickets.*needs at least 20") as refused:
        reading(tmp_path, rows(2))
    assert "longer history" in str(refused.value)


def test_one_ticket_repeated_is_told_to_be_repetitions(tmp_path: Path) -> None:
    path = write(tmp_path / "past.csv", rows(1) * 40)
    with pytest.raises(InvalidFile, match=r"holds one ticket .* 39 were repetitions"):
        read(path, MAPPING.model_copy(update={"id": None}), (), lambda _count: None)


def test_a_file_of_unusable_records_says_why(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"holds no ticket .* 30 records were set aside \(line 2: there is no text"):
        reading(tmp_path, [{**row, "question": ""} for row in rows(30)])


def test_all_tickets_unanswerable_leave_nothing_to_automate(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"None of the 30 tickets .* has an answer that may be sent"):
        reading(tmp_path, [{**row, "macro": NEVER} for row in rows(30)], NEVER)

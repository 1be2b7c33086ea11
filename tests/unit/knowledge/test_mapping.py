"""Columns are checked before anything is read, and a record's reason names the column and what was wanted."""

from pathlib import Path

import pytest

from ticketflow.clock import from_iso
from ticketflow.errors import InvalidFile, InvalidInput
from ticketflow.knowledge.entries import BadRecord, Record
from ticketflow.knowledge.mapping import ImportedCase, Mapping, to_case

FULL = Mapping(
    subject="title",
    body="text",
    answer="macro",
    resolution="reply",
    category="topic",
    created_at="when",
    id="number",
    priority="prio",
    language="lang",
)
ROW = {
    "title": " Card lost ",
    "text": "Where is it?",
    "macro": "card-lost",
    "reply": "We send a new one.",
    "topic": "cards",
    "when": "2024-01-31T10:30:00+01:00",
    "number": "T-1",
    "prio": "Critical",
    "lang": "pt-BR",
}


def case(mapping: Mapping = FULL, **changes: str) -> ImportedCase:
    found = to_case(mapping, Record(7, {**ROW, **changes}))
    assert isinstance(found, ImportedCase), found
    return found


def reason(mapping: Mapping = FULL, **changes: str) -> str:
    found = to_case(mapping, Record(7, {**ROW, **changes}))
    assert isinstance(found, BadRecord), found
    assert found.number == 7
    assert found.raw == {**ROW, **changes}
    return found.reason


def test_a_full_record_becomes_a_typed_case() -> None:
    made = case()
    assert (made.subject, made.body, made.label, made.resolution) == (
        "Card lost",
        "Where is it?",
        "card-lost",
        "We send a new one.",
    )
    assert (made.category, made.priority, made.language) == ("cards", "urgent", "pt")
    assert made.resolved_at == from_iso("2024-01-31T09:30:00Z")
    assert (made.external_id, made.identified, made.number) == ("T-1", True, 7)


def test_optional_cells_may_be_empty() -> None:
    made = case(macro="", reply=" ", topic="", when="", prio="", lang="", title="")
    assert (made.label, made.resolution, made.category, made.resolved_at, made.priority, made.language) == (
        None,
        "",
        None,
        None,
        None,
        None,
    )


def test_a_subject_alone_is_the_text() -> None:
    made = case(text="")
    assert (made.subject, made.body) == ("", "Card lost")


def test_the_text_column_is_the_whole_text() -> None:
    assert case(Mapping(text="text")).body == "Where is it?"


def test_without_an_id_the_content_and_the_label_are_the_identity() -> None:
    mapping = Mapping(text="text", answer="macro", resolution="reply")
    made = case(mapping)
    assert made.external_id.startswith("sha256:")
    assert not made.identified
    assert case(mapping, text=" Where is it? ").external_id == made.external_id
    assert case(mapping, macro="other").external_id != made.external_id
    assert case(mapping, reply="Other.").external_id == made.external_id


@pytest.mark.parametrize("column", ["title", "text", "macro", "reply", "topic", "when", "prio", "lang"])
def test_every_mapped_column_counts_as_content(column: str) -> None:
    changed = {"when": "2025-01-01", "prio": "low", "lang": "de"}.get(column, "something else")
    assert case(**{column: changed}).content_hash != case().content_hash
    assert case(unmapped="x").content_hash == case().content_hash


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "", "text": " \n"}, "there is no text in 'title' or 'text'"),
        ({"text": "x" * 200_001}, "'text' (body) holds 200,001 characters; at most 200,000"),
        ({"title": "x" * 2_001}, "'title' (subject) holds 2,001 characters"),
        ({"macro": "x" * 191}, "'macro' (answer) holds 191 characters; at most 190"),
        ({"topic": "x" * 191}, "'topic' (category)"),
        ({"number": "x" * 191}, "'number' (id)"),
        ({"number": ""}, "the column 'number' (id) is empty"),
        ({"prio": "now"}, "the priority 'now' is not one of low, normal, high, urgent"),
        ({"lang": "English please"}, "the language 'English please' is not a code such as en"),
        ({"when": "31/01/2024"}, "the date '31/01/2024' is not understood; wanted is ISO 8601"),
        ({"when": "yesterday"}, "is not understood"),
        ({"when": "0024-01-31"}, "means 0024-01-31, which is not between 1990 and 2099"),
        ({"when": "1000000000000000000000"}, "is not understood"),
        ({"when": "nan"}, "is not understood"),
    ],
)
def test_a_record_that_cannot_be_a_case_says_why(changes: dict[str, str], words: str) -> None:
    assert words in reason(**changes)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31T10:30:00Z",
        "2024-01-31 10:30:00",
        "2024-01-31 10:30:00 UTC",
        "2024-01-31 10:30:00 +0000",
        "2024-01-31T11:30:00+01:00",
        "1706697000",
        "1706697000.0",
        "1706697000000",
        "1706697000000000",
    ],
)
def test_dates_are_taken_in_every_documented_form(text: str) -> None:
    assert case(when=text).resolved_at == from_iso("2024-01-31T10:30:00Z")


def test_a_day_without_time_is_midnight() -> None:
    assert case(when="2024-01-31").resolved_at == case(when="20240131").resolved_at == from_iso("2024-01-31T00:00:00Z")


def test_a_missing_column_is_told_with_those_that_are_there_and_the_closest() -> None:
    with pytest.raises(InvalidFile) as told:
        Mapping(text="text", answer="Categry").check(Path("a.csv"), ["text", "category"])
    assert str(told.value) == (
        "a.csv has no column 'Categry' (--answer). Did you mean 'category'? Its columns are text, category."
    )
    assert told.value.field == "answer"


def test_the_text_must_be_mapped_in_one_way() -> None:
    with pytest.raises(InvalidInput, match="No column is said to hold the tickets' text") as told:
        Mapping(answer="b").check(Path("a.csv"), ["a", "b"])
    assert "a, b" in str(told.value)
    with pytest.raises(InvalidInput, match="cannot be combined"):
        Mapping(text="a", subject="b").check(Path("a.csv"), ["a", "b"])


def test_many_columns_are_listed_in_part() -> None:
    with pytest.raises(InvalidFile, match="c29 and 70 more"):
        Mapping(text="zzz").check(Path("a.csv"), [f"c{number}" for number in range(100)])


def test_a_file_without_a_header_is_recognised_when_no_name_fits() -> None:
    with pytest.raises(InvalidFile, match="looks like data: add a first line that names the columns"):
        Mapping(text="text").check(Path("a.csv"), ["Where is my card?", "card_arrival"])

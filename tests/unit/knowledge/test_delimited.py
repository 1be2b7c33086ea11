"""CSV and TSV: every cell survives, every bad record is named, nothing is swallowed."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import bad, good, read

from ticketflow.errors import InvalidFile
from ticketflow.knowledge import delimited
from ticketflow.knowledge.delimited import MAX_RECORD_BYTES
from ticketflow.knowledge.records import BadRecord, Record

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
rows = st.lists(st.tuples(any_text, any_text), max_size=8)


@settings(max_examples=150, deadline=None)
@given(rows=rows, delimiter=st.sampled_from(",;\t|"))
def test_every_cell_survives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["one", "two"])
    writer.writerows(rows)
    path = tmp_path_factory.getbasetemp() / "round.csv"
    path.write_bytes(text.getvalue().encode())
    expected = [{"one": one, "two": two} for one, two in rows if not (one + two).isspace() and one + two]
    assert list(delimited.read(path)) == [
        Record(number, fields) for number, fields in zip(lines_of(text.getvalue(), delimiter), expected, strict=True)
    ]


def lines_of(text: str, delimiter: str) -> list[int]:
    """The line at which each record with content starts, counted from the text itself."""
    numbers: list[int] = []
    line = 1
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        if line > 1 and any(cell and not cell.isspace() for cell in row):
            numbers.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    return numbers


def test_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    items = read(tmp_path, 'text,label\r\n"one\r\ntwo\r\nthree",a\r\n\r\nfour,b\r\nfive\r\nsix,c\r\n')
    assert [item.number for item in items] == [2, 6, 7, 8]
    assert bad(items)[0][0] == 7


def test_a_quote_that_never_closes_costs_one_record(tmp_path: Path) -> None:
    lines = ['"left open,a', *[f"text {number},b" for number in range(2_000)]]
    items = read(tmp_path, "text,label\n" + "\n".join(lines))
    assert len(good(items)) == 2_000
    [(number, reason)] = bad(items)
    assert number == 2
    assert "quote opened on line 2 is not closed" in reason


def test_a_stray_quote_later_on_does_not_hide_what_lies_between(tmp_path: Path) -> None:
    items = read(tmp_path, 'text,label\n"left open,a\nfine,b\n"fine, too",c\nfine,d\n')
    assert [fields["label"] for fields in good(items)] == ["b", "c", "d"]
    assert bad(items) == [
        (2, "a quote opened on line 2 meets another on line 4; reading went on at the next line"),
    ]


def test_an_open_quote_is_given_up_at_the_limit(tmp_path: Path) -> None:
    filler = "x" * 99_990 + ",b\n"
    count = MAX_RECORD_BYTES // len(filler) + 5
    items = read(tmp_path, 'text,label\n"left open,a\n' + filler * count)
    assert len(good(items)) == count
    assert [number for number, _ in bad(items)] == [2]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("one,two,three", "it has 3 columns where the header has 2"),
        ("one", "it has 1 column where the header has 2"),
        ('"He said "hello" twice",x', "a quote inside a quoted text is written twice"),
        ("a\rb,x", "a carriage return stands inside an unquoted text"),
        ("with\0nul,x", "it holds a NUL byte at byte 5"),
    ],
)
def test_a_malformed_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str, reason: str) -> None:
    items = read(tmp_path, f"text,label\nbefore,a\n{row}\nafter,b\n")
    assert [fields["label"] for fields in good(items)] == ["a", "b"]
    [(number, told)] = bad(items)
    assert number == 3
    assert reason in told


def test_an_invalid_byte_is_placed_and_costs_its_record_only(tmp_path: Path) -> None:
    content = b"text,label\nfirst,a\n" + b'"two\nlines caf\xe9",b\n' + b"after,c\n"
    items = read(tmp_path, content)
    assert [fields["label"] for fields in good(items)] == ["a", "c"]
    [found] = [item for item in items if isinstance(item, BadRecord)]
    assert found.number == 3
    at = content.index(b"\xe9") + 1
    assert f"its line 4 is not valid UTF-8: byte 0xE9 at byte 10 of the line (byte {at} of the file)" in found.reason
    assert found.raw == '"two\nlines caf\\xe9",b'


def test_a_huge_line_is_refused_without_being_held(tmp_path: Path) -> None:
    items = read(tmp_path, "text,label\n" + "x" * 10_000_000 + ",a\nafter,b\n")
    assert [fields["label"] for fields in good(items)] == ["b"]
    [found] = [item for item in items if isinstance(item, BadRecord)]
    assert (found.number, len(found.raw) < 10_000) == (2, True)
    assert "it is 9.5 MB long; at most 4.0 MB" in found.reason


def test_a_long_field_below_the_limit_is_read(tmp_path: Path) -> None:
    items = read(tmp_path, f'text,label\n"{"word " * 100_000}",a\n')
    assert len(good(items)[0]["text"]) == 500_000


@pytest.mark.parametrize(
    ("name", "delimiter"), [("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", "\t"), ("t.csv", "|"), ("t", ";")]
)
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, name: str, delimiter: str) -> None:
    items = read(tmp_path, f'"text, long"{delimiter}label\none, two{delimiter}a\n', name)
    assert good(items) == [{"text, long": "one, two", "label": "a"}]


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    assert good(read(tmp_path, b"\xef\xbb\xbftext,label\na,b\n")) == [{"text": "a", "label": "b"}]


def test_rows_without_content_are_passed_over(tmp_path: Path) -> None:
    assert read(tmp_path, "text,label\n,\n  \n\na,b\n\n") == [Record(5, {"text": "a", "label": "b"})]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"text,label,text\na,b,c\n", "names 'text' more than once"),
        (b'"text,label\na,b\n', "The header of"),
        (b"te\xe9xt,label\na,b\n", "not valid UTF-8"),
        (b"text,label\ra,b\rc,d\r", "carriage returns only"),
        ("text,label\na,b\n".encode("utf-16"), "UTF-16"),
        (b"x" * 10_000_000, "9.5 MB long"),
    ],
)
def test_a_file_without_a_usable_header_is_refused_as_a_whole(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InvalidFile, match=words) as told:
        read(tmp_path, content)
    assert str(tmp_path / "tickets.csv") in str(told.value)
    assert told.value.remedy


def test_a_header_alone_is_a_file_without_records(tmp_path: Path) -> None:
    assert read(tmp_path, "text,label\n") == []

"""JSON and JSON Lines: the same promises as for CSV."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import bad, good, read

from ticketflow.errors import InvalidFile
from ticketflow.knowledge.records import BadRecord, Record, open_records

keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0."), min_size=1, max_size=8)
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
objects = st.lists(st.dictionaries(keys, values, min_size=1, max_size=4), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(objects=objects, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_every_value_of_an_array_survives(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, str]], indent: int | None, ascii_only: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.json"
    path.write_text(json.dumps(objects, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    assert good(list(open_records(path))) == objects


@settings(max_examples=60, deadline=None)
@given(objects=objects)
def test_every_value_of_json_lines_survives(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.jsonl"
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects), encoding="utf-8")
    assert list(open_records(path)) == [Record(number, each) for number, each in enumerate(objects, 1)]


def test_an_array_has_the_line_of_each_element(tmp_path: Path) -> None:
    items = read(tmp_path, '[\n {"text": "a"},\n\n {"text":\n "b"}, {"text": "c"}\n]\n', "t.json")
    assert [(item.number, item.fields["text"]) for item in items if isinstance(item, Record)] == [
        (2, "a"),
        (4, "b"),
        (5, "c"),
    ]


def test_the_one_array_of_an_object_holds_the_records(tmp_path: Path) -> None:
    content = (
        '{"count": 2, "errors": [], "page": {"next": [1, "]"]}, "tickets": [{"text": "a"}, {"text": "b"}], "x": 1}'
    )
    assert good(read(tmp_path, content, "t.json")) == [{"text": "a"}, {"text": "b"}]


def test_a_second_array_is_reported_and_not_mixed_in(tmp_path: Path) -> None:
    items = read(tmp_path, '{"tickets": [{"text": "a"}],\n"users": [{"name": "b"}]}', "t.json")
    assert good(items) == [{"text": "a"}]
    assert bad(items) == [(2, "users is a second array beside tickets; import it from a file of its own")]


def test_values_become_text_as_they_are_written(tmp_path: Path) -> None:
    items = read(
        tmp_path,
        '{"id": 12345678901234567890, "price": 1.10, "open": true, "note": null, "tags": ["a", "ü"], '
        '"from": {"name": "Ann", "more": {"city": "Bonn"}}}\n',
        "t.jsonl",
    )
    assert good(items) == [
        {
            "id": "12345678901234567890",
            "price": "1.10",
            "open": "true",
            "note": "",
            "tags": '["a", "ü"]',
            "from.name": "Ann",
            "from.more.city": "Bonn",
        }
    ]


BROKEN_ELEMENTS = [
    (b'{"text": "a" "b"}', "it is not valid JSON: Expecting ',' delimiter"),
    (b'"text"', "it is not a JSON object"),
    (b'{"text": "\\ud800"}', "the field 'text' holds half of a surrogate pair"),
    (b'{"text": "\\u0000"}', "the field 'text' holds a NUL character"),
    (b'{"text": "caf\xe9"}', "is not valid UTF-8: byte 0xE9"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "it is nested too deeply"),
]


@pytest.mark.parametrize(("element", "reason"), BROKEN_ELEMENTS, ids=[reason for _, reason in BROKEN_ELEMENTS])
@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_a_bad_element_is_named_and_the_rest_is_read(tmp_path: Path, element: bytes, reason: str, name: str) -> None:
    parts = [b'{"text": "before"}', element, b'{"text": "after"}']
    content = b"\n".join(parts) if name.endswith("l") else b"[" + b",\n".join(parts) + b"]"
    items = read(tmp_path, content, name)
    assert good(items) == [{"text": "before"}, {"text": "after"}]
    [(number, told)] = bad(items)
    assert number == 2
    assert reason in told


def test_the_place_of_an_invalid_byte_is_told_in_an_array(tmp_path: Path) -> None:
    content = b'[{"text": "a"},\n {"text":\n  "caf\xe9"}]'
    [found] = [item for item in read(tmp_path, content, "t.json") if isinstance(item, BadRecord)]
    at = content.index(b"\xe9")
    assert found.number == 2
    assert f"its line 3 is not valid UTF-8: byte 0xE9 at byte 7 of the line (byte {at + 1} of the file)" in found.reason


@pytest.mark.parametrize(
    ("content", "number", "reason"),
    [
        ('[{"text": "a"},\n{"text": "b"', 2, "the JSON that starts here is not closed"),
        ('[{"text": "a"},\n{"text": "b"}\n{"text": "c"}]', 2, "it is not valid JSON: Extra data"),
        ('[{"text": "a"},\n{"text": "b"}}]', 2, "the brackets do not match"),
        ('[{"text": "a"}]\n[1]', 2, "more text follows the end of the JSON"),
        ('[{"text": "a"},\n{"text": "open, "n": 1},\n{"text": "c"}]', 2, "is not closed"),
    ],
)
def test_where_brackets_do_not_match_the_loss_is_told(tmp_path: Path, content: str, number: int, reason: str) -> None:
    items = read(tmp_path, content, "t.json")
    assert good(items)[0] == {"text": "a"}
    told = bad(items)
    assert any(line == number and reason in sentence for line, sentence in told), told


def test_a_huge_element_is_refused_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"text": "a"},\n{"text": "' + "x" * 40_000_000 + '"},\n{"text": "c"}]')
    tracemalloc.start()
    items = list(open_records(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert good(items) == [{"text": "a"}, {"text": "c"}]
    assert bad(items) == [(2, "the object is 38.1 MB long, over the limit for one record")]
    assert peak < 25_000_000


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.json", "{}", "holds no array of records"),
        ("t.json", "[]", "there is none in it"),
        ("t.json", '{"a": 1', "holds no array of records"),
        ("t.json", "hello", "JSON records start with"),
        ("t.jsonl", "hello\nworld\n", "line 1: it is not valid JSON"),
        ("t.jsonl", "", "is empty"),
    ],
)
def test_a_file_without_any_record_is_refused_as_a_whole(tmp_path: Path, name: str, content: str, words: str) -> None:
    with pytest.raises(InvalidFile, match=words):
        read(tmp_path, content, name)


def test_objects_on_lines_are_recognised_whatever_the_name(tmp_path: Path) -> None:
    for name in ("t.json", "t.txt", "t"):
        assert len(good(read(tmp_path, '{"text": "a"}\n{"text": "b"}\n', name))) == 2

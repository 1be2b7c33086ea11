"""Whatever a model writes is an answer that fits, or Malformed: never a crash, and never something in between."""

import json
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from ticketflow.llm.parsing import MAX_CHARACTERS, MAX_DEPTH, Malformed, parse

JSON_FILES = Path(__file__).parents[4] / "shared" / "data" / "json_test_suite" / "test_parsing"

STRICTER = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
}
"""Files that are JSON, and that no model of good will writes."""


class Mood(StrEnum):
    CALM = "calm"
    ANGRY = "angry"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mood: Mood
    summary: str = Field(max_length=100)
    urgency: int = 0
    sources: list[Inner] = []


GOOD = '{"mood": "calm", "summary": "Wants a refund.", "urgency": 2, "sources": [{"id": "c1"}]}'
VALUE = Answer(mood=Mood.CALM, summary="Wants a refund.", urgency=2, sources=[Inner(id="c1")])


@pytest.mark.parametrize(
    "text", [GOOD, f" \n{GOOD}\n", f"```json\n{GOOD}\n```", f"```\n{GOOD}\n```\n", f"```json\r\n{GOOD}\r\n```"]
)
@pytest.mark.parametrize("finish_reason", [None, "stop"])
def test_a_good_answer_is_read_bare_or_in_one_fence(text: str, finish_reason: str | None) -> None:
    parsed = parse(text, Answer, finish_reason=finish_reason)
    assert (parsed.value, parsed.repaired) == (VALUE, False)


@pytest.mark.parametrize(
    "text",
    [
        f"Here it is: {GOOD}",
        f"{GOOD}\nAnything else?",
        f"```json\n{GOOD}",
        f"Sure!\n```json\n{GOOD}\n```",
        f"\ufeff{GOOD}",
    ],
)
def test_an_answer_among_words_is_marked_as_repaired(text: str) -> None:
    parsed = parse(text, Answer)
    assert (parsed.value, parsed.repaired) == (VALUE, True)


MALFORMED = {
    "empty": "",
    "blank": " \n\t",
    "prose": "I am sorry, I cannot help with that.",
    "cut off": GOOD[:-20],
    "cut off in a string": GOOD[:30],
    "no end": GOOD[:-1],
    "two objects": f"{GOOD}\n{GOOD}",
    "two fences": f"```json\n{GOOD}\n```\n```json\n{GOOD}\n```",
    "a list": f"[{GOOD}]",
    "a string": json.dumps(GOOD),
    "a number": "42",
    "null": "null",
    "a field is missing": '{"mood": "calm"}',
    "a field too many": GOOD.replace('"urgency"', '"approve": true, "urgency"'),
    "a text for a number": GOOD.replace("2", '"2"'),
    "a number for a text": GOOD.replace('"c1"', "1"),
    "null for a text": GOOD.replace('"c1"', "null"),
    "a word not in the list": GOOD.replace("calm", "furious"),
    "a word of another case": GOOD.replace("calm", "Calm"),
    "a text too long": GOOD.replace("Wants", "Wants " * 100),
    "a key twice": GOOD.replace('"urgency"', '"mood": "angry", "urgency"'),
    "a key twice, escaped": GOOD.replace('"urgency"', '"\\u006dood": "angry", "urgency"'),
    "a key twice inside": GOOD.replace('{"id": "c1"}', '{"id": "c1", "id": "c2"}'),
    "not a number": GOOD.replace("2", "NaN"),
    "infinity": GOOD.replace("2", "-Infinity"),
    "larger than a number": GOOD.replace("2", "1e999"),
    "endless digits": GOOD.replace("2", "9" * 5000),
    "nested too deep": GOOD.replace("2", "[" * 100_000 + "]" * 100_000),
    "half a surrogate pair": GOOD.replace("Wants", "\\ud800"),
    "NUL": GOOD.replace("Wants", "\\u0000"),
    "a raw line end in a text": GOOD.replace("Wants", "Wants\n"),
    "too long": GOOD + " " * MAX_CHARACTERS,
    "a comma too many": GOOD.replace("2,", "2,,"),
    "a comma at the end": GOOD.replace('"c1"}]}', '"c1"}],}'),
    "a comment": GOOD.replace("2,", "2, // soon\n"),
    "single quotes": GOOD.replace('"', "'"),
    "words of another language": GOOD.replace("2", "None"),
    "a page": "<html><body>502 Bad Gateway {}</body></html>",
    "braces the wrong way": "} {",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_does_not_fit_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Malformed, match=r"^[A-Z].*\.$") as refused:
        parse(text, Answer)
    assert "furious" not in str(refused.value), "what a model wrote is quoted nowhere"
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("reason", ["length", "content_filter", "tool_calls", "error", "whatever"])
def test_an_answer_that_did_not_end_by_itself_is_refused(reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse(GOOD, Answer, finish_reason=reason)


class Anything(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: Any


def nested(depth: int) -> str:
    return '{"value": ' + "[" * depth + "]" * depth + "}"


def test_depth_is_counted_outside_of_texts() -> None:
    parse(nested(MAX_DEPTH - 1), Anything)
    with pytest.raises(Malformed, match="nested"):
        parse(nested(MAX_DEPTH), Anything)
    brackets = json.dumps({"value": "[" * 1000 + '\\"' + "{" * 1000})
    assert parse(brackets, Anything).value.value.startswith("[[")


@pytest.mark.skipif(not JSON_FILES.exists(), reason="needs ../shared/data/json_test_suite")
def test_every_file_of_the_json_suite_is_read_or_refused() -> None:
    files = sorted(JSON_FILES.glob("*.json"))
    assert len(files) == 318
    for file in files:
        text = file.read_bytes().decode("utf-8", "replace")
        for body in (text, f'{{"value": {text}}}'):
            try:
                found = parse(body, Anything)
            except Malformed:
                assert body is text or not file.name.startswith("y_") or file.name in STRICTER, file.name
            else:
                assert not file.name.startswith("n_") or found.repaired, file.name


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.text() | json_values.map(json.dumps) | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
def test_nothing_crashes_it(text: str) -> None:
    try:
        parsed = parse(text, Answer)
    except Malformed:
        return
    assert isinstance(parsed.value, Answer)


@given(json_values)
def test_what_it_reads_is_what_any_strict_reader_reads(value: Any) -> None:
    body = json.dumps({"value": value}, allow_nan=False) if _plain(value) else None
    if body is None:
        return
    try:
        found = parse(body, Anything)
    except Malformed:
        return
    assert found.value.value == json.loads(body)["value"]
    assert not found.repaired


def _plain(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("quotes", ['\\"', '"', "\\\\", '"\\"'])
def test_hostile_quotes_are_read_in_seconds(quotes: str) -> None:
    began = time.process_time()
    with pytest.raises(Malformed):
        parse('{"' + quotes * ((MAX_CHARACTERS - 10) // len(quotes)) + "}", Answer)
    assert time.process_time() - began < 5.0  # what grows with the square takes half a minute


def test_the_recursion_limit_is_never_reached() -> None:
    with pytest.raises(Malformed):
        parse("{" + '"a":{' * (sys.getrecursionlimit() * 2), Answer)

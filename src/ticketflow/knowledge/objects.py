"""JSON and JSON Lines as records: an object is a record, a nested object's fields get dotted names."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ticketflow.knowledge.entries import KEPT_CHARACTERS, BadRecord, Record
from ticketflow.knowledge.jsonscan import Cursor, Span
from ticketflow.knowledge.lines import not_utf8, printable, read_lines

MAX_DEPTH = 8
REST_LOST = (
    "the rest of the file was not read; correct it here, or write JSON Lines, where a bad line costs only itself"
)


def read_lines_of_json(path: Path) -> Iterator[Record | BadRecord]:
    """One JSON object a line. Blank lines are passed over."""
    for line in read_lines(path):
        if line.flaw is not None:
            yield BadRecord(line.number, f"it {line.flaw}", printable(line.text.rstrip("\r\n"))[:KEPT_CHARACTERS])
        elif line.text.strip():
            yield _parse(line.number, line.text)


def read_json(path: Path) -> Iterator[Record | BadRecord]:
    """The objects of an array, or of the first array with elements among the members of one object.

    An element that is no valid object is bad by itself; where brackets do not match, reading ends with a BadRecord.
    """
    with path.open("rb") as file:
        cursor = Cursor(file)
        opening = cursor.peek()
        if opening == b"[":
            yield from _elements(cursor)
        elif opening == b"{":
            yield from _members(cursor)
        else:
            yield BadRecord(cursor.line, "JSON records start with [ or {", "")
            return
        if cursor.peek():
            yield BadRecord(
                cursor.line,
                "more text follows the end of the JSON; a file with an object on each line is named .jsonl",
                "",
            )


def _members(cursor: Cursor) -> Iterator[Record | BadRecord]:
    """The elements of the one array; other members are passed over, a second array is reported."""
    chosen: str | None = None
    for key in _keys(cursor):
        if cursor.peek() != b"[":
            cursor.span()
            continue
        number = cursor.line
        if chosen is None:
            for element in _elements(cursor):
                chosen = key
                yield element
        elif sum(1 for _ in _elements(cursor)):
            yield BadRecord(number, f"{key} is a second array beside {chosen}; import it from a file of its own", "")
    if chosen is None:
        yield BadRecord(cursor.line, "the object holds no array of records", "")


def _keys(cursor: Cursor) -> Iterator[str]:
    """Each member's name, the cursor standing at its value. Ends with the object, or where it is broken."""
    cursor.skip()
    while cursor.peek() == b'"':
        key = cursor.name()
        if cursor.peek() != b":":
            return
        cursor.skip()
        yield printable(key.decode(errors="surrogateescape"))
        if cursor.peek() == b",":
            cursor.skip()
    if cursor.peek() == b"}":
        cursor.skip()


def _elements(cursor: Cursor) -> Iterator[Record | BadRecord]:
    cursor.skip()
    if cursor.peek() == b"]":
        cursor.skip()
        return
    while True:
        cursor.peek()
        span = cursor.span()
        yield _parse_span(span)
        following = cursor.peek()
        if following not in {b",", b"]"}:
            if span.ended:
                yield BadRecord(cursor.line, f"the brackets do not match; {REST_LOST}", "")
            cursor.exhaust()
            return
        cursor.skip()
        if following == b"]":
            return


def _parse_span(span: Span) -> Record | BadRecord:
    raw = printable(span.data[:KEPT_CHARACTERS].decode(errors="surrogateescape"))
    if not span.ended:
        return BadRecord(span.line, f"the JSON that starts here is not closed; {REST_LOST}", raw)
    if span.cut:
        return BadRecord(span.line, f"the object is {span.megabytes} long, over the limit for one record", raw)
    try:
        text = span.data.decode()
    except UnicodeDecodeError as error:
        line_start = span.data.rfind(b"\n", 0, error.start) + 1
        column = error.start - line_start + (span.column if line_start == 0 else 0)
        number = span.line + span.data.count(b"\n", 0, error.start)
        file_offset = span.offset + error.start - column
        where = "it" if number == span.line else f"its line {number}"
        return BadRecord(span.line, f"{where} {not_utf8(span.data[error.start], column, file_offset)}", raw)
    return _parse(span.line, text)


def _parse(number: int, text: str) -> Record | BadRecord:
    raw = text.strip()[:KEPT_CHARACTERS]
    try:
        # Numbers stay as they are written: an id of 20 digits, or 1.10, is kept to the letter.
        value: Any = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        return BadRecord(number, f"it is not valid JSON: {error.msg} at character {error.pos + 1}", raw)
    except RecursionError:
        return BadRecord(number, "it is nested too deeply", raw)
    if not isinstance(value, dict):
        return BadRecord(number, "it is not a JSON object with named fields", raw)
    fields: dict[str, str] = {}
    _flatten("", value, fields, MAX_DEPTH)
    for name, content in fields.items():
        flaw = _flaw(name) or _flaw(content)
        if flaw:
            return BadRecord(number, f"the field {printable_name(name)} holds {flaw}", raw)
    return Record(number, fields)


def _flatten(prefix: str, value: dict[str, Any], fields: dict[str, str], depth: int) -> None:
    for key, content in value.items():
        name = prefix + key
        if isinstance(content, dict) and content and depth:
            _flatten(f"{name}.", content, fields, depth - 1)
        elif content is None:
            fields[name] = ""
        else:
            fields[name] = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _flaw(text: str) -> str | None:
    if "\0" in text:
        return "a NUL character"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair, which is no character"
    return None


def printable_name(name: str) -> str:
    """A field's name for a sentence, whatever it holds."""
    return repr(name[:80])

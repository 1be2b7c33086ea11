"""What a model said, as data: one JSON object, read by rules that no words in a ticket can bend.

Every JSON parser at hand lets the last of two equal keys win, so that an injected text could append a second
`"intent"`; here that is refused, as is whatever else two readers might understand differently.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 16
MAX_DIGITS = 400  # of a number: reading a long one takes time that grows with the square

_FENCE = re.compile(r"\A```(?:json|JSON)?[ \t]*\r?\n(.*?)\r?\n?```\Z", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)  # one without an end goes on to the text's, read once
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")

T = TypeVar("T", bound=BaseModel)


class Malformed(Exception):
    """The output is not what was asked for; the sentence says why, and quotes nothing of it."""


@dataclass(frozen=True)
class Parsed(Generic[T]):
    """A model's answer. `repaired`: words around it were cut off, so it may inform a person and send nothing."""

    value: T
    repaired: bool


def parse(text: str, schema: type[T], *, finish_reason: str | None = None) -> Parsed[T]:
    """The output as `schema`. Raises Malformed."""
    if finish_reason not in (None, "stop"):
        raise Malformed(f"The model ended with {finish_reason!r} instead of an end of its own.")
    if len(text) > MAX_CHARACTERS:
        raise Malformed(f"The output is longer than {MAX_CHARACTERS:,} characters.")
    bare = text.strip(" \t\r\n")
    fenced = _FENCE.match(bare)
    body = fenced[1].strip(" \t\r\n") if fenced else bare
    if body.startswith(("[", '"')):
        raise Malformed("The output is no JSON object.")
    repaired = not (body.startswith("{") and body.endswith("}"))
    if repaired:
        body = _only_object(body)
    found = _loads(body)
    try:
        # Through JSON again, because only there a strict schema takes a word for an enum's member.
        return Parsed(schema.model_validate_json(json.dumps(found), strict=True), repaired)
    except ValidationError as error:
        raise Malformed(_places(error)) from None


def _only_object(text: str) -> str:
    """The part from the first brace to the last, where there is one object in a heap of words."""
    first, last = text.find("{"), text.rfind("}")
    if first < 0 or last < first:
        raise Malformed("The output holds no JSON object.")
    return text[first : last + 1]


def _loads(body: str) -> Any:
    _check_depth(body)
    try:
        found = json.loads(
            body,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_number(int),
            parse_float=_number(float),
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"The output is no JSON: {error.msg.lower()} at character {error.pos}.") from None
    _check_texts(found)
    return found


def _check_depth(body: str) -> None:
    """Before parsing, because the parser recurses. Brackets inside strings do not count."""
    depth = 0
    for character in _STRING.sub("", body):
        if character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed(f"The output is nested more than {MAX_DEPTH} deep.")
        elif character in "}]":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("A key occurs twice.")
    return found


def _no_constant(name: str) -> Any:
    raise Malformed(f"The output holds {name}, which is no number.")


def _number(read: type[int] | type[float]) -> Any:
    def convert(digits: str) -> int | float:
        if len(digits) > MAX_DIGITS:
            raise Malformed("A number has too many digits.")
        number = read(digits)
        if number in (float("inf"), float("-inf")):
            raise Malformed("A number is too large.")
        return number

    return convert


def _check_texts(found: Any) -> None:
    for text in _texts(found):
        if _NO_TEXT.search(text):
            raise Malformed("A text holds NUL or half a surrogate pair.")


def _texts(found: Any) -> Iterable[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for key, value in found.items():
            yield key
            yield from _texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from _texts(value)


def _places(error: ValidationError) -> str:
    named = sorted(
        {".".join(str(part) for part in one["loc"]) or "the whole" for one in error.errors(include_url=False)}
    )
    return f"The output does not fit what was asked for: {', '.join(named[:5])}."

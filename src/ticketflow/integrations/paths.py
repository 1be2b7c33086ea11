"""Paths into a JSON document: what of RFC 9535 names one place, as `$.a.b`, `$['odd key']`, `$.items[0]`. Pure."""

import re
from typing import Any, NamedTuple, cast

from ticketflow.errors import InvalidInput

MAX_CHARACTERS = 500
MAX_STEPS = 20

PATTERN = r"\$(\.[A-Za-z_][A-Za-z0-9_]*|\['([^'\\\x00]|\\['\\])*'\]|\[(0|-?[1-9][0-9]{0,5})\]){0,20}"
"""The same as a regular expression, for descriptions."""

_STEP = re.compile(
    r"\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)"  # .name
    r"|\['(?P<quoted>(?:[^'\\]|\\['\\])*)'\]"  # ['any name']
    r"|\[(?P<index>0|-?[1-9][0-9]{0,5})\]"  # [0], [-1]
)


class Path(NamedTuple):
    """Names and positions, from the document's root on."""

    steps: tuple[str | int, ...]


def parse(text: str) -> Path:
    """The path that a text writes. Raises InvalidInput, which names the character that does not fit."""
    steps: list[str | int] = []
    at = 1
    if not text.startswith("$") or len(text) > MAX_CHARACTERS:
        raise InvalidInput(f"A path begins with $ and has at most {MAX_CHARACTERS} characters.", remedy=_REMEDY)
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or len(steps) == MAX_STEPS:
            raise InvalidInput(f"This is no path: it goes wrong at character {at + 1}.", remedy=_REMEDY)
        steps.append(_step(found))
        at = found.end()
    return Path(tuple(steps))


def look_up(path: Path, document: Any) -> Any:
    """What stands there; None where nothing does."""
    here = document
    for step in path.steps:
        if isinstance(step, str):
            here = cast(dict[str, Any], here).get(step) if isinstance(here, dict) else None
        else:
            inside = cast(list[Any], here) if isinstance(here, list) else []
            here = inside[step] if -len(inside) <= step < len(inside) else None
        if here is None:
            return None
    return here


def _step(found: re.Match[str]) -> str | int:
    if found["index"] is not None:
        return int(found["index"])
    if found["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", found["quoted"])
    return found["name"]


_REMEDY = "Write it as in $.customer.email, $['odd key'] or $.lines[0]."

"""Which column means what, and a record as a typed case or the reason why it cannot be one."""

import difflib
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ticketflow.clock import SECOND, from_iso, to_iso
from ticketflow.domain import Priority, Value
from ticketflow.errors import InvalidFile, InvalidInput
from ticketflow.knowledge.entries import BadRecord, Record

MAX_TEXT = 200_000
MAX_SUBJECT = 2_000
MAX_NAME = 190
COLUMNS_SHOWN, COLUMN_SHOWN = 30, 80
PROSE_CHARACTERS = 60
EARLIEST, LATEST = 631_152_000 * SECOND, 4_102_444_800 * SECOND  # 1990 and 2100

_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_NUMBER = re.compile(r"\d{9,16}(?:\.\d+)?")
_ZONE_WORD = re.compile(r"\s*(?:UTC|GMT)$")
_ZONE_APART = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")
_PRIORITIES = {priority.value: priority for priority in Priority} | {
    "medium": Priority.NORMAL,
    "standard": Priority.NORMAL,
    "minor": Priority.LOW,
    "major": Priority.HIGH,
    "critical": Priority.URGENT,
    "p1": Priority.URGENT,
    "p2": Priority.HIGH,
    "p3": Priority.NORMAL,
    "p4": Priority.LOW,
}


class Mapping(Value):
    """The name of the column that holds each thing. The text is in `text`, or in `subject` and `body`.

    `no_answer` are values of the answer's column that say that no answer fitted.
    """

    text: str | None = None
    subject: str | None = None
    body: str | None = None
    answer: str | None = None
    resolution: str | None = None
    category: str | None = None
    created_at: str | None = None
    id: str | None = None
    priority: str | None = None
    language: str | None = None
    no_answer: tuple[str, ...] = ()

    def check(self, path: Path, columns: Sequence[str]) -> None:
        """Raises InvalidInput when no column is said to hold the text, InvalidFile when the file lacks a column."""
        there = f"{path} has the columns {_listed(columns)}."
        if self.text is not None and (self.subject is not None or self.body is not None):
            raise InvalidInput(
                "--text cannot be combined with --subject or --body.",
                remedy="Use --text when one column holds the whole text.",
                field="text",
            )
        if self.text is None and self.subject is None and self.body is None:
            raise InvalidInput(
                f"No column is said to hold the tickets' text. {there}",
                remedy="Name it with --text COLUMN, or with --subject COLUMN --body COLUMN.",
                field="text",
            )
        for name, column in self.model_dump(exclude_none=True, exclude={"no_answer"}).items():
            if column not in columns:
                option = "--" + name.replace("_", "-")
                raise InvalidFile(
                    f"{path} has no column {column!r} ({option}).{_closest(column, columns)}",
                    remedy=f"Its columns are {_listed(columns)}{_naming(columns)}.",
                    field=name,
                )


@dataclass(frozen=True, slots=True)
class ImportedCase:
    """A resolved ticket of a file. `external_id` is the file's own id, or made of the content where it has none."""

    number: int
    external_id: str
    identified: bool
    subject: str
    body: str
    label: str | None
    resolution: str
    category: str | None
    priority: str | None
    language: str | None
    resolved_at: int | None
    content_hash: str


class _Unfit(ValueError):
    """Why a record cannot be a case."""


def to_case(mapping: Mapping, record: Record) -> ImportedCase | BadRecord:
    """The record as a case. Its reason, where it cannot be one, names the column and what was wanted."""
    cell = _Cells(mapping, record.fields)
    try:
        subject, body = _words(cell)
        label, category = cell.name("answer"), cell.name("category")
        label = None if label in mapping.no_answer else label
        given = cell.name("id")
        if mapping.id is not None and given is None:
            raise _Unfit(f"the column {mapping.id!r} (id) is empty")
        resolution = cell.text("resolution", MAX_TEXT)
        priority, language = _priority(cell), _language(cell)
        resolved_at = _time(cell)
    except _Unfit as error:
        return BadRecord(record.number, str(error), record.fields)
    content = [subject, body, label, resolution, category, priority, language, resolved_at]
    return ImportedCase(
        number=record.number,
        external_id=given or f"sha256:{_digest([subject, body, label])}",
        identified=given is not None,
        subject=subject,
        body=body,
        label=label,
        resolution=resolution,
        category=category,
        priority=priority,
        language=language,
        resolved_at=resolved_at,
        content_hash=_digest(content),
    )


class _Cells:
    """A record's cells by what they mean."""

    def __init__(self, mapping: Mapping, fields: dict[str, str]) -> None:
        self._mapping = mapping
        self._fields = fields

    def column(self, meaning: str) -> str | None:
        return getattr(self._mapping, meaning)

    def text(self, meaning: str, limit: int) -> str:
        column = self.column(meaning)
        text = self._fields.get(column, "").strip() if column is not None else ""
        if len(text) > limit:
            raise _Unfit(
                f"the column {column!r} ({meaning}) holds {len(text):,} characters; at most {limit:,} are taken"
            )
        return text

    def name(self, meaning: str) -> str | None:
        return self.text(meaning, MAX_NAME) or None


def _words(cell: _Cells) -> tuple[str, str]:
    subject = cell.text("subject", MAX_SUBJECT)
    body = cell.text("body", MAX_TEXT) or cell.text("text", MAX_TEXT)
    if not subject and not body:
        columns = [repr(cell.column(name)) for name in ("text", "subject", "body") if cell.column(name)]
        raise _Unfit(f"there is no text in {' or '.join(columns)}")
    return (subject, body) if body else ("", subject)


def _priority(cell: _Cells) -> str | None:
    given = cell.name("priority")
    if given is None:
        return None
    if given.lower() not in _PRIORITIES:
        raise _Unfit(f"the priority {given!r} is not one of low, normal, high, urgent")
    return _PRIORITIES[given.lower()].value


def _language(cell: _Cells) -> str | None:
    given = cell.name("language")
    if given is None:
        return None
    found = _LANGUAGE.fullmatch(given)
    if found is None:
        raise _Unfit(f"the language {given!r} is not a code such as en, de or pt-BR")
    return found.group(1).lower()


def _time(cell: _Cells) -> int | None:
    given = cell.name("created_at")
    if given is None:
        return None
    try:
        moment = _from_number(given) if _NUMBER.fullmatch(given) else _from_date(given)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise _Unfit(
            f"the date {given!r} is not understood; wanted is ISO 8601 (2024-01-31 or 2024-01-31T10:30:00Z) "
            "or seconds or milliseconds since 1970"
        )
    if not EARLIEST <= moment < LATEST:
        raise _Unfit(f"the date {given!r} means {to_iso(moment)[:10]}, which is not between 1990 and 2099")
    return moment


def _from_number(text: str) -> int:
    value = float(text)
    if value < 1e11:
        return round(value * SECOND)
    return round(value * (SECOND // 1_000)) if value < 1e14 else round(value)


def _from_date(text: str) -> int:
    return from_iso(_ZONE_APART.sub("", _ZONE_WORD.sub("+00:00", text)))


def _digest(values: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(list(values), ensure_ascii=False).encode()).hexdigest()


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(name[:COLUMN_SHOWN] for name in columns[:COLUMNS_SHOWN])
    return f"{shown} and {len(columns) - COLUMNS_SHOWN} more" if len(columns) > COLUMNS_SHOWN else shown


def _naming(columns: Sequence[str]) -> str:
    prose = any(len(name) > PROSE_CHARACTERS or name.endswith((".", "?", "!")) for name in columns)
    return "; that looks like data: add a first line that names the columns" if prose else ""


def _closest(column: str, columns: Sequence[str]) -> str:
    lowered = {name.lower(): name for name in columns}
    close = difflib.get_close_matches(column.lower(), lowered, n=1, cutoff=0.6)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""

"""A file of records as a stream: what could be read, and what could not with its line and the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ticketflow.errors import InvalidFile
from ticketflow.knowledge import delimited, objects
from ticketflow.knowledge.entries import BadRecord, Record
from ticketflow.knowledge.sniffing import Format, sniff

SAMPLE = 1_000

__all__ = ["BadRecord", "Record", "RecordFile", "open_records"]


@dataclass(frozen=True)
class RecordFile:
    """A file whose kind and columns are known. Iterating reads it from the start, each time anew, in bounded memory."""

    path: Path
    format: Format
    columns: tuple[str, ...]

    def __iter__(self) -> Iterator[Record | BadRecord]:
        return _read(self.path, self.format)


def open_records(path: Path) -> RecordFile:
    """The file, its format and its columns (for JSON: those of its first SAMPLE records).

    Raises InvalidFile with the remedy for a file that holds no records: missing, empty, binary, without a header.
    """
    found = sniff(path)
    if found is Format.DELIMITED:
        return RecordFile(path, found, delimited.header(path))
    columns: dict[str, None] = {}
    bad: BadRecord | None = None
    for record in islice(_read(path, found), SAMPLE):
        if isinstance(record, Record):
            columns.update(dict.fromkeys(record.fields))
        else:
            bad = bad or record
    if not columns:
        why = f"line {bad.number}: {bad.reason}" if bad else "there is none in it"
        raise InvalidFile(f"{path} holds no record that can be read; {why}.", remedy="Give one JSON object a record.")
    return RecordFile(path, found, tuple(columns))


def _read(path: Path, kind: Format) -> Iterator[Record | BadRecord]:
    if kind is Format.DELIMITED:
        return delimited.read(path)
    return objects.read_lines_of_json(path) if kind is Format.JSON_LINES else objects.read_json(path)

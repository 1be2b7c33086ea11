"""CSV and TSV as records. A quote that is never closed costs one record, not the rest of the file."""

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from ticketflow.errors import InvalidFile
from ticketflow.knowledge.entries import KEPT_CHARACTERS, BadRecord, Record
from ticketflow.knowledge.lines import MAX_LINE_BYTES, Line, megabytes, printable, read_lines
from ticketflow.knowledge.sniffing import delimiter_of

MAX_RECORD_BYTES = MAX_LINE_BYTES


class _Unbounded(Exception):
    """A record goes on for more than MAX_RECORD_BYTES."""


class _Feed:
    """Lines for csv.reader, which remembers those of the record at hand so that they can be read again."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self.taken: list[Line] = []
        self._size = 0

    def begin_record(self) -> None:
        self.taken, self._size = [], 0

    def rewind(self) -> None:
        """Hand out all lines of the record at hand again, but for its first."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.taken = self.taken[:1]

    def take(self) -> Line | None:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is not None:
            self.taken.append(line)
            self._size += line.size
        return line

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.take()
        if line is None:
            raise StopIteration
        if self._size > MAX_RECORD_BYTES or line.oversized:
            raise _Unbounded
        return line.text


def header(path: Path) -> tuple[str, ...]:
    """The names of the columns, a blank one as `column N`. Raises InvalidFile when the first line is no header."""
    names, _ = _header(path, _Feed(read_lines(path)))
    return names


def read(path: Path) -> Iterator[Record | BadRecord]:
    """Every record after the header. Lines without any content are passed over. Raises InvalidFile as `header` does."""
    feed = _Feed(read_lines(path))
    columns, delimiter = _header(path, feed)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_Unbounded, csv.Error) as error:
            yield _broken(feed, error)
            feed.rewind()
            continue
        if any(cell and not cell.isspace() for cell in cells):
            yield _record(columns, cells, feed.taken)


def _header(path: Path, feed: _Feed) -> tuple[tuple[str, ...], str]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES))
    first = feed.take()
    while first is not None and not first.text.strip():
        first = feed.take()
    if first is None:
        raise InvalidFile(f"{path} is empty.", remedy="There is nothing to import.")
    if first.flaw:
        raise InvalidFile(
            f"The header of {path} cannot be read: line {first.number} {first.flaw}.",
            remedy="Line 1 names the columns.",
        )
    delimiter = delimiter_of(path, first.text)
    try:
        cells = [cell.strip() for cell in next(csv.reader([first.text], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise InvalidFile(
            f"The header of {path} (line {first.number}) cannot be read: {error}.",
            remedy="Put the column names on one line and close every quote.",
        ) from error
    names = tuple(cell or f"column {number}" for number, cell in enumerate(cells, 1))
    _refuse_names(path, names)
    return names, delimiter


def _refuse_names(path: Path, names: tuple[str, ...]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidFile(
            f"The header of {path} names {', '.join(map(repr, twice))} more than once.",
            remedy="Give every column a name of its own.",
        )


def _record(columns: tuple[str, ...], cells: list[str], taken: list[Line]) -> Record | BadRecord:
    number = taken[0].number
    flaw = next((_flaw(number, line.number, line.flaw) for line in taken if line.flaw), None)
    if flaw is None and len(cells) != len(columns):
        more = len(cells) > len(columns)
        hint = "a delimiter inside a text needs quotes around the text" if more else "a cell is missing, or a quote"
        flaw = f"it has {_columns(len(cells))} where the header has {_columns(len(columns))}; {hint}"
    if flaw is not None:
        return BadRecord(number, flaw, _raw(taken))
    return Record(number, dict(zip(columns, cells, strict=True)))


def _flaw(number: int, line: int, flaw: str) -> str:
    return f"it {flaw}" if line == number else f"its line {line} {flaw}"


def _columns(count: int) -> str:
    return f"{count} column" if count == 1 else f"{count} columns"


def _broken(feed: _Feed, error: Exception) -> BadRecord:
    first = feed.taken[0]
    if first.oversized and first.flaw:
        return BadRecord(first.number, f"it {first.flaw}", _raw([first]))
    if isinstance(error, _Unbounded) or "unexpected end of data" in str(error):
        reason = (
            f"a quote opened on line {first.number} is not closed within {megabytes(MAX_RECORD_BYTES)} "
            "or before the file ends; reading went on at the next line"
        )
    elif len(feed.taken) > 1:
        last = feed.taken[-1].number
        reason = f"a quote opened on line {first.number} meets another on line {last}; reading went on at the next line"
    elif "new-line" in str(error):
        reason = "a carriage return stands inside an unquoted text"
    else:
        reason = f"its quotes are wrong ({error}); a quote inside a quoted text is written twice"
    return BadRecord(first.number, reason, _raw([first]))


def _raw(lines: list[Line]) -> str:
    return printable("".join(line.text for line in lines).rstrip("\r\n"))[:KEPT_CHARACTERS]

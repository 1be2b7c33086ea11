"""Finds where the values of a JSON file begin and end, in bounded memory. Does not decide whether they are valid."""

import re
from dataclasses import dataclass
from typing import BinaryIO

from ticketflow.knowledge.lines import BOM, MAX_LINE_BYTES, megabytes

BLOCK_BYTES = 1 << 20

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRUCTURE = re.compile(rb'["{}\[\],]')
_IN_STRING = re.compile(rb'["\\\n]')  # a string holds no raw line feed, so one ends a string that was left open


@dataclass(frozen=True)
class Span:
    """One value's bytes (its beginning only where `cut`), and where it starts; not `ended` when the file ran out."""

    line: int
    column: int
    offset: int
    data: bytes
    size: int
    ended: bool

    @property
    def cut(self) -> bool:
        """Whether the value is over the limit and `data` holds its beginning only."""
        return self.size > len(self.data)

    @property
    def megabytes(self) -> str:
        """Its length for a sentence."""
        return megabytes(self.size)


class Cursor:
    """A place in a JSON file that only moves forward. `line` is the line it stands on, from 1."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = file.read(BLOCK_BYTES).removeprefix(BOM)
        self._at = 0
        self._offset = file.tell() - len(self._buffer)
        self._line_start = self._offset
        self.line = 1

    def peek(self) -> bytes:
        """The next byte that is no space, without passing it; empty at the end of the file."""
        while True:
            found = _SPACE.match(self._buffer, self._at)
            self._move(found.end() if found else self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._refill():
                return b""

    def skip(self) -> None:
        """Pass the byte that `peek` showed."""
        self._move(self._at + 1)

    def exhaust(self) -> None:
        """Go to the end of the file."""
        while self._refill():
            pass

    def name(self) -> bytes:
        """Pass a string in quotes; its bytes without them, escapes as they are written."""
        self.skip()
        return self._scan(in_string=True).data[:-1]

    def span(self) -> Span:
        """Pass one value, up to the comma or closing bracket that follows it."""
        return self._scan(in_string=False)

    def _scan(self, *, in_string: bool) -> Span:
        line, column, offset = self.line, self._offset + self._at - self._line_start, self._offset + self._at
        only_string, kept, size, depth, begin, place, ended = in_string, bytearray(), 0, 0, self._at, self._at, False
        while not ended:
            found = (_IN_STRING if in_string else _STRUCTURE).search(self._buffer, place)
            if found is None:
                size += len(self._buffer) - begin
                kept += self._buffer[begin : begin + max(0, MAX_LINE_BYTES - len(kept))]
                overhang = max(0, place - len(self._buffer))  # an escape whose second byte is in the next block
                if not self._refill():
                    break
                begin, place = 0, overhang
                continue
            token, place = found.group(), found.end()
            if in_string:
                place += token == b"\\"
                in_string = token == b"\\"
                ended = only_string and not in_string
            elif token == b'"':
                in_string = True
            elif token in b"{[":
                depth += 1
            elif depth and token in b"}]":
                depth -= 1
            elif not depth:
                place, ended = found.start(), True
        if ended:
            size += place - begin
            kept += self._buffer[begin : min(place, begin + max(0, MAX_LINE_BYTES - len(kept)))]
            self._move(place)
        return Span(line, column, offset, bytes(kept), size, ended)

    def _move(self, place: int) -> None:
        passed = self._buffer.count(b"\n", self._at, place)
        if passed:
            self.line += passed
            self._line_start = self._offset + self._buffer.rfind(b"\n", self._at, place) + 1
        self._at = place

    def _refill(self) -> bool:
        self._move(len(self._buffer))
        self._offset += len(self._buffer)
        self._buffer, self._at = self._file.read(BLOCK_BYTES), 0
        return bool(self._buffer)

"""The physical lines of a text file, numbered as an editor does, in bounded memory. Knows nothing of CSV or JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_LINE_BYTES = 4 << 20
"""Longest line that is read whole: room for four texts at their limit."""
KEPT_BYTES = 2_000
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its terminator.

    `text` carries bytes that are not UTF-8 as lone surrogates. `flaw` ("is ...", "holds ...") says why the line is no
    clean text. An `oversized` line holds its beginning only.
    """

    number: int
    text: str
    size: int
    flaw: str | None = None
    oversized: bool = False


def read_lines(path: Path) -> Iterator[Line]:
    """Every line of the file, the first being number 1. Raises OSError."""
    with path.open("rb") as file:
        offset = len(BOM) if file.read(len(BOM)) == BOM else 0
        file.seek(offset)
        number = 1
        while data := file.readline(MAX_LINE_BYTES + 1):
            line = _line(number, offset, data) if len(data) <= MAX_LINE_BYTES else _oversized(number, data, file)
            yield line
            offset += line.size
            number += 1


def _line(number: int, offset: int, data: bytes) -> Line:
    flaw = None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        text = data.decode(errors="surrogateescape")
        flaw = not_utf8(data[error.start], error.start, offset)
    if flaw is None and "\0" in text:
        flaw = f"holds a NUL byte at byte {data.index(0) + 1}"
    return Line(number, text, len(data), flaw)


def not_utf8(byte: int, at: int, offset: int) -> str:
    """What is to be said of an invalid byte, `at` bytes into a line that starts at `offset` of the file."""
    return (
        f"is not valid UTF-8: byte 0x{byte:02X} at byte {at + 1} of the line "
        f"(byte {offset + at + 1:,} of the file); save the file as UTF-8"
    )


def _oversized(number: int, data: bytes, file: BinaryIO) -> Line:
    size, piece = len(data), data
    while piece and not piece.endswith(b"\n"):
        piece = file.readline(MAX_LINE_BYTES)
        size += len(piece)
    flaw = f"is {megabytes(size)} long; at most {megabytes(MAX_LINE_BYTES)} fit into one record"
    return Line(number, data[:KEPT_BYTES].decode(errors="surrogateescape"), size, flaw, oversized=True)


def megabytes(size: int) -> str:
    """A number of bytes for a sentence."""
    return f"{size / (1 << 20):.1f} MB"


def printable(text: str) -> str:
    """Text that can be written as UTF-8 again: bytes that were none show as \\xNN."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

"""What kind of file this is, from its name and its first bytes; refuses what cannot be records, with the remedy."""

import json
import stat
from enum import StrEnum
from pathlib import Path

from ticketflow.errors import InvalidFile
from ticketflow.knowledge.lines import BOM

HEAD_BYTES = 64 << 10
DELIMITERS = ",;\t|"
REMEDY = "Give a CSV, TSV, JSON or JSONL file in UTF-8."
CONTROLS, CONTROL_SHARE = 16, 0.05

_SIGNATURES = (
    (b"PK\x03\x04", "an Excel or zip file", "Open it in the spreadsheet program and save it as CSV (UTF-8)."),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "Open it in the spreadsheet program and save it as CSV (UTF-8)."),
    (b"\x89PNG", "a PNG picture", REMEDY),
    (b"\xff\xd8\xff", "a JPEG picture", REMEDY),
    (b"GIF8", "a GIF picture", REMEDY),
    (b"%PDF", "a PDF document", REMEDY),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it first."),
    (b"SQLite format 3", "an SQLite database", REMEDY),
    (b"\xff\xfe", "UTF-16 text", "Save it as UTF-8."),
    (b"\xfe\xff", "UTF-16 text", "Save it as UTF-8."),
)
_TEXT_CONTROLS = b"\t\n\r\x0b\x0c\x1b"


class Format(StrEnum):
    """How the records are written."""

    DELIMITED = "delimited"
    JSON = "json"
    JSON_LINES = "jsonl"


def sniff(path: Path) -> Format:
    """The format by the file's extension, otherwise by its beginning.

    Raises InvalidFile for what is missing, empty, a folder, binary, or text in another encoding.
    """
    head = _head(path).removeprefix(BOM)
    _refuse_binary(path, head)
    if not head.strip():
        raise InvalidFile(f"{path} is empty.", remedy="There is nothing to import.")
    extension = path.suffix.lower()
    if extension in {".csv", ".tsv", ".tab"}:
        _refuse_carriage_returns(path, head)
        return Format.DELIMITED
    if extension in {".jsonl", ".ndjson"}:
        return Format.JSON_LINES
    first = head.lstrip()[:1]
    if first == b"[" or (extension == ".json" and first != b"{"):
        return Format.JSON
    if first == b"{":
        return Format.JSON_LINES if _is_json_lines(head) else Format.JSON
    _refuse_carriage_returns(path, head)
    return Format.DELIMITED


def delimiter_of(path: Path, header: str) -> str:
    """The delimiter that the header line uses most outside quotes; a tab for .tsv, a comma where there is none."""
    if path.suffix.lower() in {".tsv", ".tab"}:
        return "\t"
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _head(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InvalidFile(f"{path} is a folder.", remedy="Give one file.")
        if not stat.S_ISREG(mode):
            raise InvalidFile(f"{path} is not a regular file.", remedy="Save its content to a file and give that.")
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise InvalidFile(f"{path} does not exist.", remedy="Check the path.") from error
    except OSError as error:
        raise InvalidFile(f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions.") from error


def _refuse_binary(path: Path, head: bytes) -> None:
    for signature, what, remedy in _SIGNATURES:
        if head.startswith(signature):
            raise InvalidFile(f"{path} looks like {what}.", remedy=remedy)
    start = head[:8192]
    controls = sum(1 for byte in start if byte < 32 and byte not in _TEXT_CONTROLS)
    if controls > max(CONTROLS, CONTROL_SHARE * len(start)):
        raise InvalidFile(f"{path} is not text: it is full of control bytes.", remedy=REMEDY)


def _refuse_carriage_returns(path: Path, head: bytes) -> None:
    if b"\r" in head[:-1] and b"\n" not in head:
        raise InvalidFile(
            f"{path} ends its lines with carriage returns only.", remedy="Save it with line feeds (Unix or Windows)."
        )


def _is_json_lines(head: bytes) -> bool:
    first, _, rest = head.lstrip().partition(b"\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return rest.lstrip().startswith(b"{")

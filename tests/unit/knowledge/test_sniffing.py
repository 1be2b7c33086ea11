"""What is no file of records is refused with a sentence that says what it is and what to do."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from ticketflow.errors import InvalidFile
from ticketflow.knowledge.sniffing import Format, delimiter_of, sniff


def excel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (excel(), "looks like an Excel", "save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "an old Excel file", "save it as CSV"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG picture", "Give a CSV"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document", "Give a CSV"),
        (b"\x1f\x8b\x08\x00", "a gzip archive", "Unpack"),
        (b"\xff\xfet\x00e\x00", "UTF-16", "UTF-8"),
        (bytes(range(256)) * 40, "not text", "Give a CSV"),
    ],
)
def test_binary_content_is_named_whatever_the_extension(tmp_path: Path, content: bytes, what: str, remedy: str) -> None:
    for name in ("tickets.csv", "tickets.jsonl", "tickets"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InvalidFile, match=what) as told:
            sniff(path)
        assert remedy in str(told.value)


def test_a_folder_a_pipe_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="is a folder"):
        sniff(tmp_path)
    with pytest.raises(InvalidFile, match="does not exist"):
        sniff(tmp_path / "missing.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InvalidFile, match="not a regular file"):
        sniff(tmp_path / "pipe.csv")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "[1] first,second\n", Format.DELIMITED),
        ("a.TSV", "a\tb\n", Format.DELIMITED),
        ("a.jsonl", '{"a": 1}\n', Format.JSON_LINES),
        ("a.ndjson", '{"a": 1}\n', Format.JSON_LINES),
        ("a.json", '{"tickets": []}', Format.JSON),
        ("a.json", '[{"a": 1}]', Format.JSON),
        ("a.json", '{"a": 1}\n{"a": 2}\n', Format.JSON_LINES),
        ("a.txt", ' [{"a": 1}]', Format.JSON),
        ("a.txt", "a,b\n", Format.DELIMITED),
    ],
)
def test_the_extension_decides_and_otherwise_the_beginning(
    tmp_path: Path, name: str, content: str, expected: Format
) -> None:
    (tmp_path / name).write_text(content)
    assert sniff(tmp_path / name) is expected


def test_delimiters_inside_quotes_do_not_count() -> None:
    assert delimiter_of(Path("a.csv"), '"a,b,c";"d,e";f') == ";"
    assert delimiter_of(Path("a.csv"), "only") == ","

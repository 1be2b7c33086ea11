"""`ticketflow import` with everything a file can be wrong in: a sentence, an exit code, and nothing half-written."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import func, select

from ticketflow import cli
from ticketflow.clock import SystemClock
from ticketflow.config import Config
from ticketflow.db import sqlite
from ticketflow.db.tables import answer, case, chunk, imports
from ticketflow.runtime import open_database

DONE, NOTHING_WENT_IN, WRONG_INPUT, NOT_READY = 0, 1, 2, 3


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`ticketflow import FILE ...` in this process, on a home folder of the test's own, without learning."""
    monkeypatch.setenv("COLUMNS", "200")

    def command(file: Path, *options: str) -> Ended:
        home = str(tmp_path / "home")
        monkeypatch.setattr(sys, "argv", ["ticketflow", "import", str(file), "--home", home, "--no-refit", *options])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return Ended(int(ended.value.code or 0), told.out, told.err)

    return command


def stored(tmp_path: Path) -> dict[str, int]:
    """How many rows there are; none of anything where not even a home folder was made."""
    tables = {"cases": case, "answers": answer, "chunks": chunk, "imports": imports}
    if not (tmp_path / "home").exists():
        return dict.fromkeys(tables, 0)
    database = open_database(Config(home=tmp_path / "home"), SystemClock())
    with database.read() as session:
        found = {
            name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.items()
        }
    database.close()
    return found


def excel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


WHOLE_FILES: list[tuple[str, bytes, str, str]] = [
    ("empty", b"", "is empty", "nothing to import"),
    ("blank", b"\n\n  \n", "is empty", "nothing to import"),
    ("picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "a PNG picture", "Give a CSV"),
    ("excel", excel(), "looks like an Excel", "save it as CSV"),
    ("noise", bytes(range(256)) * 100, "not text", "Give a CSV"),
    ("utf16", "text,label\na,b\n".encode("utf-16"), "UTF-16", "Save it as UTF-8"),
    ("one 10 MB line", b"x" * 10_000_000, "line 1 is 9.5 MB long", "Line 1 names the columns"),
    ("wrong columns", b"txt,label\na,b\n", "has no column 'text' (--text). Did you mean 'txt'?", "txt, label"),
    (
        "no header",
        b"Where is my card?,card_arrival\n",
        "looks like data",
        "add a first",
    ),
    ("twice the same column", b"text,label,text\na,b,c\n", "names 'text' more than once", "a name of its own"),
    ("header not UTF-8", b"text,label,caf\xe9\na,b,c\n", "byte 0xE9 at byte 15", "save the file as UTF-8"),
]


@pytest.mark.parametrize(
    ("content", "what", "remedy"), [row[1:] for row in WHOLE_FILES], ids=[row[0] for row in WHOLE_FILES]
)
def test_an_unusable_file_is_refused_before_anything_is_made(
    run: Run, tmp_path: Path, content: bytes, what: str, remedy: str
) -> None:
    path = tmp_path / "tickets.csv"
    path.write_bytes(content)
    ended = run(path, "--text", "text", "--answer", "label")
    assert (ended.code, ended.out) == (WRONG_INPUT, "")
    assert ended.err.startswith(f"Error: {path}") or f"of {path}" in ended.err
    assert what in ended.err
    assert remedy in ended.err
    assert [item.name for item in tmp_path.iterdir()] == ["tickets.csv"]


def test_a_missing_file_a_folder_and_a_missing_option_are_told(run: Run, tmp_path: Path) -> None:
    assert "does not exist" in run(tmp_path / "missing.csv", "--text", "text").err
    assert "is a folder" in run(tmp_path, "--text", "text").err
    path = tmp_path / "a.csv"
    path.write_text("question,label\na,b\n")
    ended = run(path)
    assert ended.code == WRONG_INPUT
    assert "No column is said to hold the tickets' text" in ended.err
    assert "question, label" in ended.err


BAD_RECORDS: list[tuple[str, bytes, str]] = [
    ("malformed", b'"left open,a', "a quote opened on line 3"),
    ("too many columns", b"one,two,three", "it has 3 columns where the header has 2"),
    ("too few columns", b"one", "it has 1 column where the header has 2"),
    ("invalid UTF-8", b"caf\xe9,a", "it is not valid UTF-8: byte 0xE9 at byte 4 of the line (byte 23 of the file)"),
    ("NUL", b"a\0b,a", "it holds a NUL byte at byte 2"),
    ("10 MB line", b"x" * 10_000_000 + b",a", "it is 9.5 MB long"),
    ("3 MB text", b"x" * 3_000_000 + b",a", "the column 'text' (text) holds 3,000,000 characters; at most 200,000"),
    ("no text", b",a", "there is no text in 'text'"),
]


@pytest.mark.parametrize(("record", "reason"), [row[1:] for row in BAD_RECORDS], ids=[row[0] for row in BAD_RECORDS])
def test_a_bad_record_is_named_and_set_aside_and_the_rest_goes_in(
    run: Run, tmp_path: Path, record: bytes, reason: str
) -> None:
    path = tmp_path / "tickets.csv"
    path.write_bytes(b"text,label\nfirst,a\n" + record + b"\nlast,b\n")
    ended = run(path, "--text", "text", "--answer", "label")
    rejects = tmp_path / "tickets.csv.rejects.jsonl"
    assert ended.code == DONE
    assert f"1 of 3 records were set aside; see {rejects}" in ended.err
    assert f"line 3: {reason}" in ended.err
    [line] = [json.loads(line) for line in rejects.read_text("utf-8").splitlines()]
    assert line["line"] == 3
    assert reason in line["reason"]
    assert stored(tmp_path) == {"cases": 2, "answers": 2, "chunks": 4, "imports": 1}


def test_repeated_ids_are_rejected_with_the_line_of_the_first(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("id,text,label\n1,one,a\n2,two,a\n1,three,b\n")
    ended = run(path, "--text", "text", "--answer", "label", "--id", "id", "--json")
    told: dict[str, Any] = json.loads(ended.out)
    assert (ended.code, told["added"], told["rejected"]) == (DONE, 2, 1)
    assert told["problems"] == [{"line": 4, "reason": "its id '1' was given on line 2 already"}]
    assert stored(tmp_path)["answers"] == 1, "a label that only a rejected record names makes no answer"


def test_when_nothing_could_be_used_the_exit_code_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("text,label\n,a\n,b\n")
    assert run(path, "--text", "text", "--answer", "label").code == NOTHING_WENT_IN
    assert stored(tmp_path)["cases"] == 0


def test_a_full_disk_is_told_with_how_far_it_got_and_the_same_command_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("text,label\n" + "".join(f"question {n} about thing {n % 50},label {n % 9}\n" for n in range(600)))
    options = ("--text", "text", "--answer", "label")
    assert run(path, *options, "--dry-run").code == DONE
    monkeypatch.setattr(sqlite, "PRAGMAS", (*sqlite.PRAGMAS, "PRAGMA max_page_count = 250"))
    full = run(path, *options)
    assert full.code == NOT_READY
    assert "The database's disk is full." in full.err
    assert "256 of 600 records" in full.err
    assert "run the same command again: it goes on from there" in full.err
    assert stored(tmp_path)["cases"] == 256
    monkeypatch.undo()
    monkeypatch.setenv("COLUMNS", "200")
    again = run(path, *options, "--json")
    told = json.loads(again.out)
    assert (again.code, told["resumed_at"], told["added"]) == (DONE, 256, 600)
    assert stored(tmp_path) == {"cases": 600, "answers": 9, "chunks": 609, "imports": 1}
    assert "was imported already" in run(path, *options).err


def test_the_installed_command_ends_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_bytes(b"")
    ended = subprocess.run(
        [sys.executable, "-m", "ticketflow", "import", str(path), "--text", "text"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (WRONG_INPUT, "")
    assert "is empty" in ended.stderr
    assert "Traceback" not in ended.stderr

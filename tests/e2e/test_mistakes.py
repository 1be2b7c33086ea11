"""A user's mistakes on the command line: one sentence that names the place, an exit code, and nothing half-written."""

import json
import os
import re
from pathlib import Path

import pytest
from e2e_harness import Command
from sqlalchemy import func, select

from ticketflow.clock import SystemClock
from ticketflow.config import Config
from ticketflow.db import sqlite
from ticketflow.db.tables import ticket
from ticketflow.runtime import open_database

DONE, FAILED, WRONG, NOT_READY = 0, 1, 2, 3

VARIABLES = [
    ("TICKETFLOW_PORT", "abc", "TICKETFLOW_PORT cannot be used: it should be a valid integer"),
    ("TICKETFLOW_PORT", "70000", "TICKETFLOW_PORT cannot be used: it should be less than or equal to 65535"),
    ("TICKETFLOW_LLM", "gpt", "TICKETFLOW_LLM cannot be used: it is no JSON"),
    ("TICKETFLOW_LLM", "{}", "TICKETFLOW_LLM cannot be used: it should be a valid tuple"),
    ("TICKETFLOW_LLM", '[{"name": "a"}]', "TICKETFLOW_LLM cannot be used: entry 1 has no base_url"),
    (
        "TICKETFLOW_LLM",
        '[{"name": "a", "base_url": "nowhere", "model": "m"}]',
        "base_url of entry 1 should be a valid URL",
    ),
    (
        "TICKETFLOW_LLM",
        '[{"name": "a", "base_url": "http://x/v1", "model": "m", "key": "sk-1"}]',
        "entry 1 has a field key, which there is not",
    ),
    ("TICKETFLOW_LOG_LEVEL", "loud", "TICKETFLOW_LOG_LEVEL cannot be used: it should be 'DEBUG', 'INFO'"),
    ("TICKETFLOW_LEASE_SECONDS", "0", "TICKETFLOW_LEASE_SECONDS cannot be used: it should be greater than 0"),
    ("TICKETFLOW_WORKSPACE", "No Spaces", "TICKETFLOW_WORKSPACE cannot be used: it may hold small letters"),
    (
        "TICKETFLOW_SECRET_KEY",
        "tooshort",
        "TICKETFLOW_SECRET_KEY cannot be used: it should have at least 32 characters",
    ),
    ("TICKETFLOW_DATABASE_URL", "nonsense", "TICKETFLOW_DATABASE_URL is not a database URL"),
    ("TICKETFLOW_DATABASE_URL", "postgresql://me:pass@host/x", "names a 'postgresql' database; this version speaks"),
    ("TICKETFLOW_DATABASE_URL", "mysql+mysqldb://me:pass@host/x", "names a 'mysql+mysqldb' database"),
    ("TICKETFLOW_DATABASE_URL", "mysql+pymysql://me:pass@host", "names a server, but no database on it"),
    ("TICKETFLOW_DATABASE_URL", "sqlite+odd:///x.db", "names a 'sqlite+odd' database"),
    ("TICKETFLOW_DATABASE_URL", "sqlite://", "names no file"),
]


@pytest.mark.parametrize(("name", "value", "says"), VARIABLES)
def test_a_wrong_variable_is_named_in_one_sentence_without_its_secret(
    command: Command, monkeypatch: pytest.MonkeyPatch, home: Path, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    ended = command("key", "list")
    assert (ended.code, ended.out) == (WRONG, "")
    assert says in ended.err
    assert len(ended.err.splitlines()) == 1
    assert "tooshort" not in ended.err
    assert "pass@" not in ended.err
    assert not home.exists()


def test_an_empty_variable_counts_as_unset(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "PORT", "DATABASE_URL", "WORKSPACE"):
        monkeypatch.setenv(f"TICKETFLOW_{name}", "")
    assert command("key", "create", "x", "--scope", "all").code == DONE


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("serve", "--port", "70000"), "--port cannot be used"),
        (("serve", "--workers", "65"), "--workers cannot be used"),
        (("serve", "--host", "300.1.1.1"), "'300.1.1.1' is no address of this machine"),
        (("worker", "--threads", "0"), "--threads"),
        (("search", "  "), "nothing to search for"),
        (("search", "x", "--kind", "letter"), "'letter' is not one of"),
        (("demo", "--json"), "it goes with --once"),
        (("polish",), "No such command 'polish'"),
        (("key", "create", "x"), "--scope"),
        (("process",), "FILE"),
    ],
)
def test_wrong_usage_ends_with_2(command: Command, arguments: tuple[str, ...], says: str) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (WRONG, "")
    assert says in ended.err


def test_reading_a_home_that_is_not_there_makes_none(command: Command, home: Path) -> None:
    for arguments in (("explain", "1"), ("search", "x"), ("key", "list"), ("key", "revoke", "x"), ("db", "check")):
        ended = command(*arguments)
        assert (ended.code, ended.out) == (NOT_READY, ""), arguments
        assert f"There is no database at {home / 'ticketflow.db'}" in ended.err
    checked = command("db", "check", "--json")
    assert (checked.code, json.loads(checked.out)["revision"]) == (NOT_READY, None)
    assert not home.exists()


@pytest.mark.parametrize("arguments", [("db", "upgrade"), ("key", "create", "x", "--scope", "all"), ("serve",)])
def test_a_home_that_cannot_be_used_is_named(
    command: Command, home: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    home.write_text("a file")
    ended = command(*arguments)
    assert (ended.code, ended.out) == (WRONG, "")
    assert f"{home} cannot be used: it is not a folder." in ended.err
    ended = command(*arguments, "--home", home / "inside")
    assert (ended.code, ended.out) == (WRONG, "")
    assert home.read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_is_named(command: Command, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    ended = command("db", "upgrade")
    tmp_path.chmod(0o700)
    assert ended.code == WRONG
    assert "permission denied" in ended.err


@pytest.mark.parametrize(
    "arguments", [("db", "upgrade"), ("db", "check"), ("key", "list"), ("search", "x"), ("serve",)]
)
def test_a_file_that_is_no_database_is_told_and_left_alone(
    command: Command, home: Path, arguments: tuple[str, ...]
) -> None:
    home.mkdir()
    garbage = bytes(range(256)) * 64
    (home / "ticketflow.db").write_bytes(garbage)
    ended = command(*arguments)
    assert (ended.code, ended.out) == (NOT_READY, "")
    assert "file is not a database. Restore it from a backup" in ended.err
    assert (home / "ticketflow.db").read_bytes() == garbage


def test_doctor_finds_what_is_wrong_and_says_it_in_json_too(command: Command, home: Path) -> None:
    home.mkdir()
    (home / "ticketflow.db").write_bytes(b"garbage" * 999)
    ended = command("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(ended.out)}
    assert (ended.code, ended.err) == (FAILED, "")
    assert (findings["home"]["good"], findings["database"]["good"]) == (True, False)
    assert "encoder" not in findings, "what depends on a failed part is not looked at"
    (home / "ticketflow.db").unlink()
    well = command("doctor")
    assert well.code == DONE
    assert not (home / "ticketflow.db").exists(), "looking makes nothing"
    (home / "secret.key").write_text("x" * 64)
    (home / "secret.key").chmod(0o644)
    assert f"Run `chmod 600 {home / 'secret.key'}`" in command("doctor").out


def test_square_brackets_are_text_not_markup(command: Command, home: Path, tmp_path: Path) -> None:
    command("db", "upgrade")
    for arguments in (("explain", "[/b]"), ("key", "revoke", "[/b]"), ("process", "[/b].csv", "--text", "[/b]")):
        ended = command(*arguments)
        assert ended.code == WRONG
        assert "[/b]" in ended.err
    path = tmp_path / "[red].jsonl"
    path.write_text('{"n": "[/b]", "subject": "[/red] [i]", "text": "[/i] my kettle [leaks"}\n{"n": "2"}\n')
    ended = command("process", path, "--subject", "subject", "--body", "text", "--id", "n")
    assert ended.out.startswith("[/b]\tescalate\t")
    assert f"{path}: line 2: " in ended.err
    explained = command("explain", "[/b]")
    assert (explained.code, explained.out.splitlines()[0]) == (DONE, "[/red] [i]")
    assert command("search", "[/b] kettle", "--kind", "ticket").code == DONE


WHOLE_FILES = [
    ("empty", b"", "is empty"),
    ("binary", bytes(range(256)) * 100, "is not text"),
    ("10 MB in one line", b"x" * 10_000_000, "line 1 is 9.5 MB long"),
    ("wrong columns", b"a,b\n1,2\n", "has no column 'text' (--text). Its columns are a, b."),
    ("invalid UTF-8 in the header", b"text,caf\xe9\na,b\n", "byte 0xE9"),
]


@pytest.mark.parametrize(("content", "says"), [row[1:] for row in WHOLE_FILES], ids=[row[0] for row in WHOLE_FILES])
def test_process_refuses_an_unusable_file_before_anything_is_made(
    command: Command, home: Path, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(content)
    ended = command("process", path, "--text", "text", "--json")
    assert (ended.code, ended.out) == (WRONG, "")
    assert says in ended.err
    assert not home.exists()


def test_process_names_bad_lines_and_decides_the_rest_once(command: Command, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(
        b"n,text\n1,first\n2,caf\xe9\n3,a\0b\n4," + b"x" * 5_000_000 + b'\n1,again\n6,sixth\n7,"left open\n'
    )
    ended = command("process", path, "--text", "text", "--id", "n", "--json")
    decided = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, [one["id"] for one in decided]) == (FAILED, ["1", "6"])
    said = ended.err.splitlines()
    assert [re.sub(r".*new\.csv: ", "", line)[:40] for line in sorted(said[:-1])] == [
        "line 3: it is not valid UTF-8: byte 0xE9",
        "line 4: it holds a NUL byte at byte 4",
        "line 5: it is 4.8 MB long; at most 4.0 M",
        "line 8: a quote opened on line 8 is not ",
        "the id '1' is there more than once; only",
    ]
    assert said[-1] == "5 lines were skipped."
    again = command("process", path, "--text", "text", "--id", "n", "--json")
    assert [json.loads(line)["confidence"] for line in again.out.splitlines()] == [one["confidence"] for one in decided]
    assert tickets(home) == 2


def test_process_stops_at_a_full_disk_with_no_ticket_half_accepted(
    command: Command, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.jsonl"
    path.write_text("".join(json.dumps({"text": f"{n} " + "word " * 30_000}) + "\n" for n in range(64)))
    command("db", "upgrade")
    monkeypatch.setattr(sqlite, "PRAGMAS", (*sqlite.PRAGMAS, "PRAGMA max_page_count = 110"))
    ended = command("process", path, "--text", "text", "--json")
    assert (ended.code, ended.out) == (NOT_READY, "")
    assert "The database's disk is full. Free some space; nothing was lost." in ended.err
    assert tickets(home) == 0


def tickets(home: Path) -> int:
    """How many tickets are stored."""
    database = open_database(Config(home=home), SystemClock())
    with database.read() as session:
        found = session.execute(select(func.count()).select_from(ticket)).scalar_one()
    database.close()
    return found

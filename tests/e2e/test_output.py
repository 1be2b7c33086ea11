"""What the command line prints: help with examples, JSON alone on standard output, and a log of single lines."""

import json
import logging
import re
import sys
from typing import Any, Literal

import pytest
import structlog
import typer
from e2e_harness import Command

from ticketflow.cli import app, logs
from ticketflow.errors import NotReady

KEY = "tf_live_abcdefghij012345_SecretSecretSecretSecretSecretSecretSecretSec_0123abcd"


def commands(group: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command's words, groups included."""
    found = [before]
    for name, inner in getattr(group, "commands", {}).items():
        found += commands(inner, (*before, name))
    return found


@pytest.mark.parametrize("words", commands(typer.main.get_command(app)), ids=" ".join)
def test_each_help_has_an_example(command: Command, words: tuple[str, ...]) -> None:
    ended = command(*words, "--help")
    assert ended.code == 0
    assert "Example" in ended.out
    assert "ticketflow" in ended.out.partition("Example")[2]


def test_the_version_is_printed(command: Command) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", command("--version").out)


def test_with_json_standard_output_holds_json_alone(command: Command) -> None:
    told = [
        command("db", "upgrade", "--json"),
        command("db", "check", "--json"),
        command("key", "create", "x", "--scope", "all", "--json"),
        command("key", "list", "--json"),
        command("doctor", "--json"),
    ]
    for ended in told:
        assert (ended.code, ended.err) == (0, "")
        assert [json.loads(line) for line in ended.out.splitlines()]


@pytest.fixture
def log() -> structlog.stdlib.BoundLogger:
    """The command line's log at INFO."""
    logs.configure("INFO")
    return structlog.get_logger("ticketflow.tests")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    told = capsys.readouterr()
    assert told.out == ""
    return [json.loads(line) for line in told.err.splitlines()]


def test_an_event_is_one_line_of_json_where_nobody_watches(
    log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    log.debug("not_shown")
    log.info("worker_started", threads=2, said="two\nlines")
    logging.getLogger("uvicorn.error").info("not shown either")
    logging.getLogger("uvicorn.error").warning("port %s\nbusy", 8484)
    first, second = lines(capsys)
    assert (first["event"], first["level"], first["threads"], first["said"]) == (
        "worker_started",
        "info",
        2,
        "two\\nlines",
    )
    assert (second["event"], second["level"]) == ("port 8484\\nbusy", "warning")


def test_an_exception_is_its_kind_and_its_place_without_its_words(
    log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(customer: str) -> None:
        raise ValueError(f"{customer} and the key {KEY}")

    for report in (log.exception, logging.getLogger("asyncio").exception):
        try:
            fail("a customer's words")
        except ValueError:
            report("failed")
    for line in lines(capsys):
        assert line["error"] == "ValueError"
        assert re.fullmatch(r"test_output\.py:\d+ > test_output\.py:\d+", line["at"])
        assert "customer's words" not in str(line)


def test_an_error_of_ours_is_its_sentence_and_holds_no_key(
    log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    log.error("failed", exc_info=NotReady(f"key {KEY} is wrong."))
    assert lines(capsys)[0]["error"] == "NotReady: key tf_live_abcdefghij012345_… is wrong."


@pytest.mark.parametrize(("form", "terminal"), [("json", True), ("console", False)])
def test_the_form_of_the_log_may_be_chosen(
    form: Literal["json", "console"],
    terminal: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    logs.configure("INFO", form)
    structlog.get_logger("ticketflow.tests").info("worker_started", threads=2)
    told = capsys.readouterr().err
    if form == "json":
        assert json.loads(told)["threads"] == 2
    else:
        assert re.fullmatch(r"\S+ \[info     \] worker_started +threads=2\n", told)


def test_at_a_terminal_the_log_is_for_people(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    logs.configure("INFO")
    structlog.get_logger("ticketflow.tests").warning("run_retried_later", wait_ms=250)
    told = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err)
    assert re.fullmatch(r"\S+ \[warning  \] run_retried_later +wait_ms=250\n", told)

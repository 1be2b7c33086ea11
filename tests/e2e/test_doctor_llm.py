"""`ticketflow doctor --llm` as an operator types it: a sentence for each language model, and what to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_harness import Command

from ticketflow.testing import Mode, ModelServer

SECRET = "sk-never-to-be-seen"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture(autouse=True)
def _configured(monkeypatch: pytest.MonkeyPatch, server: ModelServer, home: Path) -> None:  # pyright: ignore[reportUnusedFunction]
    provider = {"name": "main", "base_url": server.url, "model": "some-model", "key_variable": "SOME_KEY"}
    monkeypatch.setenv("TICKETFLOW_LLM", json.dumps([provider]))
    monkeypatch.setenv("SOME_KEY", SECRET)


@pytest.mark.parametrize(
    ("mode", "good", "says"),
    [
        (Mode.GOOD, True, "some-model answered as asked in "),
        (Mode.TALKATIVE, True, "wraps the object in words"),
        (Mode.UNAUTHORISED, False, "some-model: status 401. The key is not accepted"),
        (Mode.RESET, False, "some-model: no connection. Is the base_url right"),
        (Mode.GARBAGE, False, "some-model: malformed: "),
    ],
)
def test_a_language_model_is_tried_and_the_finding_told_in_a_sentence(
    command: Command, server: ModelServer, mode: Mode, good: bool, says: str
) -> None:
    server.mode = mode
    ended = command("doctor", "--llm", "--json")
    findings = {one["name"]: one for one in json.loads(ended.out)}
    assert findings["language models"]["text"].startswith("main (some-model)")
    assert findings["language model main"]["good"] is good
    assert says in findings["language model main"]["text"]
    assert ended.code == (0 if good else 1)
    assert SECRET not in ended.out + ended.err


def test_without_the_option_nobody_is_asked(command: Command, server: ModelServer) -> None:
    ended = command("doctor", "--json")
    assert ended.code == 0
    assert "language models" in ended.out
    assert server.requests == []


def test_a_key_that_is_a_setting_is_missed_with_its_place(
    command: Command, server: ModelServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = {"name": "main", "base_url": server.url, "model": "some-model", "key_setting": "spare"}
    monkeypatch.setenv("TICKETFLOW_LLM", json.dumps([provider]))
    ended = command("doctor", "--llm")
    assert (ended.code, "its key is a setting, and there is no database yet" in ended.out) == (1, True)
    assert not (home / "ticketflow.db").exists()
    command("db", "upgrade")
    ended = command("doctor", "--llm")
    assert (ended.code, "no key. Store one under the name that key_setting has" in ended.out) == (1, True)
    assert server.requests == []
    both = provider | {"key_variable": "SOME_KEY"}
    monkeypatch.setenv("TICKETFLOW_LLM", json.dumps([both]))
    assert "key_variable and key_setting name two keys" in command("doctor").err

"""What another configuration would have decided, and the command that shows it."""

import importlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from agent_harness import CLEAR, NOVEL, Company
from replay_harness import everything, made, opened, rows, tampered
from rich.console import Console
from typer.testing import CliRunner

from ticketflow.agent.experience import UNTAUGHT
from ticketflow.agent.replay import Configuration, under
from ticketflow.domain import Action, Level
from ticketflow.errors import InvalidInput, NotFound
from ticketflow.store import certificates

commands: Any = importlib.import_module("ticketflow.cli.replay")
"""The module: the package gives its function the same name."""


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Company]:
    company = opened(tmp_path / "lived")
    yield company
    company.close()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"max_wrong": 0.001}, "The certificate allows 10 % wrong"),
        ({"level": "assist"}, "The agent may only assist here"),
        ({"automation": False}, "Automation is switched off"),
        ({"sensitive": ["account"]}, "'account' is a sensitive category"),
        ({"category_max_wrong": {"account": 0.1}}, "Nothing is certified yet"),
        ({"levels": {"account": "shadow"}}, "the certificate speaks of others"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_stricter_setting_shows_the_other_action_and_its_reason(
    lived: Company, changed: dict[str, Any], reason: str
) -> None:
    everything_else = rows(lived)
    told = under(lived.deps, lived.id, made(lived, "resolved").id, Configuration(settings=changed))
    paths = {one.path: (one.before, one.after) for one in told.differences}
    assert paths["action"] == ("resolve", "escalate")
    assert any(reason in one for one in told.after.decision.reasons), told.after.decision.reasons
    (name,) = changed
    assert {one.path.split(".")[1] for one in told.rules if one.path.startswith("settings")} == {name}
    assert told.before.decision == made(lived, "resolved").decision
    assert told.before.candidates == told.after.candidates
    assert rows(lived) == everything_else


def test_a_laxer_setting_never_gives_what_no_certificate_proved(lived: Company) -> None:
    found = made(lived, "machine")
    told = under(lived.deps, lived.id, found.id, Configuration(settings={"max_wrong": 0.4, "level": "auto"}))
    assert told.after.decision.action is Action.ESCALATE
    with lived.database.read() as session:
        proven = certificates.get(session, lived.id, found.decision.certificate_id or "").threshold
    assert proven is not None
    assert (told.after.decision.threshold or 0) >= proven


def test_the_state_of_now_another_version_and_fresh_evidence(lived: Company) -> None:
    before = made(lived, "resolved")
    everything(lived)
    today = under(lived.deps, lived.id, before.id, Configuration(now=True)).after.decision
    again = lived.handle(CLEAR)
    assert today.version == lived.decision(again.id).decision.version
    assert (today.action, today.level) == (Action.ESCALATE, Level.ASSIST)
    old = under(lived.deps, lived.id, before.id, Configuration(version=before.decision.version)).after.decision
    assert old.version == before.decision.version
    assert old.action is Action.ESCALATE
    with pytest.raises(NotFound, match="no score version 'gone'"):
        under(lived.deps, lived.id, before.id, Configuration(version="gone"))
    with pytest.raises(InvalidInput, match="exclude each other"):
        under(lived.deps, lived.id, before.id, Configuration(version=UNTAUGHT, now=True))
    untaught = under(lived.deps, lived.id, before.id, Configuration(version=UNTAUGHT)).after.decision
    assert (untaught.confidence, untaught.threshold) == (0.0, None)


def test_a_search_again_finds_what_came_since_but_not_the_ticket_itself(lived: Company) -> None:
    found = made(lived, "novel")
    searching = Configuration(search_again=True)
    same = under(lived.deps, lived.id, found.id, searching)
    assert same.differences == []
    lived.judge(found.ticket_id, kind="wrong", answer_id=lived.answer("refund").id)
    itself = under(lived.deps, lived.id, found.id, searching)
    assert itself.after.candidates[0].label == same.after.candidates[0].label != "refund"
    assert itself.after.candidates[0].features["top_similarity"] < 0.9, "it would have voted for itself"
    lived.resolved([NOVEL.body] * 3, lived.answer("refund"), "billing")
    other = under(lived.deps, lived.id, found.id, searching)
    assert other.after.candidates[0].label == "refund"
    kept_evidence = under(lived.deps, lived.id, found.id, Configuration(settings={"level": "auto"}))
    assert kept_evidence.differences == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"max_wrnog": 0.1}, "There is no setting 'max_wrnog'. Settings are: automation, level,"),
        ({"max_wrong": "little"}, 'The setting max_wrong cannot be "little": input should be a valid number'),
        ({"level": "some"}, 'The setting level cannot be "some": input should be'),
        ({"max_wrong": float("nan")}, "The setting max_wrong cannot be nan: that is no finite number."),
        ({"teams": {"a": "b"}, "certainty": float("inf")}, "The setting certainty cannot be inf"),
    ],
)
def test_settings_that_make_no_sense_are_named(lived: Company, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        under(lived.deps, lived.id, made(lived, "novel").id, Configuration(settings=changes))
    assert str(refused.value).startswith(told)


@pytest.fixture
def command(lived: Company, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`ticketflow replay ARGUMENTS` on the company."""
    app = typer.Typer()
    app.command()(commands.replay)
    monkeypatch.setattr(commands, "runtime", lambda *_given, **_options: lived.runtime)
    monkeypatch.setattr(commands, "output", Console(highlight=False, width=200))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_command_ends_with_1_only_when_the_replay_is_not_the_same(
    lived: Company, command: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    same = command("resolved")
    assert same.exit_code == 0, same.output
    told = json.loads(command("resolved", "--json").output)
    assert (told["same"], told["decision_id"]) == (True, made(lived, "resolved").id)
    assert json.loads(command(told["decision_id"], "--json").output) == told
    tampered(lived, "resolved", "decide", lambda out: out.update(team="elsewhere"))
    differs = command("resolved", "--json")
    assert (differs.exit_code, json.loads(differs.output)["same"]) == (1, False)
    assert command("resolved").exit_code == 1


def test_the_command_shows_what_differs(
    lived: Company, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = io.StringIO()
    monkeypatch.setattr(commands, "output", Console(file=page, highlight=False, width=200))
    command("resolved")
    assert "The same, byte for byte." in page.getvalue()
    tampered(lived, "novel", "decide", lambda out: out.update(team="elsewhere"))
    command("novel")
    assert re.search(r"decide: team +elsewhere +\w+", page.getvalue())
    assert "What the step 'execute' built on is not what is stored now" in page.getvalue()
    page.truncate(0)
    compared = command(
        "resolved", "--set", "max_wrong=0.001", "--set", 'sensitive=["account"]', "--set", "level=assist"
    )
    assert compared.exit_code == 0
    for shown in (
        'under max_wrong=0.001, sensitive=["account"], level="assist": escalate password',
        "  - 'account' is a sensitive category.",
    ):
        assert shown in page.getvalue()
    assert re.search(r"action +resolve +escalate", page.getvalue())
    assert re.search(r"settings.max_wrong +0.1 +0.001", page.getvalue())
    page.truncate(0)
    command("resolved", "--now")
    assert "The decision would have been the same." in page.getvalue()
    lived.resolved([CLEAR.body] * 3, lived.answer("refund"), "billing")
    command("resolved", "--search-again")
    assert re.search(r"candidate +score before +score after", page.getvalue())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["resolved", "--set", "max_wrong"], "--set 'max_wrong' names no setting and value. Write NAME=VALUE"),
        (["resolved", "--set", "max_wrnog=1"], "There is no setting 'max_wrnog'. Settings are: automation"),
        (["unknown"], "There is no decision 'unknown', and no ticket of this id that has one."),
        (["resolved", "--version", "gone"], "There is no score version 'gone'."),
    ],
)
def test_the_command_refuses_what_makes_no_sense(command: Callable[..., Any], arguments: list[str], told: str) -> None:
    refused = command(*arguments)
    assert isinstance(refused.exception, InvalidInput | NotFound)
    assert str(refused.exception).startswith(told)

"""The reference pages hold what the code holds: every variable, setting, error, event and command, and nothing else."""

import ast
import inspect
import re
import runpy
from pathlib import Path
from typing import Any, cast

import pytest

from ticketflow import errors
from ticketflow.agent.grading import RUBRIC
from ticketflow.api.problems import TITLES
from ticketflow.cli import _exit_code  # pyright: ignore[reportPrivateUsage]
from ticketflow.config import Config
from ticketflow.errors import TicketFlowError
from ticketflow.learning.certificate import labels_needed, spend
from ticketflow.store.settings import SecretSettings, Settings

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "ticketflow"
EVENT_TYPE = re.compile(r"[a-z]+\.[a-z]+")


def rows(page: str) -> list[list[str]]:
    """The cells of every table row of a page whose first cell is code."""
    lines = (REFERENCE / page).read_text("utf-8").splitlines()
    cut = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line.startswith("| `")]
    return [[row[0].strip("`"), *row[1:]] for row in cut]


def default_in_words(value: Any) -> str:
    """A default as the pages write it."""
    if value == ():
        return "none"
    if isinstance(value, list):
        return ", ".join(str(one) for one in cast(list[Any], value))
    return (
        f"{value:g}" if isinstance(value, float) else str(value).lower() if value in (True, False, None) else str(value)
    )


def test_every_variable_stands_in_the_configuration_reference_with_its_default() -> None:
    described = {name: default.strip("`") for name, default, _ in rows("config.md")}
    assert list(described) == [f"TICKETFLOW_{name.upper()}" for name in Config.model_fields]
    for name, field in Config.model_fields.items():
        if field.default is not None:
            assert described[f"TICKETFLOW_{name.upper()}"] == default_in_words(field.default), name


def test_every_setting_stands_in_the_settings_reference_with_its_default() -> None:
    described = {name: default.strip("`") for name, _, default, _ in rows("settings.md")}
    fields = {**Settings.model_fields, **SecretSettings.model_fields}
    assert described == {name: default_in_words(field.default) for name, field in fields.items()}


def test_every_error_stands_in_the_error_reference_with_code_status_and_exit_code() -> None:
    classes = [
        found
        for found in vars(errors).values()
        if inspect.isclass(found) and issubclass(found, TicketFlowError) and found is not TicketFlowError
    ]
    expected = {
        found.__name__: (f"`{found.code}`", str(found.status), str(_exit_code(found("no", remedy=None))))
        for found in classes
    }
    described = {name: (code, status, exits) for name, code, status, exits, _, _ in rows("errors.md")}
    assert described == expected
    assert {found.code for found in classes} <= set(TITLES), "the API knows every code"


def audits(node: ast.AST) -> bool:
    """Whether a node calls `audit.record`, whose actions are no event types."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record"


def appended_types() -> set[str]:
    """Every event type that some code appends: the constants of the files that append, as they stand there."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        text = path.read_text("utf-8")
        if "events.append(" in text:
            tree = ast.parse(text)
            noted = {id(part) for call in ast.walk(tree) if audits(call) for part in ast.walk(call)}
            constants = (
                node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in noted
            )
            found |= {one for one in constants if isinstance(one, str) and EVENT_TYPE.fullmatch(one)}
    outcome = (SOURCE / "agent" / "execute.py").read_text("utf-8")
    assert 'f"ticket.{outcome.status}"' in outcome, "the one type that is put together; an outcome is one of two"
    return found | {"ticket.resolved", "ticket.escalated"}


def test_every_event_type_stands_in_the_event_reference() -> None:
    assert sorted(row[0] for row in rows("events.md")) == sorted(appended_types())


def guide_rows(start: str) -> list[list[str]]:
    """The cells of the table rows of the guide to automation that begin with `start`."""
    lines = (ROOT / "docs" / "guides" / "automation.md").read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if re.match(rf"\| {start} \|", line)]


def test_the_guide_has_the_rubric_that_graders_read() -> None:
    assert guide_rows("(?:right|incomplete|wrong|unsafe)") == [[grade.value, told] for grade, told in RUBRIC.items()]


def test_the_guide_tells_how_many_graded_tickets_a_proof_takes() -> None:
    told = {row[0]: (int(row[1]), int(row[2])) for row in guide_rows(r"\d+%")}
    first_look = spend(0.05, look=1)
    assert told == {
        f"{share:.0%}": (labels_needed(share, first_look), labels_needed(share, first_look, errors=2))
        for share in (0.1, 0.05, 0.02, 0.01)
    }


@pytest.mark.parametrize("tool", ["cli_reference", "openapi", "settings_reference"])
def test_the_generated_pages_are_current(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(ROOT / "tools" / f"{tool}.py"))["main"]
    assert main(["--check"]) == 0, capsys.readouterr().out

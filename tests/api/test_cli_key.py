"""`ticketflow key`: made and shown once, listed without secrets, revoked."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from ticketflow.api.app import create_app
from ticketflow.cli.key import key_app
from ticketflow.clock import DAY, from_iso
from ticketflow.errors import InvalidInput, NotFound
from ticketflow.runtime import Runtime


@pytest.fixture
def home(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TICKETFLOW_SECRET_KEY", runtime.secret.decode())
    return runtime.config.home


def run(home: Path, *arguments: str) -> Any:
    return CliRunner().invoke(key_app, [*arguments, "--home", str(home)])


def test_a_key_made_on_the_command_line_opens_the_api_until_it_is_revoked(home: Path, runtime: Runtime) -> None:
    result = run(home, "create", "help desk", "--scope", "tickets:read", "--expires", "90d", "--json")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert made["key"].startswith(f"tf_live_{made['id']}_")
    assert from_iso(made["expires_at"]) - from_iso(made["created_at"]) == 90 * DAY
    with TestClient(create_app(runtime)) as client:
        assert client.get("/v1/tickets", headers={"Authorization": f"Bearer {made['key']}"}).status_code == 200
    listed = run(home, "list", "--json")
    assert made["key"] not in listed.stdout
    assert json.loads(listed.stdout)["last_four"] == made["key"].split("_")[3][-4:]
    assert run(home, "revoke", made["id"]).exit_code == 0
    assert json.loads(run(home, "list", "--json").stdout)["state"] == "revoked"
    with TestClient(create_app(runtime)) as client:
        assert client.get("/v1/tickets", headers={"Authorization": f"Bearer {made['key']}"}).status_code == 401


def test_the_key_alone_is_on_standard_output(home: Path) -> None:
    result = run(home, "create", "script", "--scope", "all")
    assert result.stdout.strip().startswith("tf_live_")
    assert len(result.stdout.split()) == 1
    assert "settings:write" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create", "x", "--scope", "tickets:delete"], "no scope tickets:delete"),
        (["create", "x", "--scope", "tickets:read", "--expires", "soon"], "not a duration"),
        (["create", "x", "--scope", "tickets:read", "--expires", "0d"], "not a duration"),
        (["create", " ", "--scope", "tickets:read"], "name"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(home: Path, arguments: list[str], says: str) -> None:
    result = run(home, *arguments)
    assert isinstance(result.exception, InvalidInput)
    assert says in str(result.exception)
    assert run(home, "list", "--json").stdout == ""


def test_an_unknown_key_cannot_be_revoked(home: Path) -> None:
    assert isinstance(run(home, "revoke", "nothing").exception, NotFound)


@pytest.mark.parametrize("command", ["create", "list", "revoke"])
def test_help_has_an_example(home: Path, command: str) -> None:
    assert "ticketflow key" in run(home, command, "--help").output

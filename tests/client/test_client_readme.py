"""The examples of the client's README, run as they stand there against a real server."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from served_harness import Served
from standardwebhooks.webhooks import Webhook

from ticketflow_client import TicketFlow
from ticketflow_client.configuration import KEY_VARIABLE, URL_VARIABLE

README = Path(__file__).resolve().parents[2] / "clients" / "python" / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.S)

Example = Callable[[int], dict[str, Any]]


@pytest.fixture
def example(served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Example:
    """Run an example by its number; the names that it leaves."""
    monkeypatch.setenv(URL_VARIABLE, served.url)
    monkeypatch.setenv(KEY_VARIABLE, served.key)
    monkeypatch.chdir(tmp_path)

    def run(number: int) -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(EXAMPLES[number], f"example {number}", "exec"), names)
        return names

    return run


def test_the_readme_has_five_examples() -> None:
    assert len(EXAMPLES) == 5


def test_a_ticket_and_its_decision(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    example(0)
    decided, reply = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"resolve password \d+%", decided)
    assert reply == "Hello Nadia, choose 'Forgot password' on the login page and follow the link we mail you."


def test_every_ticket_page_after_page(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        example(0)
    capsys.readouterr()
    example(1)
    first, *tickets = capsys.readouterr().out.splitlines()
    assert first == "2 tickets, and more: True"
    assert len(tickets) >= 3
    assert all(re.fullmatch(r"2023-11-14 resolved Password", line) for line in tickets)


def test_grades_and_errors(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    example(0)
    capsys.readouterr()
    example(2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 2
    assert lines[0].startswith("Password -> Hello Nadia, choose")
    assert lines[1].startswith("409 conflict ")


def test_what_happens_as_it_happens(example: Example, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    example(0)
    capsys.readouterr()
    example(3)
    first = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\d+ ticket\.resolved \S+", first[-1])
    kept = int((tmp_path / "seen.txt").read_text())
    example(0)
    capsys.readouterr()
    example(3)
    again = capsys.readouterr().out.splitlines()
    assert int(again[0].split()[0]) == kept + 1, "it goes on where it was"


def test_a_webhook_and_asyncio(example: Example, capsys: pytest.CaptureFixture[str], served: Served) -> None:
    example(0)
    capsys.readouterr()
    names = example(4)
    found, *tickets = capsys.readouterr().out.splitlines()
    assert found == "Password | Refund"
    assert set(tickets) == {"Password"}
    with TicketFlow(served.url, served.key) as client:
        ticket_id = client.tickets.list(limit=1).items[0].id
    body = json.dumps({"type": "ticket.resolved", "data": {"ticket_id": ticket_id}})
    for secret in (names["OLD"], names["NEW"]):
        assert asyncio.run(names["receive"](body.encode(), _signed(secret, body))) == 204
    assert asyncio.run(names["receive"](body.encode() + b" ", _signed(names["NEW"], body))) == 400
    assert capsys.readouterr().out == "msg_1 Password resolved\n" * 2


def _signed(secret: str, body: str) -> dict[str, str]:
    at = datetime.fromtimestamp(int(datetime.now(UTC).timestamp()), UTC)
    signature = Webhook(secret).sign("msg_1", at, body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}

"""One user's first hour on the installed command: import, process, explain, search, key, serve, post, stop."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from e2e_harness import Command
from small_company import ASKED, write_history, write_new

SECONDS = 60.0

Start = Callable[..., subprocess.Popen[str]]


class Caller:
    """Calls the API of a server with a key."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, self._headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def decided(self, ticket_id: str) -> Any:
        """The ticket once the agent has decided."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            ticket = self("GET", f"/v1/tickets/{ticket_id}")
            if ticket["status"] not in ("new", "processing"):
                return ticket
            time.sleep(0.05)
        raise AssertionError("the ticket was not decided in time")


def serving(process: subprocess.Popen[str]) -> str:
    """Wait until the server says where it is."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("TicketFlow at http://127.0.0.1:"), process.stderr and process.stderr.read()
    return line.split()[2].rstrip(",")


def test_from_a_file_of_old_tickets_to_a_server_that_decides_new_ones(
    installed: Command, start: Start, tmp_path: Path
) -> None:
    history, new = tmp_path / "history.jsonl", tmp_path / "new.csv"
    count = write_history(history)
    numbers = write_new(new)
    columns = ("--text", "text", "--answer", "label", "--resolution", "reply", "--id", "id")

    report = json.loads(installed("import", history, *columns, "--approve-answers", "--json").out)
    assert (report["added"], report["answers_added"], report["rejected"]) == (count, len(ASKED), 0)
    assert report["learned"]["figures"]["accuracy"] > 0.8

    done = installed("process", new, "--text", "question", "--id", "number", "--json")
    decided = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, [one["id"] for one in decided]) == (0, numbers)
    assert [one["answer"] and one["answer"]["label"] for one in decided[:3]] == ["refund", "password", "parcel"]
    assert decided[3]["action"] == "escalate"
    assert set(decided[0]) >= {"action", "confidence", "category", "priority", "language", "evidence", "timings_ms"}
    assert list(decided[0]["timings_ms"]) == ["ingest", "search", "analyze", "consult", "decide", "draft", "execute"]

    told = json.loads(installed("explain", "N1", "--json").out)
    assert told["ticket"]["external_id"] == "N1"
    assert told["decision"]["decision"]["confidence"] == decided[0]["confidence"]
    assert [step["step"] for step in told["steps"]] == [
        "ingest",
        "search",
        "analyze",
        "consult",
        "decide",
        "draft",
        "execute",
    ]

    [hit] = [json.loads(line) for line in installed("search", "money back", "--limit", "1", "--json").out.splitlines()]
    assert hit["label"] == "refund"

    key = installed("key", "create", "desk", "--scope", "all").out.strip()
    server = start("serve", "--port", "0")
    address = serving(server)
    call = Caller(address, key)
    made = call("POST", "/v1/tickets", {"subject": "Refund", "body": "When do I get my money back for the kettle?"})
    ticket = call.decided(made["ticket"]["id"])
    assert ticket["decision"]["label"] == "refund"

    guide = (Path(__file__).parents[2] / "docs" / "guides" / "integrate.md").read_text("utf-8")
    example = guide.partition("```python\n")[2].partition("```")[0]
    environment = {**os.environ, "TICKETFLOW_URL": address, "TICKETFLOW_KEY": key}
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[0] in ("resolve", "escalate")

    server.send_signal(signal.SIGTERM)
    out, err = server.communicate(timeout=SECONDS)
    assert (server.returncode, out) == (0, ""), err
    logged = [json.loads(line) for line in err.splitlines()]
    assert [line for line in logged if line["level"] != "info"] == [], "nothing went wrong"
    assert {line["event"] for line in logged} == {"request"}


@pytest.mark.slow
def test_workers_of_their_own_decide_and_one_that_is_killed_loses_and_repeats_nothing(
    installed: Command, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETFLOW_LOG_LEVEL", "WARNING")  # nobody reads a line for each look until the end
    monkeypatch.setenv("TICKETFLOW_LEASE_SECONDS", "2")  # how long the dead worker's run waits for another
    key = installed("key", "create", "desk", "--scope", "all").out.strip()
    server = start("serve", "--port", "0", "--workers", "0")
    monkeypatch.delenv("TICKETFLOW_LOG_LEVEL")
    address = serving(server)
    call = Caller(address, key)
    ids = [call("POST", "/v1/tickets", {"body": f"Where is parcel number {n}?"})["ticket"]["id"] for n in range(120)]
    assert call("GET", f"/v1/tickets/{ids[0]}")["decision"] is None, "nobody works on it yet"
    killed = start("worker")
    made = call("GET", "/v1/events?limit=1")["last_seq"]
    deadline = time.monotonic() + SECONDS
    while call("GET", "/v1/events?limit=1")["last_seq"] < made + 3 and time.monotonic() < deadline:
        time.sleep(0.01)  # tickets are taken in any order, so that one of them tells little of the others
    killed.kill()
    killed.wait()
    open_then = [ticket for ticket in ids if call("GET", f"/v1/tickets/{ticket}")["decision"] is None]
    assert open_then, "the worker died with work left"
    worker = start("worker")
    tickets = [call.decided(ticket) for ticket in ids]
    assert [ticket["status"] for ticket in tickets] == ["escalated"] * len(ids)
    assert [len(ticket["messages"]) for ticket in tickets] == [2] * len(ids), "one note each, by whichever worker"
    worker.send_signal(signal.SIGTERM)
    _, err = worker.communicate(timeout=SECONDS)
    said = [json.loads(line)["event"] for line in err.splitlines()]
    assert (worker.returncode, said[0], said[-1]) == (0, "worker_started", "worker_stopped")

    port = address.rsplit(":", 1)[1]
    second = installed("serve", "--port", port)
    assert (second.code, second.out) == (3, "")
    assert f"Port {port} of 127.0.0.1 is taken by another process." in second.err
    server.send_signal(signal.SIGINT)
    _, err = server.communicate(timeout=SECONDS)
    assert (server.returncode, err) == (0, "")


@pytest.mark.parametrize("arguments", [("db", "check", "--json"), ("doctor",)])
def test_a_reader_who_leaves_ends_the_command_quietly(
    command: Command, start: Start, arguments: tuple[str, ...]
) -> None:
    command("db", "upgrade")
    process = start(*arguments)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert (process.wait(SECONDS), err) == (0, "")


@pytest.mark.parametrize("arguments", [("--help",), ("key", "list"), ("db", "check")])
def test_light_commands_load_nothing_heavy(command: Command, arguments: tuple[str, ...]) -> None:
    heavy = {"scipy", "sklearn", "onnxruntime", "tokenizers", "fastapi", "uvicorn"}
    if arguments == ("--help",):
        heavy |= {"numpy", "sqlalchemy", "pydantic", "structlog", "alembic"}
    else:
        command("db", "upgrade")
    program = (
        f"import sys; from ticketflow.cli import main; sys.argv = ['ticketflow', *{list(arguments)}]\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code, ended.code\n"
        f"print('LOADED', *sorted({heavy} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.splitlines()[-1] == "LOADED"


def test_importing_the_package_loads_only_the_package() -> None:
    program = (
        "import sys; before = set(sys.modules); import ticketflow; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.split() == ["ticketflow"]

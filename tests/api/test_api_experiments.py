"""Experiments over the wire and on the command line: started, listed, read and stopped, by those who may."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_api_problems import problem
from typer.testing import CliRunner

from ticketflow.cli.experiment import experiment_app
from ticketflow.errors import Conflict, InvalidInput, NotFound
from ticketflow.runtime import Runtime
from ticketflow.store import audit

NEW = {
    "name": "stricter",
    "factor": "threshold",
    "sides": {"control": "certified", "treatment": 0.95},
    "share": 0.5,
    "metric": "wrong",
    "note": "why not",
}
WORDS = {"name": "words", "factor": "fusion", "sides": {"control": "learned", "treatment": {"lexical": 0.4}}}


def test_an_experiment_is_started_read_and_stopped(acme: Any, runtime: Runtime) -> None:
    started = acme.post("/v1/experiments", NEW)
    assert started.status_code == 201, started.text
    made = started.json()
    path = f"/v1/experiments/{made['id']}"
    assert started.headers["location"] == path
    assert {name: made[name] for name in NEW} == NEW
    assert (made["state"], made["ended_at"]) == ("running", None)
    assert acme.get("/v1/experiments").json() == {"items": [made], "next_cursor": None}

    result = acme.get(path).json()
    assert result["experiment"] == made
    assert result["sides"]["treatment"] == {
        "value": 0.95,
        "tickets": 0,
        "outcomes": 0,
        "mean": None,
        "interval": {"low": 0.0, "high": 1.0},
    }
    assert result["difference"] == {"estimate": None, "low": -1.0, "high": 1.0}
    assert (result["e_value"], result["verdict"], result["waiting"]) == (1.0, "undecided", 0)
    assert result["sentence"].startswith("Undecided: ")

    stopped = acme("POST", f"{path}/stop")
    assert stopped.status_code == 200, stopped.text
    assert stopped.json() == {**made, "state": "stopped", "ended_at": stopped.json()["ended_at"]}
    assert acme("POST", f"{path}/stop").json() == stopped.json()
    assert acme.get(path).json()["experiment"] == stopped.json()
    types = [event["type"] for event in acme.get("/v1/events").json()["items"]]
    assert types == ["experiment.started", "experiment.stopped"]
    with runtime.database.read() as session:
        entries = audit.newest(session, acme.workspace.id)
    assert {entry.actor for entry in entries if entry.object == made["id"]} == {made["author"]}
    assert made["author"].startswith("key:")


def test_weights_and_what_is_left_out_come_back_whole(acme: Any) -> None:
    made = acme.post("/v1/experiments", WORDS).json()
    assert made["sides"]["treatment"] == {"similarity": 0.0, "lexical": 0.4, "both": 0.0}
    assert (made["share"], made["metric"], made["note"]) == (1.0, "right", "")


def test_a_name_is_used_once_and_a_factor_one_at_a_time(acme: Any) -> None:
    first = acme.post("/v1/experiments", NEW).json()
    again = problem(acme.post("/v1/experiments", NEW), 409, "conflict")
    assert again["existing_id"] == first["id"]
    second = problem(acme.post("/v1/experiments", {**NEW, "name": "another"}), 409, "conflict")
    assert "existing_id" not in second
    assert first["id"] in second["remedy"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"factor": "encoder"}, "/factor"),
    ({"factor": "prompt"}, "/factor"),
    ({"metric": "right"}, "/metric"),
    ({"share": 0}, "/share"),
    ({"share": 1.01}, "/share"),
    ({"name": " "}, "/name"),
    ({"name": None}, "/name"),
    ({"sides": {"control": "certified"}}, "/sides/treatment"),
    ({"sides": {"control": "certified", "treatment": "certified"}}, "/sides/treatment"),
    ({"sides": {"control": 2, "treatment": "certified"}}, "/sides/control"),
    ({"sides": {"control": "learned", "treatment": 0.9}}, "/sides/control"),
    ({"sides": {"control": "certified", "treatment": 0.9, "third": 0.8}}, "/sides/third"),
    ({"sides": {"control": "certified", "treatment": "0.9"}}, "/sides/treatment"),
    ({"factor": "encoder", "sides": {"control": "minilm", "treatment": "another"}}, "/factor"),
    ({"unknown": 1}, "/unknown"),
]


def test_what_makes_no_sense_is_refused_and_names_the_field(acme: Any) -> None:
    for change, pointer in REFUSED:
        told = problem(acme.post("/v1/experiments", {**NEW, **change}), 422, "invalid_input")
        assert [field["pointer"] for field in told["errors"]] == [pointer], change
    for value in (True, None, {"lexical": True}, [1]):
        sides = {"control": "certified", "treatment": value}
        told = problem(acme.post("/v1/experiments", {**NEW, "sides": sides}), 422, "invalid_input")
        assert all(field["pointer"].startswith("/sides/treatment") for field in told["errors"]), value
    assert acme.get("/v1/experiments").json()["items"] == []


def test_pages_of_experiments_follow_one_another(acme: Any) -> None:
    made: list[str] = []
    for number in range(5):
        one = acme.post("/v1/experiments", {**NEW, "name": f"n{number}"}).json()
        acme("POST", f"/v1/experiments/{one['id']}/stop")
        made.insert(0, one["id"])
    seen: list[str] = []
    query = "/v1/experiments?limit=2"
    page = acme.get(query).json()
    while True:
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = acme.get(f"{query}&cursor={page['next_cursor']}").json()
    assert seen == made
    problem(acme.get(f"{query}&cursor=nonsense"), 422, "invalid_input")


def test_experiments_are_seen_and_changed_by_those_only_who_may(caller: Callable[..., Any], acme: Any) -> None:
    made = acme.post("/v1/experiments", NEW).json()
    path = f"/v1/experiments/{made['id']}"
    rival = caller("rival")
    assert rival.get("/v1/experiments").json()["items"] == []
    problem(rival.get(path), 404, "not_found")
    problem(rival("POST", f"{path}/stop"), 404, "not_found")
    problem(acme.get("/v1/experiments/none"), 404, "not_found")
    reader = caller(scopes=["settings:read"])
    assert reader.get(path).status_code == 200
    problem(reader.post("/v1/experiments", WORDS), 403, "forbidden")
    problem(reader("POST", f"{path}/stop"), 403, "forbidden")
    problem(caller(scopes=["settings:write"]).get(path), 403, "forbidden")
    assert acme.get(path).json()["experiment"]["state"] == "running"


# The command line.


@pytest.fixture
def run(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("TICKETFLOW_SECRET_KEY", runtime.secret.decode())
    monkeypatch.setenv("COLUMNS", "200")
    home: Path = runtime.config.home
    return lambda *arguments: CliRunner().invoke(experiment_app, [*arguments, "--home", str(home)])


def start(run: Callable[..., Any], name: str, factor: str, control: str, treatment: str, *more: str) -> Any:
    return run("start", name, "--factor", factor, "--control", control, "--treatment", treatment, *more)


def test_an_experiment_lives_on_the_command_line(run: Callable[..., Any]) -> None:
    started = start(run, "stricter", "threshold", "certified", "0.95", "--share", "0.5", "--json")
    assert started.exit_code == 0, started.output
    made = json.loads(started.stdout)
    assert made["sides"] == {"control": "certified", "treatment": 0.95}
    assert (made["share"], made["metric"], made["created_at"][-1]) == (0.5, "resolved", "Z")
    weights = start(run, "words", "fusion", "learned", "similarity=1, lexical=0.4", "--note", "why not")
    assert weights.exit_code == 0, weights.output
    assert len(weights.stdout.split()) == 1, "the id alone is on standard output"

    listed = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [one["name"] for one in listed] == ["words", "stricter"]
    assert listed[1] == made
    assert "similarity=1,lexical=0.4,both=0" in run("list").stdout

    for word in ("stricter", made["id"]):
        result = json.loads(run("result", word, "--json").stdout)
        assert (result["experiment"], result["verdict"]) == (made, "undecided")
    shown = run("result", "stricter").stdout
    assert shown.startswith("Undecided: no ticket of control and treatment has a grade")
    assert "certified" in shown
    assert "0.95" in shown

    for _ in range(2):
        assert run("stop", "stricter").exit_code == 0
    assert json.loads(run("stop", "stricter", "--json").stdout)["state"] == "stopped"
    assert [json.loads(line)["state"] for line in run("list", "--json").stdout.splitlines()] == ["running", "stopped"]


def test_an_empty_list_says_how_to_begin(run: Callable[..., Any]) -> None:
    assert "experiment start" in run("list").stderr


def test_mistakes_on_the_command_line_become_sentences(run: Callable[..., Any]) -> None:
    assert start(run, "a", "threshold", "certified", "0.95").exit_code == 0
    mistakes: list[tuple[Any, type[Exception], str]] = [
        (start(run, "b", "threshold", "certified", "high"), InvalidInput, "no usable threshold"),
        (start(run, "b", "fusion", "learned", "lexical=much"), InvalidInput, "no usable search weights"),
        (start(run, "b", "encoder", "a", "b"), InvalidInput, "the bundled sentence encoder is the only one"),
        (start(run, "b", "threshold", "certified", "0.9"), Conflict, "is running"),
        (start(run, "a", "threshold", "certified", "0.9"), Conflict, "named 'a' already"),
        (run("result", "none"), NotFound, "There is no experiment none"),
        (run("stop", "none"), NotFound, "There is no experiment none"),
    ]
    for result, kind, says in mistakes:
        assert isinstance(result.exception, kind), (result.output, says)
        assert says in str(result.exception)

"""Events, settings and health over the wire."""

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from ticketflow import runtime as wiring
from ticketflow.api.app import create_app
from ticketflow.config import Config
from ticketflow.testing import HashEncoder


def test_the_event_log_is_read_without_gaps(acme: Any) -> None:
    for number in range(5):
        acme.post("/v1/tickets", {"body": f"ticket {number}"})
    after, seen = 0, []
    while True:
        page = acme.get(f"/v1/events?after={after}&limit=2").json()
        if not page["items"]:
            break
        seen += [event["seq"] for event in page["items"]]
        after = page["next_after"]
    assert seen == [1, 2, 3, 4, 5]
    assert (page["next_after"], page["last_seq"]) == (5, 5)


def test_settings_are_read_with_their_defaults_and_changed_one_by_one(acme: Any) -> None:
    before = acme.get("/v1/settings").json()
    assert before["automation"] is True
    changed = acme.patch("/v1/settings", {"automation": False, "teams": {"care": "kitchen"}})
    assert changed.status_code == 200
    assert changed.json() == {**before, "automation": False, "teams": {"care": "kitchen"}}
    assert acme.get("/v1/settings").json() == changed.json()
    assert acme.patch("/v1/settings", {"automation": False}).status_code == 200
    events = acme.get("/v1/events").json()["items"]
    assert [(event["type"], event["data"]["names"]) for event in events] == [
        ("settings.changed", ["automation", "teams"])
    ]


NO_SETTINGS: list[dict[str, Any]] = [
    {"max_wrong": 0.9},
    {"max_wrong": -0.1},
    {"max_wrong": None},
    {"teams": {"": "x"}},
    {"default_team": " "},
    {"refit_after": 0},
    {"unknown": 1},
    {"automation": "perhaps"},
]


def test_settings_that_make_no_sense_are_refused_and_nothing_changes(acme: Any) -> None:
    before = acme.get("/v1/settings").json()
    for body in NO_SETTINGS:
        assert acme.patch("/v1/settings", {"default_team": "other", **body}).status_code == 422, body
    assert acme.get("/v1/settings").json() == before


def test_not_a_number_is_no_setting(acme: Any) -> None:
    headers = {"Content-Type": "application/json"}
    assert acme("PATCH", "/v1/settings", content=b'{"max_wrong": NaN}', headers=headers).status_code == 422


def test_worker_threads_live_as_long_as_the_server(tmp_path: Path, migrated: Path) -> None:
    (tmp_path / "ticketflow.db").write_bytes(migrated.read_bytes())
    built = wiring.build(Config(home=tmp_path, workers=1), encoder=HashEncoder())
    calls: list[str] = []

    class Runner:
        def start(self, threads: int) -> None:
            calls.append(f"start {threads}")

        def stop(self, _drain_seconds: float) -> bool:
            calls.append("stop")
            return True

    vars(built)["runner"] = Runner()
    with TestClient(create_app(built)):
        assert calls == ["start 1"]
    assert calls == ["start 1", "stop"]
    built.close()


def test_the_front_page_tells_where_to_go_on(client: Any) -> None:
    seen = client.get("/").json()
    for path in (seen["docs"], seen["openapi"]):
        assert client.get(path).status_code == 200

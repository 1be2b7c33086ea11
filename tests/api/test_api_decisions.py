"""Decisions over the wire: read whole, and made again."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import select, update

from ticketflow.api.routes import decisions as resource
from ticketflow.db.tables import step_output
from ticketflow.store import decisions


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    if not any(context.endpoint is resource.read_decision for context in iter_route_contexts(app.routes)):
        app.include_router(resource.routes)
    return app


@pytest.fixture
def decided(acme: Any, runtime: Any) -> dict[str, Any]:
    """A ticket's decision, made before anything was learned."""
    acme.post("/v1/answers", {"label": "leak", "body": "When a kettle leaks, change the seal.", "status": "approved"})
    runtime.clock.advance(1)  # what the agent holds in memory is looked up again
    opened = acme.post("/v1/tickets", {"body": "my kettle leaks at the seal"}).json()
    while runtime.runner.run_one():
        pass
    return acme.get(f"/v1/tickets/{opened['ticket']['id']}").json()["decision"]


def test_a_decision_is_read_with_everything_it_was_made_from(acme: Any, decided: dict[str, Any]) -> None:
    response = acme.get(f"/v1/decisions/{decided['id']}")
    assert response.status_code == 200, response.text
    whole = response.json()
    assert {name: whole[name] for name in decided} == decided
    assert whole["intake"]["text"] == "my kettle leaks at the seal"
    assert "vector" not in whole["intake"]
    assert [hit["kind"] for hit in whole["evidence"]] == ["answer"]
    assert whole["evidence"][0]["answer_id"] == decided["answer_id"]
    assert whole["rules"]["settings"]["max_wrong"] == 0.05
    assert (whole["level"], whole["stage"], whole["version"]) == ("auto", "green", "untaught")
    assert whole["knowledge"]


def test_a_replay_is_the_same_until_somebody_alters_what_is_stored(
    acme: Any, decided: dict[str, Any], runtime: Any
) -> None:
    path = f"/v1/decisions/{decided['id']}/replay"
    told = acme.post(path, {}).json()
    assert (told["decision_id"], told["comparison"], told["replay"]["same"]) == (decided["id"], None, True)
    acme.patch("/v1/settings", {"default_team": "elsewhere"})
    assert acme.post(path, {}).json() == told
    where = (step_output.c.run_id == decided["run_id"], step_output.c.step == "decide")
    with runtime.database.write() as session:
        output = session.execute(select(step_output.c.output).where(*where)).scalar_one()
        session.execute(update(step_output).where(*where).values(output={**output, "team": "elsewhere"}))
    altered = acme.post(path, {}).json()["replay"]
    assert (altered["same"], altered["altered"]) == (False, ["draft", "execute"])
    step = next(one for one in altered["steps"] if one["step"] == "decide")
    assert step["differences"] == [{"path": "team", "before": "elsewhere", "after": "support"}]


def test_another_configuration_is_compared(acme: Any, decided: dict[str, Any]) -> None:
    path = f"/v1/decisions/{decided['id']}/replay"
    told = acme.post(path, {"settings": {"default_team": "front", "level": "assist"}}).json()
    assert told["replay"] is None
    differing = {one["path"]: (one["before"], one["after"]) for one in told["comparison"]["differences"]}
    assert differing["team"] == ("support", "front")
    assert differing["level"] == ("auto", "assist")
    assert "The agent may only assist here: a person sends the reply." in told["comparison"]["after"]["reasons"]
    assert told["comparison"]["before"]["reasons"] == decided["reasons"]
    assert {one["path"] for one in told["comparison"]["rules"]} == {"settings.default_team", "settings.level"}
    acme.patch("/v1/settings", {"default_team": "elsewhere"})
    for body in ({"now": True}, {"version": "untaught"}, {"now": True, "search_again": True}):
        after = acme.post(path, body).json()["comparison"]["differences"]
        assert {"path": "team", "before": "support", "after": "elsewhere"} in after


def test_nothing_is_written_by_a_replay(acme: Any, decided: dict[str, Any], runtime: Any) -> None:
    before = acme.get("/v1/events").json()["last_seq"]
    for body in ({}, {"now": True, "search_again": True}, {"settings": {"automation": False}}):
        assert acme.post(f"/v1/decisions/{decided['id']}/replay", body).status_code == 200
    assert acme.get("/v1/events").json()["last_seq"] == before
    assert acme.get("/v1/settings").json()["automation"] is True
    with runtime.database.read() as session:
        assert decisions.get(session, acme.workspace.id, decided["id"]).decision.label == "leak"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"settings": {"max_wrnog": 0.1}}, "body /settings/max_wrnog: Extra inputs are not permitted."),
        ({"settings": {"max_wrong": "little"}}, "body /settings/max_wrong: Input should be a valid number"),
        (
            {"settings": {"provider_keys": {"main": "sk-1"}}},
            "body /settings/provider_keys: Extra inputs are not permitted.",
        ),
        ({"now": True, "version": "untaught"}, "exclude each other"),
    ],
)
def test_what_makes_no_sense_is_refused(acme: Any, decided: dict[str, Any], body: dict[str, Any], told: str) -> None:
    refused = acme.post(f"/v1/decisions/{decided['id']}/replay", body)
    assert refused.status_code == 422
    assert told in refused.text
    assert acme.post(f"/v1/decisions/{decided['id']}/replay", {"sets": {}}).status_code == 422


def test_what_is_not_there_is_404_and_scopes_are_kept(acme: Any, decided: dict[str, Any], caller: Any) -> None:
    paths = {"GET": f"/v1/decisions/{decided['id']}", "POST": f"/v1/decisions/{decided['id']}/replay"}
    rival, reader, writer = caller("rival"), caller(scopes=["tickets:read"]), caller(scopes=["tickets:write"])
    for method, path in paths.items():
        options = {"json": {}} if method == "POST" else {}
        assert rival(method, path, **options).status_code == 404
        assert reader(method, path, **options).status_code == 200
        assert writer(method, path, **options).status_code == 403
        assert acme(method, path.replace(decided["id"], "unknown"), **options).status_code == 404
    gone = acme.post(paths["POST"], {"version": "gone"})
    assert gone.status_code == 404
    assert "no score version 'gone'" in gone.json()["detail"]

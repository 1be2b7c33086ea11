"""The audit log over the API: paged, filtered, and without a secret."""

from typing import Any

from access_harness import browser, person, signed_in, token
from fastapi import FastAPI

from ticketflow.clock import to_iso
from ticketflow.domain import Role
from ticketflow.runtime import Runtime
from ticketflow.testing import FrozenClock


def actions(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["action"] for one in answer.json()["items"]]


def test_every_filter_holds(app: FastAPI, runtime: Runtime, acme: Any, clock: FrozenClock) -> None:
    began = clock.now()
    clock.advance(60)
    nadia = person(runtime, Role.OWNER)
    window = signed_in(app, runtime, nadia)
    clock.advance(60)
    later = clock.now()
    window("PATCH", "/v1/settings", json={"default_team": "logistics"})
    ask = "/v1/audit-log?"
    newest_first = actions(acme.get(ask))
    assert newest_first[:4] == ["settings.changed", "session.started", "person.linked", "person.added"]
    assert actions(acme.get(ask + f"actor=person:{nadia.id}")) == ["settings.changed", "session.started"]
    assert actions(acme.get(ask + "action=person.added")) == ["person.added"]
    assert set(actions(acme.get(ask + f"object={nadia.id}"))) == {"session.started", "person.linked", "person.added"}
    assert actions(acme.get(ask + f"since={to_iso(later)}")) == ["settings.changed"]
    assert "person.added" not in actions(acme.get(ask + f"until={to_iso(began + 1)}"))
    assert actions(acme.get(ask + f"actor=person:{nadia.id}&action=person.added")) == []
    (entry,) = acme.get(ask + "action=settings.changed").json()["items"]
    assert entry["detail"]["before"] == {"default_team": "support"}
    assert entry["detail"]["after"] == {"default_team": "logistics"}


def test_it_is_paged(acme: Any) -> None:
    for number in range(5):
        acme.post("/v1/keys", {"name": f"key {number}", "scopes": ["tickets:read"]})
    whole = acme.get("/v1/audit-log?action=api_key.created").json()["items"]
    found: list[Any] = []
    path = "/v1/audit-log?action=api_key.created&limit=2"
    page = acme.get(path).json()
    while page["items"]:
        found += page["items"]
        if page["next_cursor"] is None:
            break
        page = acme.get(f"{path}&cursor={page['next_cursor']}").json()
    assert found == whole
    assert len(found) >= 6


def test_attempts_that_name_nobody_are_in_no_workspaces_log(app: FastAPI, runtime: Runtime, acme: Any) -> None:
    spent = token(runtime, person(runtime, Role.OWNER))
    browser(app).sign_in(spent)
    for wrong in ("made-up", spent):
        browser(app).sign_in(wrong)
    refused = acme.get("/v1/audit-log?action=session.refused").json()["items"]
    assert [one["detail"] for one in refused] == [{"reason": "spent"}]
    assert spent not in acme.get("/v1/audit-log").text

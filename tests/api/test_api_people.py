"""People and roles: nobody raises anybody above themselves, and the last owner stays one."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from access_harness import Browser, browser, entries, person, signed_in, token
from fastapi import FastAPI

from ticketflow.api.roles import LEAST, least_role, scopes_of
from ticketflow.api.scopes import Scope
from ticketflow.domain import Role
from ticketflow.runtime import Runtime
from ticketflow.store import people as stored

ROLES = [Role.VIEWER, Role.AGENT, Role.ADMIN, Role.OWNER]
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md"


def test_each_role_may_do_more_than_the_one_before() -> None:
    for lower, higher in itertools.pairwise(ROLES):
        assert scopes_of(lower) < scopes_of(higher)
    assert scopes_of(Role.OWNER) == {scope.value for scope in Scope}
    assert all(scope.endswith(":read") for scope in scopes_of(Role.VIEWER))


def test_a_scope_that_nobody_thought_of_belongs_to_owners_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from ticketflow.api import roles

    monkeypatch.setattr(roles, "LEAST", {one: role for one, role in LEAST.items() if one is not Scope.TICKETS_READ})
    assert "tickets:read" not in scopes_of(Role.ADMIN)
    assert "tickets:read" in scopes_of(Role.OWNER)


def test_the_reference_shows_which_roles_have_each_scope() -> None:
    rows = re.findall(r"^\| `([\w-]+:\w+)` \|.*\| ([\w, ]+) \|$", REFERENCE.read_text("utf-8"), re.M)
    told = {scope: set(roles.split(", ")) for scope, roles in rows}
    assert told == {scope.value: {role.value for role in ROLES if scope in scopes_of(role)} for scope in Scope}


@pytest.mark.parametrize("role", ROLES)
def test_a_person_may_do_what_the_role_carries_and_nothing_else(app: FastAPI, runtime: Runtime, role: Role) -> None:
    window = signed_in(app, runtime, person(runtime, role))
    assert set(window("GET", "/v1/me").json()["scopes"]) == scopes_of(role)
    asked = {
        "/v1/articles": Scope.ARTICLES_READ,
        "/v1/people": Scope.PEOPLE_READ,
        "/v1/keys": Scope.KEYS_READ,
        "/v1/audit-log": Scope.AUDIT_LOG_READ,
        "/v1/settings": Scope.SETTINGS_READ,
    }
    for path, scope in asked.items():
        allowed = role.rank >= least_role(scope).rank
        answer = window("GET", path)
        assert answer.status_code == (200 if allowed else 403), path
        if not allowed:
            assert f"role {least_role(scope)}" in answer.json()["remedy"]


def invite(window: Browser, role: Role, email: str = "new@example.com") -> Any:
    return window("POST", "/v1/people", json={"email": email, "role": role})


@pytest.mark.parametrize("own", [Role.ADMIN, Role.OWNER])
def test_nobody_makes_changes_or_impersonates_anybody_above_themselves(
    app: FastAPI, runtime: Runtime, own: Role
) -> None:
    others = {role: person(runtime, role, f"other-{role}@example.com") for role in ROLES}
    person(runtime, Role.OWNER, "second@example.com")
    window = signed_in(app, runtime, person(runtime, own))
    for role in ROLES:
        above = role.rank > own.rank
        assert invite(window, role, f"new-{role}@example.com").status_code == (403 if above else 201)
        path = f"/v1/people/{others[role].id}"
        for answer in (
            window("PATCH", path, json={"name": "Renamed"}),
            window("PATCH", path, json={"disabled": True}),
            window("PATCH", path, json={"disabled": False}),
            window("POST", f"{path}/link", json=None),
            window("DELETE", f"{path}/sessions"),
        ):
            assert answer.status_code in ((403,) if above else (200, 201)), (role, answer.request.url)
        raised = window("PATCH", f"/v1/people/{others[Role.VIEWER].id}", json={"role": role})
        assert raised.status_code == (403 if above else 200)
        window("PATCH", f"/v1/people/{others[Role.VIEWER].id}", json={"role": Role.VIEWER})


def test_a_key_raises_nobody_above_itself_either(caller: Callable[..., Any]) -> None:
    narrow = caller(scopes=["people:write", "people:read", *sorted(scopes_of(Role.VIEWER))])
    assert narrow.post("/v1/people", {"email": "v@example.com", "role": "viewer"}).status_code == 201
    assert narrow.post("/v1/people", {"email": "a@example.com", "role": "agent"}).status_code == 403


def test_the_last_owner_stays_one(app: FastAPI, runtime: Runtime) -> None:
    boss = person(runtime, Role.OWNER)
    window = signed_in(app, runtime, boss)
    path = f"/v1/people/{boss.id}"
    for change in ({"role": "admin"}, {"disabled": True}):
        refused = window("PATCH", path, json=change)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert "last owner" in refused.json()["detail"]
    second = person(runtime, Role.OWNER, "second@example.com")
    window("PATCH", f"/v1/people/{second.id}", json={"disabled": True})
    assert window("PATCH", path, json={"role": "admin"}).status_code == 409  # a disabled owner is none
    window("PATCH", f"/v1/people/{second.id}", json={"disabled": False})
    assert window("PATCH", path, json={"role": "viewer"}).status_code == 200
    assert window("GET", "/v1/people").status_code == 403  # it holds at once


def test_an_address_is_taken_once_however_it_is_written(app: FastAPI, runtime: Runtime) -> None:
    window = signed_in(app, runtime, person(runtime, Role.OWNER))
    first = invite(window, Role.AGENT, "Nadia@Example.com").json()
    assert first["email"] == first["name"] == "nadia@example.com"
    again = invite(window, Role.AGENT, "nadia@example.COM")
    assert (again.status_code, again.json()["existing_id"]) == (409, first["id"])
    for wrong in ("nadia", "@", "a@b c", " a@b", "a@b\n", "a" * 190 + "@example.com"):
        assert invite(window, Role.AGENT, wrong).status_code == 422


def test_an_invitation_leads_to_a_session(app: FastAPI, runtime: Runtime) -> None:
    window = signed_in(app, runtime, person(runtime, Role.ADMIN))
    new = invite(window, Role.AGENT).json()
    link = window("POST", f"/v1/people/{new['id']}/link", json=None).json()
    assert link["link"] == f"http://testserver/sign-in#{link['token']}"
    theirs = browser(app)
    assert theirs.sign_in(link["token"]).json()["email"] == "new@example.com"
    (linked, *_) = entries(runtime, runtime.workspace("acme").id, "person.linked")
    assert linked.object == new["id"]
    assert link["token"] not in str(linked)


def test_a_person_is_signed_out_everywhere(app: FastAPI, runtime: Runtime) -> None:
    nadia = person(runtime, Role.AGENT)
    windows = [signed_in(app, runtime, nadia) for _ in range(2)]
    boss = signed_in(app, runtime, person(runtime, Role.ADMIN))
    path = f"/v1/people/{nadia.id}/sessions"
    listed = boss("GET", path).json()["items"]
    assert [one["current"] for one in listed] == [False, False]
    assert not any(str(window.cookie) in str(listed) for window in windows)
    assert boss("DELETE", path).json() == {"person_id": nadia.id, "ended": 2}
    for window in windows:
        app.state.admission.sessions.forget(listed[0]["id"])
        app.state.admission.sessions.forget(listed[1]["id"])
        assert window("GET", "/v1/me").status_code == 401
    assert boss("GET", path).json()["items"] == []


def test_sessions_do_not_come_back_with_a_person_who_is_enabled_again(app: FastAPI, runtime: Runtime) -> None:
    nadia = person(runtime, Role.AGENT)
    window = signed_in(app, runtime, nadia)
    boss = signed_in(app, runtime, person(runtime, Role.ADMIN))
    for disabled in (True, False):
        boss("PATCH", f"/v1/people/{nadia.id}", json={"disabled": disabled})
    assert window("GET", "/v1/me").status_code == 401
    (ended,) = entries(runtime, nadia.workspace_id, "session.ended")
    assert ended.object == nadia.id
    assert signed_in(app, runtime, nadia)("GET", "/v1/me").status_code == 200


def test_a_disabled_person_gets_no_link(app: FastAPI, runtime: Runtime) -> None:
    nadia = person(runtime, Role.AGENT)
    boss = signed_in(app, runtime, person(runtime, Role.ADMIN))
    link = token(runtime, nadia)
    boss("PATCH", f"/v1/people/{nadia.id}", json={"disabled": True})
    assert boss("POST", f"/v1/people/{nadia.id}/link", json=None).status_code == 409
    assert browser(app).sign_in(link).status_code == 401


def test_changes_are_in_the_audit_log_with_what_was_before(app: FastAPI, runtime: Runtime) -> None:
    nadia = person(runtime, Role.VIEWER)
    chief = person(runtime, Role.ADMIN)
    boss = signed_in(app, runtime, chief)
    boss("PATCH", f"/v1/people/{nadia.id}", json={"role": "agent"})
    boss("PATCH", f"/v1/people/{nadia.id}", json={"role": "agent"})  # no change, no entry
    (changed,) = entries(runtime, nadia.workspace_id, "person.changed")
    assert changed.actor == f"person:{chief.id}"
    assert changed.detail == {"before": {"role": "viewer"}, "after": {"role": "agent"}}
    assert changed.object == nadia.id
    with runtime.database.read() as session:
        assert stored.get(session, nadia.workspace_id, nadia.id).role is Role.AGENT

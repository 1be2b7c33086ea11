"""A link becomes a session, once; the session is a cookie that nothing but its own browser can use."""

import re
import subprocess
import sys
import time
from typing import Any

import pytest
from access_harness import ORIGIN, browser, entries, person, signed_in, token, workspace
from fastapi import FastAPI

from ticketflow.api import cookies, rates, sessions, sign_in
from ticketflow.api.app import create_app
from ticketflow.config import Config
from ticketflow.domain import Role
from ticketflow.runtime import Runtime, build
from ticketflow.store import browser_sessions, one_time
from ticketflow.testing import FrozenClock, HashEncoder


def test_a_link_signs_in_once_and_tells_who(app: FastAPI, runtime: Runtime) -> None:
    nadia = person(runtime, Role.AGENT, "nadia@example.com")
    opened, link = browser(app), token(runtime, nadia)
    told = opened.sign_in(link)
    assert told.status_code == 201
    me = told.json()
    assert (me["kind"], me["email"], me["role"], me["workspace"]) == ("person", "nadia@example.com", "agent", "acme")
    assert opened("GET", "/v1/me").json() == me
    assert opened("GET", "/v1/articles").status_code == 200
    again = browser(app)
    assert again.sign_in(link).status_code == 401
    assert again.cookie is None
    assert [one.detail for one in entries(runtime, nadia.workspace_id, "session.refused")] == [{"reason": "spent"}]
    (started,) = entries(runtime, nadia.workspace_id, "session.started")
    assert started.actor == f"person:{nadia.id}"


def test_a_late_link_opens_nothing(app: FastAPI, runtime: Runtime, clock: FrozenClock) -> None:
    nadia = person(runtime, Role.AGENT)
    in_time, late = token(runtime, nadia), token(runtime, nadia)
    clock.advance(sign_in.LIFETIME / 1e6 - 1)
    assert browser(app).sign_in(in_time).status_code == 201
    clock.advance(1)
    assert browser(app).sign_in(late).status_code == 401
    assert [one.detail for one in entries(runtime, nadia.workspace_id, "session.refused")] == [{"reason": "late"}]


def test_tokens_of_other_purposes_and_of_nobody_open_nothing(app: FastAPI, runtime: Runtime) -> None:
    nadia = person(runtime, Role.OWNER)
    with runtime.database.write() as session:
        stream = one_time.issue(session, nadia.workspace_id, "stream", {"person_id": nadia.id}, sign_in.LIFETIME)
    foreign = person(runtime, Role.OWNER, slug="rival")
    with runtime.database.write() as session:  # a person of another workspace than the token's
        mixed = one_time.issue(
            session, nadia.workspace_id, sign_in.PURPOSE, {"person_id": foreign.id}, sign_in.LIFETIME
        )
    for wrong in (stream, mixed, "made-up", token(runtime, nadia)[:-1], "x" * 200):
        refused = browser(app).sign_in(wrong)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        assert wrong not in refused.text
        assert "set-cookie" not in refused.headers


def test_a_link_of_another_workspace_opens_that_one_alone(app: FastAPI, runtime: Runtime, acme: Any) -> None:
    article = acme.post("/v1/articles", {"title": "mine", "body": "mine alone"}).json()["id"]
    theirs = signed_in(app, runtime, person(runtime, Role.OWNER, slug="rival"))
    assert theirs("GET", "/v1/me").json()["workspace"] == "rival"
    assert theirs("GET", f"/v1/articles/{article}").status_code == 404
    assert theirs("GET", "/v1/articles").json()["items"] == []


def test_the_cookie_is_out_of_reach(app: FastAPI, runtime: Runtime) -> None:
    told = browser(app).sign_in(token(runtime, person(runtime, Role.VIEWER)))
    (cookie,) = told.headers.get_list("set-cookie")
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", "max-age=604800"} == flags  # and no domain
    text = cookie.partition("=")[2].partition(";")[0]
    assert len(text) >= 43
    assert text not in told.text
    assert text.encode() not in (runtime.config.home / "ticketflow.db").read_bytes()


@pytest.mark.parametrize("told_by", ["scheme", "configuration"])
def test_over_https_the_cookie_is_secure_and_no_other_counts(
    runtime: Runtime, clock: FrozenClock, told_by: str
) -> None:
    config = runtime.config.model_copy(
        update={"public_url": "https://support.example.com" if told_by == "configuration" else None}
    )
    app = create_app(build(config, clock=clock, encoder=HashEncoder()))
    base = "https://testserver" if told_by == "scheme" else "http://inside:8484"
    origin = "https://testserver" if told_by == "scheme" else "https://support.example.com"
    nadia = browser(app, base_url=base)
    sent = nadia(
        "POST", "/v1/sessions", json={"token": token(runtime, person(runtime, Role.VIEWER))}, headers={"Origin": origin}
    )
    assert sent.status_code == 201
    (cookie,) = sent.headers.get_list("set-cookie")
    assert cookie.startswith(f"{cookies.SECURE_NAME}=")
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    text = cookie.partition("=")[2].partition(";")[0]
    for name, status in ((cookies.SECURE_NAME, 200), (cookies.NAME, 401)):
        fresh = browser(app, base_url=base)
        assert fresh("GET", "/v1/me", headers={"Cookie": f"{name}={text}"}).status_code == status


def test_signing_in_never_takes_over_a_cookie_that_was_there(app: FastAPI, runtime: Runtime) -> None:
    planted = "a-cookie-that-somebody-else-knows"
    victim = browser(app)
    victim.client.cookies.set(cookies.NAME, planted)
    assert victim.sign_in(token(runtime, person(runtime, Role.OWNER))).status_code == 201
    (attacker,) = [browser(app)]
    assert attacker("GET", "/v1/me", headers={"Cookie": f"{cookies.NAME}={planted}"}).status_code == 401


def test_signing_in_anew_ends_the_session_before_it(app: FastAPI, runtime: Runtime) -> None:
    nadia = person(runtime, Role.OWNER)
    window = signed_in(app, runtime, nadia)
    before = window.cookie
    window.sign_in(token(runtime, nadia))
    assert window.cookie != before
    with runtime.database.read() as session:
        found = browser_sessions.find(session, sessions.digest(runtime.secret, str(before)))
        assert found is not None
        assert found.session.ended_at is not None
        assert len(browser_sessions.live(session, nadia.workspace_id, nadia.id)) == 1


def test_who_signs_out_is_out_at_once(app: FastAPI, runtime: Runtime) -> None:
    nadia = signed_in(app, runtime, person(runtime, Role.VIEWER))
    kept = nadia.cookie
    out = nadia("DELETE", "/v1/sessions/current")
    assert out.json()["ended"] == 1
    assert nadia.cookie is None
    refused = nadia("GET", "/v1/me", headers={"Cookie": f"{cookies.NAME}={kept}"})
    assert refused.status_code == 401
    assert "was ended" in refused.json()["detail"]


def test_a_session_ends_when_nobody_uses_it_and_in_any_case_after_a_week(
    app: FastAPI, runtime: Runtime, clock: FrozenClock
) -> None:
    nadia, idle = person(runtime, Role.VIEWER), sessions.IDLE / 1e6
    forgotten, used = signed_in(app, runtime, nadia), signed_in(app, runtime, nadia)
    uses = app.state.admission.uses
    hours = 0
    while used("GET", "/v1/me").status_code == 200:
        uses.write()
        used.client.app.state.admission.sessions.forget(sessions.digest(runtime.secret, str(used.cookie)))  # type: ignore[attr-defined]
        clock.advance(idle / 2)
        hours += 6
        assert hours <= 24 * 7
    assert hours == 24 * 7
    assert forgotten("GET", "/v1/me").status_code == 401


def test_use_within_an_hour_writes_nothing(app: FastAPI, runtime: Runtime, clock: FrozenClock) -> None:
    nadia = signed_in(app, runtime, person(runtime, Role.VIEWER))
    first = nadia("GET", "/v1/me").json()["session_expires_at"]
    clock.advance(59 * 60)
    nadia("GET", "/v1/me")
    app.state.admission.uses.write()
    assert nadia("GET", "/v1/me").json()["session_expires_at"] == first


DISABLE = """
import sys
from ticketflow.api import people
from ticketflow.api.scopes import Scope
from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.db.sqlite import SQLite
database = Database(sys.argv[1], SQLite(), SystemClock())
print("ready", flush=True)
sys.stdin.readline()
with database.write() as session:
    people.change(session, sys.argv[2], sys.argv[3], actor="another process", held=Scope, disabled=True)
print("done", flush=True)
"""


def test_who_is_disabled_by_another_process_is_out_within_a_second(app: FastAPI, runtime: Runtime) -> None:
    nadia = person(runtime, Role.AGENT)
    window = signed_in(app, runtime, nadia)
    spare = token(runtime, nadia)
    command = [sys.executable, "-c", DISABLE, runtime.config.url, nadia.workspace_id, nadia.id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "ready\n"
        assert window("GET", "/v1/me").status_code == 200
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "done\n"
        done = time.monotonic()
        while window("GET", "/v1/me").status_code == 200:
            assert time.monotonic() - done < 1.0
            time.sleep(0.01)
    assert browser(app).sign_in(spare).status_code == 401
    assert [one.detail for one in entries(runtime, nadia.workspace_id, "session.refused")] == [{"reason": "disabled"}]


def test_an_address_that_guesses_links_is_slowed_down(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "FAILURES", "3/minute")
    app = create_app(runtime)
    assert [browser(app).sign_in("made-up").status_code for _ in range(5)] == [401, 401, 401, 429, 429]


def test_a_key_has_no_session(acme: Any) -> None:
    assert acme("DELETE", "/v1/sessions/current").status_code == 404
    me = acme.get("/v1/me").json()
    assert (me["kind"], me["role"], me["csrf_token"], me["workspace"]) == ("key", None, None, "acme")


def test_the_page_behind_a_link_runs_its_own_script_alone(client: Any) -> None:
    page = client.get("/sign-in")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"(src|href|action|style)=|\son\w+=", page.text)
    assert "location.hash" in page.text


def test_the_first_start_makes_an_owner_until_somebody_signs_in(app: FastAPI, runtime: Runtime) -> None:
    where = workspace(runtime)
    with runtime.database.write() as session:
        first = sign_in.first_token(session, where.id)
        again = sign_in.first_token(session, where.id)
    assert first is not None
    assert again is not None
    assert first[0].id == again[0].id
    assert (first[0].email, first[0].role) == (sign_in.FIRST_OWNER, Role.OWNER)
    assert browser(app).sign_in(again[1]).status_code == 201
    with runtime.database.write() as session:
        assert sign_in.first_token(session, where.id) is None


def test_where_people_were_added_the_first_link_is_an_owners_or_nobodys(runtime: Runtime) -> None:
    agent = person(runtime, Role.AGENT)
    with runtime.database.write() as session:
        assert sign_in.first_token(session, agent.workspace_id) is None
    boss = person(runtime, Role.OWNER)
    with runtime.database.write() as session:
        found = sign_in.first_token(session, agent.workspace_id)
    assert found is not None
    assert found[0].id == boss.id


def test_a_public_address_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="no address without a path"):
        Config(public_url="https://support.example.com/desk")
    assert Config(public_url="https://support.example.com/").public_url == "https://support.example.com"
    assert ORIGIN.startswith("http://")

"""Nobody gets in without a live key, and nobody does more than it says; what it sees: test_api_isolation."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import iter_route_contexts

from ticketflow.api.app import bare_app
from ticketflow.api.guard import PUBLIC, GuardedRoute, declared_scope, needs
from ticketflow.api.scopes import Scope
from ticketflow.errors import Misconfigured

OPEN_TO_ALL = {"/", "/healthz", "/readyz", "/docs", "/openapi.json", "/sign-in", "/v1/sessions"}
SIGNED = {"/v1/intake/{source}"}
"""What no key opens: each request is signed with a source's secret; see test_api_intake."""


def routes() -> Iterator[tuple[str, str, str]]:
    """Method, path and scope of every route there is."""
    for context in iter_route_contexts(bare_app().routes):
        for method in sorted(context.methods or ()):
            yield method, str(context.path), str(declared_scope(context.endpoint))


GUARDED = [route for route in routes() if route[2] != PUBLIC]


def test_only_what_says_nothing_about_customers_is_public() -> None:
    assert {path for _, path, scope in routes() if scope == PUBLIC} == OPEN_TO_ALL | SIGNED
    assert len(GUARDED) >= 35


def test_every_route_asks_for_a_key(client: Any) -> None:
    for method, path, _ in GUARDED:
        refused = client.request(method, path)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated"), f"{method} {path}"
        assert refused.headers["www-authenticate"].startswith("Bearer")


def test_a_route_without_a_scope_refuses_to_start() -> None:
    router = APIRouter(route_class=GuardedRoute)

    def forgotten() -> None: ...

    with pytest.raises(Misconfigured, match="forgotten declares no scope"):
        router.get("/forgotten")(forgotten)
    router.get("/remembered")(needs(Scope.TICKETS_READ)(forgotten))


def test_a_plain_router_without_scopes_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from ticketflow.api import app as module

    class Plain:
        routes = APIRouter()

    @Plain.routes.get("/plain")
    def plain() -> None: ...

    monkeypatch.setattr(module, "RESOURCES", (*module.RESOURCES, Plain))
    with pytest.raises(Misconfigured, match="plain declares no scope"):
        module.bare_app()


SPOILT: list[tuple[Callable[[str], str], str]] = [
    (lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"), "mistyped"),
    (lambda key: key[:20] + ("A" if key[20] != "A" else "B") + key[21:], "mistyped"),
    (lambda key: key[:-9], "not a TicketFlow"),
    (lambda key: key + "0", "mistyped"),
    (lambda _: "sk_other_product", "not a TicketFlow"),
    (lambda _: "tf_live_äöü", "not a TicketFlow"),
]


def test_a_spoilt_key_is_refused_and_told_apart(acme: Any) -> None:
    for spoil, says in SPOILT:
        wrong = spoil(acme.key)
        refused = acme.get("/v1/tickets", headers={"Authorization": f"Bearer {wrong}".encode()})
        assert refused.status_code == 401, wrong
        assert says in refused.json()["detail"], wrong
        assert wrong not in refused.text


def test_a_key_in_the_address_opens_nothing(client: Any, acme: Any) -> None:
    assert client.get(f"/v1/tickets?api_key={acme.key}").status_code == 401


def test_a_key_of_another_installation_is_refused(acme: Any, client: Any) -> None:
    from ticketflow.api.keys import checksum

    body = f"tf_live_{'a' * 16}_{'B' * 43}"
    forged = f"{body}_{checksum(body)}"
    refused = client.get("/v1/tickets", headers={"Authorization": f"Bearer {forged}"})
    assert refused.status_code == 401
    assert "no such API key" in refused.json()["detail"]


def test_an_expired_key_is_refused(client: Any, runtime: Any, clock: Any) -> None:
    from ticketflow.api import keys

    workspace = runtime.workspace()
    with runtime.database.write() as session:
        expires = session.now + 60_000_000
        _, key = keys.create(
            session, workspace.id, runtime.secret, "short", ["tickets:read"], actor="test", expires_at=expires
        )
    headers = {"Authorization": f"Bearer {key}"}
    assert client.get("/v1/tickets", headers=headers).status_code == 200
    clock.advance(61)
    refused = client.get("/v1/tickets", headers=headers)
    assert refused.status_code == 401
    assert "has expired" in refused.json()["detail"]


REVOKE = """
import sys
from ticketflow.api import keys
from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.db.sqlite import SQLite
database = Database(sys.argv[1], SQLite(), SystemClock())
print("ready", flush=True)
sys.stdin.readline()
with database.write() as session:
    keys.revoke(session, sys.argv[2], sys.argv[3], actor="another process")
print("revoked", flush=True)
"""


def test_a_key_revoked_by_another_process_stops_within_a_second(acme: Any, runtime: Any) -> None:
    key_id = acme.key.split("_")[2]
    command = [sys.executable, "-c", REVOKE, runtime.config.url, acme.workspace.id, key_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "ready\n"
        assert acme.get("/v1/tickets").status_code == 200
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "revoked\n"
        revoked_at = time.monotonic()
        while acme.get("/v1/tickets").status_code == 200:
            assert time.monotonic() - revoked_at < 1.0
            time.sleep(0.01)
    refused = acme.get("/v1/tickets")
    assert refused.status_code == 401
    assert "was revoked" in refused.json()["detail"]

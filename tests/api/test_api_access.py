"""Nobody gets in without a live key, nobody does more than the key says, and nobody sees another workspace."""

import re
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
from ticketflow.clock import DAY
from ticketflow.db import Session
from ticketflow.domain import Action, Analysis, Decision, Guess, Priority
from ticketflow.errors import Misconfigured
from ticketflow.runtime import Runtime
from ticketflow.store import audits, certificates, decisions, notices
from ticketflow.store.audits import NewSample
from ticketflow.store.certificates import NewCertificate

OPEN_TO_ALL = {"/", "/healthz", "/readyz", "/docs", "/openapi.json"}


def routes() -> Iterator[tuple[str, str, str]]:
    """Method, path and scope of every route there is."""
    for context in iter_route_contexts(bare_app().routes):
        for method in sorted(context.methods or ()):
            yield method, str(context.path), str(declared_scope(context.endpoint))


GUARDED = [route for route in routes() if route[2] != PUBLIC]


DOCUMENT = bare_app().openapi()


def example_body(method: str, path: str) -> Any:
    spec = DOCUMENT["paths"][path][method.lower()]
    return spec.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")


def test_only_what_says_nothing_about_customers_is_public() -> None:
    assert {path for _, path, scope in routes() if scope == PUBLIC} == OPEN_TO_ALL
    assert len(GUARDED) >= 35


def test_every_route_asks_for_a_key(client: Any) -> None:
    for method, path, _ in GUARDED:
        refused = client.request(method, path)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated"), f"{method} {path}"
        assert refused.headers["www-authenticate"].startswith("Bearer")


def test_every_route_asks_for_its_scope_before_it_reads_the_body(caller: Any) -> None:
    without = {scope: caller(scopes=[other.value for other in Scope if other is not scope]) for scope in Scope}
    for method, path, scope in GUARDED:
        refused = without[Scope(scope)](method, path, content=b"\x00 not even JSON")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), f"{method} {path}"
        assert scope in refused.json()["detail"]


REFUSAL = NewCertificate(
    segment="",
    version="zebrafinch",
    standing="unreachable",
    alpha=0.05,
    delta=0.05,
    look=1,
    spent=0.03,
    threshold=None,
    coverage=0.0,
    wrong_share=0.0,
    upper_bound=1.0,
    labels=0,
    automatic=0,
    errors=0,
    needed=None,
    reason="the zebrafinch is too loud",
    passed=[],
    excluded=[],
    source="history",
)


def decided(session: Session, workspace_id: str, opened: Any) -> str:
    """A decision on the ticket that waits for a grade; its id."""
    ticket_id, run_id = opened["ticket"]["id"], opened["run_id"]
    unknown = Guess(value=None, confidence=0.0, source="test")
    guesses = dict.fromkeys(("category", "priority", "language", "sentiment"), unknown)
    analysis = Analysis(candidates=[], novelty=1.0, version="zebrafinch", **guesses)
    decision = Decision(
        action=Action.ESCALATE,
        answer_id=None,
        label=None,
        confidence=0.0,
        threshold=None,
        category=None,
        priority=Priority.NORMAL,
        team=None,
        reasons=["the zebrafinch is unknown"],
        version="zebrafinch",
    )
    decision_id = decisions.add(session, workspace_id, ticket_id, run_id, decision, analysis)
    sample = NewSample(
        decision_id=decision_id,
        ticket_id=ticket_id,
        run_id=run_id,
        segment="",
        category=None,
        version="zebrafinch",
        answer_id=None,
        confidence=0.0,
        automatic=False,
        twice=False,
        due_at=session.now + DAY,
    )
    audits.draw(session, workspace_id, sample)
    return decision_id


def objects_of(someone: Any, runtime: Runtime) -> dict[str, str]:
    """One object of each kind in a workspace, by the name that paths give its id."""
    opened = someone.post("/v1/tickets", {"body": "the zebrafinch is loud", "subject": "zebrafinch"}).json()
    article = someone.post("/v1/articles", {"title": "zebrafinch", "body": "zebrafinch care"}).json()
    answer = someone.post("/v1/answers", {"label": "zebrafinch", "body": "feed the zebrafinch"}).json()
    sides = {"control": "certified", "treatment": 0.99}
    experiment = someone.post("/v1/experiments", {"name": "zebrafinch", "factor": "threshold", "sides": sides}).json()
    with runtime.database.write() as session:
        notice = notices.add(session, someone.workspace.id, "automation.lowered", "the zebrafinch is wrong")
        proof = certificates.add(session, someone.workspace.id, REFUSAL, live=False)
        decision_id = decided(session, someone.workspace.id, opened)
    return {
        "ticket_id": opened["ticket"]["id"],
        "run_id": opened["run_id"],
        "article_id": article["id"],
        "answer_id": answer["id"],
        "experiment_id": experiment["id"],
        "notice_id": notice.id,
        "certificate_id": proof.id,
        "decision_id": decision_id,
    }


def test_another_workspaces_objects_do_not_exist(caller: Any, runtime: Runtime) -> None:
    theirs, mine = caller("theirs"), caller("mine")
    objects = objects_of(theirs, runtime)
    asked = 0
    for method, path, _ in GUARDED:
        names = re.findall(r"{(\w+)}", path)
        if not names:
            continue
        filled = path.format(**objects)
        body = example_body(method, path)
        if body is not None and "answer_id" in body:
            body = {**body, "answer_id": objects["answer_id"]}
        refused = mine(method, filled, json=body)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), f"{method} {filled}"
        asked += 1
    assert asked >= 15


def test_lists_searches_and_events_show_only_the_own_workspace(caller: Any, runtime: Runtime) -> None:
    theirs, mine = caller("theirs"), caller("mine")
    objects = objects_of(theirs, runtime)
    for method, path, _ in GUARDED:
        if "{" in path or (method != "GET" and path != "/v1/search"):
            continue
        body = {"text": "zebrafinch", "kinds": ["case", "article", "answer", "ticket"]} if method == "POST" else None
        seen = mine(method, path, json=body)
        assert seen.status_code == 200
        assert "zebrafinch" not in seen.text
        assert not [name for name in objects.values() if name in seen.text]
    for path in ("/v1/audits", "/v1/certificates", "/v1/experiments", "/v1/notices"):
        assert "zebrafinch" in theirs.get(path).text
    assert "zebrafinch" in theirs.post("/v1/search", {"text": "zebrafinch"}).text


def test_an_answer_of_another_workspace_cannot_be_named_in_feedback(caller: Any, runtime: Runtime) -> None:
    theirs, mine = caller("theirs"), caller("mine")
    foreign, own = objects_of(theirs, runtime), objects_of(mine, runtime)
    path = f"/v1/tickets/{own['ticket_id']}/feedback"
    refused = mine.post(path, {"kind": "wrong", "answer_id": foreign["answer_id"]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/answer_id"


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

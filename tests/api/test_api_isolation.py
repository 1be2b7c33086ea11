"""Nothing of another workspace is seen, changed or named by any route, and a route without a scope does not pass.

The checker is made from the routes (`isolation.py`); here it tries all of them, and it is tried on routes that leak.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Response
from filling import operations
from isolation import Isolation, Side
from seeding import seeded

from ticketflow import events
from ticketflow.api.app import bare_app
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.base import In, Name, Out, example
from ticketflow.api.schemas.runs import EventOut
from ticketflow.api.scopes import Scope
from ticketflow.db import Session
from ticketflow.errors import Forbidden, Misconfigured, NotFound
from ticketflow.runtime import Runtime
from ticketflow.store import notices, tickets

COMMON = "zebrafinch"
"""A word of both workspaces' texts: who searches for it should find the own ones alone."""

NOTES_USE = {"api_key"}
"""Tables in which a refused request may leave a trace of its own."""


def stored(runtime: Runtime, workspace_id: str) -> dict[str, list[Any]]:
    """Every row of a workspace, table by table."""
    with sqlite3.connect(Path(runtime.config.home) / "ticketflow.db") as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        owned = [
            table
            for table in tables
            if "workspace_id" in {column[1] for column in file.execute(f'PRAGMA table_info("{table}")')}
        ]
        return {
            table: sorted(map(repr, file.execute(f'SELECT * FROM "{table}" WHERE workspace_id = ?', [workspace_id])))
            for table in owned
            if table not in NOTES_USE
        }


def side(caller: Callable[..., Any], runtime: Runtime, slug: str, canary: str) -> tuple[Side, str]:
    """A workspace with two objects of every resource, and its id."""
    someone = caller(slug)
    rounds = seeded(someone, runtime, someone.workspace, f"{COMMON} {canary}")
    return Side(someone, rounds, canary), someone.workspace.id


def isolation(app: FastAPI, caller: Callable[..., Any], runtime: Runtime) -> Isolation:
    """The checker over `app`, with both workspaces seeded."""
    theirs, their_id = side(caller, runtime, "theirs", "quokkamoor")
    mine, _ = side(caller, runtime, "mine", "wombatfield")
    without = {scope: caller("mine", [other.value for other in Scope if other is not scope]) for scope in Scope}
    return Isolation(app, mine, theirs, COMMON, without.__getitem__, lambda: stored(runtime, their_id))


def test_no_route_leads_into_another_workspace(app: FastAPI, caller: Callable[..., Any], runtime: Runtime) -> None:
    checker = isolation(app, caller, runtime)
    assert checker.check() == []
    guarded = sum("security" in one.spec for one in operations(app.openapi()))
    print(f"{guarded} routes, {checker.calls} calls, 0 leaks")
    assert checker.calls >= 3 * guarded >= 100


class LeakIn(In):
    """A body that names an answer."""

    model_config = example({"answer_id": "0192f0a0-11b2-7e40-8000-5a0b4c3d2e1f"})

    answer_id: Name


class LeakOut(Out):
    """Something of somebody."""

    model_config = example({"text": "something"})

    text: str


class LeakPage(Out):
    """Events of somebody."""

    model_config = example({"items": []})

    items: list[EventOut]


class EmptyPage(Out):
    """Nothing of nobody."""

    model_config = example({"items": []})

    items: list[EventOut]


def leaking(their_id: str) -> APIRouter:
    """Routes that each forget one thing: which workspace asks, whose object it is, or to say anything of themselves."""
    routes = router("Leaks")

    def anybodys(session: Session, calling: Calling, ticket_id: str) -> tickets.Ticket:
        """The ticket, looked up as if the query had no workspace."""
        try:
            return tickets.get(session, calling.workspace_id, ticket_id)
        except NotFound:
            return tickets.get(session, their_id, ticket_id)

    @routes.get("/leaks/tickets/{ticket_id}", responses=fails(404))
    @needs(Scope.TICKETS_READ)
    def unfiltered_object(calling: Calling, ticket_id: str) -> LeakOut:
        with calling.runtime.database.read() as session:
            return LeakOut(text=anybodys(session, calling, ticket_id).subject)

    @routes.get("/leaks/forbidden/{ticket_id}", responses=fails(404))
    @needs(Scope.TICKETS_READ)
    def betrayed_object(calling: Calling, ticket_id: str) -> LeakOut:
        with calling.runtime.database.read() as session:
            if anybodys(session, calling, ticket_id).workspace_id == their_id:
                raise Forbidden("This one is somebody else's.")
        return LeakOut(text="")

    @routes.post("/leaks/silent/{ticket_id}", responses=fails(404))
    @needs(Scope.TICKETS_WRITE)
    def silent_write(calling: Calling, ticket_id: str) -> LeakOut:
        with calling.runtime.database.write() as session:
            notices.add(session, anybodys(session, calling, ticket_id).workspace_id, "leak", "written")
        with calling.runtime.database.read() as session:
            return LeakOut(text=tickets.get(session, calling.workspace_id, ticket_id).id)

    @routes.get("/leaks/list")
    @needs(Scope.EVENTS_READ)
    def unfiltered_list(calling: Calling) -> LeakPage:
        with calling.runtime.database.read() as session:
            found = [one for whose in (calling.workspace_id, their_id) for one in events.after(session, whose, 0, 200)]
        return LeakPage(items=[EventOut.model_validate(one) for one in found])

    @routes.get("/leaks/filter")
    @needs(Scope.TICKETS_READ)
    def unfiltered_filter(calling: Calling, ticket_id: str | None = None) -> LeakOut:
        with calling.runtime.database.read() as session:
            return LeakOut(text=anybodys(session, calling, ticket_id).subject if ticket_id else "")

    @routes.post("/leaks/named")
    @needs(Scope.FEEDBACK_WRITE)
    def unchecked_body(calling: Calling, body: LeakIn) -> LeakOut:
        return LeakOut(text=body.answer_id and calling.workspace_id)

    @routes.get("/leaks/empty")
    @needs(Scope.EVENTS_READ)
    def empty_list(calling: Calling) -> EmptyPage:
        return EmptyPage(items=[])

    @routes.get("/leaks/gadgets/{gadget_id}", responses=fails(404))
    @needs(Scope.TICKETS_READ)
    def unseeded(calling: Calling, gadget_id: str) -> LeakOut:
        raise NotFound(f"There is no gadget {gadget_id} in {calling.workspace_id}.")

    @routes.get("/leaks/hidden", include_in_schema=False)
    @needs(Scope.TICKETS_READ)
    def hidden(calling: Calling) -> LeakOut:
        return LeakOut(text=calling.workspace_id)

    return routes


def unguarded() -> APIRouter:
    """Routes of a plain router: one says no scope, the other says one that nobody looks at."""
    plain = APIRouter(prefix="/v1")

    @plain.get("/leaks/unscoped")
    def unscoped() -> Response:
        return Response("")

    @plain.get("/leaks/unguarded")
    @needs(Scope.TICKETS_READ)
    def merely_declared() -> Response:
        return Response("")

    return plain


LEAKS = [
    "GET /v1/leaks/tickets/{ticket_id}: answers 200 application/json to the other's ticket_id",
    "GET /v1/leaks/tickets/{ticket_id}: shows quokkamoor of the other workspace",
    "GET /v1/leaks/forbidden/{ticket_id}: answers 403 application/problem+json to the other's ticket_id",
    "Something of the other workspace changed",
    "GET /v1/leaks/list: shows quokkamoor, ",
    "GET /v1/leaks/filter: shows quokkamoor of the other workspace",
    "POST /v1/leaks/named: answers 200 to the other's id in `answer_id`",
    "GET /v1/leaks/empty: lists nothing of the own workspace either",
    "GET /v1/leaks/gadgets/{gadget_id}: nothing is known for `gadget_id`; add its object to SEEDS",
    "GET /v1/leaks/hidden: is not in the description",
    "GET /v1/leaks/unscoped: declares no scope",
    "GET /v1/leaks/unguarded: answers 200 to a key without tickets:read",
]


def test_every_kind_of_leak_is_reported(app: FastAPI, caller: Callable[..., Any], runtime: Runtime) -> None:
    app.include_router(leaking(caller("theirs").workspace.id))
    app.include_router(unguarded())
    found = isolation(app, caller, runtime).check()
    assert [leak for leak in LEAKS if not any(one.startswith(leak) for one in found)] == []
    assert [one for one in found if not any(one.startswith(leak) for leak in LEAKS)] == []


def test_an_answer_of_another_workspace_is_refused_at_its_field(caller: Callable[..., Any], runtime: Runtime) -> None:
    theirs, _ = side(caller, runtime, "theirs", "quokkamoor")
    mine, _ = side(caller, runtime, "mine", "wombatfield")
    said = {"kind": "wrong", "answer_id": theirs.ids["answer_id"]}
    refused = mine.ask("POST", f"/v1/tickets/{mine.ids['ticket_id']}/feedback", json=said)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/answer_id"


def test_a_scope_that_nobody_looks_at_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from ticketflow.api import app as module

    class Plain:
        routes = unguarded()

    Plain.routes.routes.pop(0)
    monkeypatch.setattr(module, "RESOURCES", (*module.RESOURCES, Plain))
    with pytest.raises(Misconfigured, match="merely_declared is not guarded"):
        bare_app()

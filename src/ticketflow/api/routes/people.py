"""People: who may sign in to the workspace, and with which role."""

from typing import Annotated

from fastapi import Query, Request, Response

from ticketflow.api import paging, people, sessions, sign_in
from ticketflow.api.documented import fails
from ticketflow.api.existing import existing_named
from ticketflow.api.guard import Calling, answers_once, needs, router
from ticketflow.api.principal import require_role
from ticketflow.api.schemas.people import (
    PersonIn,
    PersonOut,
    PersonPage,
    PersonPatch,
    PersonQuery,
    SessionOut,
    SessionsEnded,
    SessionsOut,
    SignInLink,
)
from ticketflow.api.scopes import Scope
from ticketflow.store import browser_sessions
from ticketflow.store import people as stored

routes = router("People")


@routes.get("/people", summary="List people")
@needs(Scope.PEOPLE_READ)
def list_people(calling: Calling, query: Annotated[PersonQuery, Query()]) -> PersonPage:
    """Everybody who was added to the workspace, newest first, disabled people included."""
    before = paging.position(calling, "people", query)
    with calling.runtime.database.read() as session:
        found = stored.page(session, calling.workspace_id, before=before, limit=query.limit + 1)
    items, cursor = paging.cut(calling, "people", query, found, lambda last: (last.created_at, last.id))
    return PersonPage(items=[PersonOut.model_validate(one) for one in items], next_cursor=cursor)


@routes.post("/people", status_code=201, summary="Invite a person", responses=fails(409))
@needs(Scope.PEOPLE_WRITE)
def invite_person(calling: Calling, body: PersonIn, response: Response) -> PersonOut:
    """Add somebody with a role; a role that may do more than you is refused with 403. Nothing is sent: ask for a
    sign-in link next, and hand it over.
    """
    email = body.email.lower()
    with (
        existing_named(calling, lambda session: stored.by_email(session, calling.workspace_id, email)),
        calling.runtime.database.write() as session,
    ):
        made = people.add(
            session,
            calling.workspace_id,
            body.email,
            body.name,
            body.role,
            actor=calling.principal.actor,
            held=calling.principal.scopes,
        )
    response.headers["Location"] = f"/v1/people/{made.id}"
    return PersonOut.model_validate(made)


@routes.get("/people/{person_id}", summary="Read a person", responses=fails(404))
@needs(Scope.PEOPLE_READ)
def read_person(calling: Calling, person_id: str) -> PersonOut:
    """Somebody's name, address and role."""
    with calling.runtime.database.read() as session:
        return PersonOut.model_validate(stored.get(session, calling.workspace_id, person_id))


@routes.patch("/people/{person_id}", summary="Change or disable a person", responses=fails(404, 409))
@needs(Scope.PEOPLE_WRITE)
def change_person(calling: Calling, person_id: str, body: PersonPatch) -> PersonOut:
    """Change name or role, disable or enable. Whoever may do more than you is not yours to change (403), and the last
    owner stays one (409). Who is disabled is signed out everywhere within a second.
    """
    with calling.runtime.database.write() as session:
        changed = people.change(
            session,
            calling.workspace_id,
            person_id,
            actor=calling.principal.actor,
            held=calling.principal.scopes,
            **body.changes(),
        )
    return PersonOut.model_validate(changed)


@routes.post("/people/{person_id}/link", status_code=201, summary="Make a sign-in link", responses=fails(404, 409))
@answers_once
@needs(Scope.PEOPLE_WRITE)
def link_person(calling: Calling, person_id: str, request: Request) -> SignInLink:
    """A link that signs this person in, once, within 15 minutes. Whoever opens it acts in their name, so hand it to
    nobody else; of somebody who may do more than you, none is made (403).
    """
    with calling.runtime.database.write() as session:
        person = stored.get(session, calling.workspace_id, person_id)
        token = sign_in.token_for(session, person, actor=calling.principal.actor, held=calling.principal.scopes)
        expires_at = session.now + sign_in.LIFETIME
    base = calling.runtime.config.public_url or str(request.base_url).rstrip("/")
    return SignInLink(person_id=person.id, link=sign_in.link(base, token), token=token, expires_at=expires_at)


@routes.get("/people/{person_id}/sessions", summary="List a person's sessions", responses=fails(404))
@needs(Scope.PEOPLE_READ)
def list_person_sessions(calling: Calling, person_id: str) -> SessionsOut:
    """The browsers in which somebody is signed in now."""
    with calling.runtime.database.read() as session:
        person = stored.get(session, calling.workspace_id, person_id)
        found = browser_sessions.live(session, calling.workspace_id, person.id)
    current = calling.principal.session_id
    return SessionsOut(
        items=[SessionOut.model_validate({**one.model_dump(), "current": one.id == current}) for one in found]
    )


@routes.delete("/people/{person_id}/sessions", summary="Sign a person out", responses=fails(404))
@needs(Scope.PEOPLE_WRITE)
def end_person_sessions(calling: Calling, person_id: str) -> SessionsEnded:
    """End every session of a person: all their browsers are refused within a second. They may sign in again."""
    with calling.runtime.database.write() as session:
        person = stored.get(session, calling.workspace_id, person_id)
        require_role(calling.principal.scopes, person.role, f"Signing out {person.email}")
        ended = sessions.end_all(session, calling.workspace_id, person.id, actor=calling.principal.actor)
    return SessionsEnded(person_id=person.id, ended=ended)

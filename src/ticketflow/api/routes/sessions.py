"""Signing in and out with a browser, and who is asking."""

from typing import cast

from fastapi import Request, Response

from ticketflow.api import cookies, csrf, sessions
from ticketflow.api import sign_in as signing_in
from ticketflow.api.admission import Admission
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, known, public, router
from ticketflow.api.principal import Principal
from ticketflow.api.rates import Rates
from ticketflow.api.schemas.people import MeOut, SessionsEnded, SignIn
from ticketflow.db import Session
from ticketflow.errors import NotFound, Unauthenticated
from ticketflow.runtime import Runtime
from ticketflow.store import browser_sessions, workspaces

routes = router("Sign-in")


@routes.post("/sessions", status_code=201, summary="Sign in", responses=fails(401, 403, 429))
@public
def sign_in(request: Request, body: SignIn, response: Response) -> MeOut:
    """Spend what a sign-in link holds for a session of 12 hours, which use prolongs to 7 days at most. The session is a
    cookie that no script can read; a token that was used, is late or was never given out is refused with 401.
    """
    runtime, admission = cast(Runtime, request.app.state.runtime), cast(Admission, request.app.state.admission)
    csrf.require_own_origin(request.headers, admission.origins, browser=False)
    earlier = admission.session_of(request)
    with runtime.database.write() as session:
        opened = signing_in.open_session(session, runtime.secret, body.token)
        if opened is not None and earlier is not None:  # of whoever sat at this browser before
            sessions.end(session, earlier, actor=earlier.actor)
        told = None if opened is None else _told(session, runtime, sessions.principal(opened.signed_in))
    if opened is None or told is None:
        cast(Rates, request.app.state.rates).failed(request.client.host if request.client else "")
        raise Unauthenticated(
            "The sign-in link does not open anything: it was used, is older than 15 minutes, or is none of ours.",
            remedy="Ask for a new one; `ticketflow person link EMAIL` makes it.",
        )
    cookies.put(response, opened.cookie, secure=admission.is_secure(request))
    return told


@routes.delete("/sessions/current", summary="Sign out", responses=fails(404))
@known
def sign_out(calling: Calling, request: Request, response: Response) -> SessionsEnded:
    """End the session that this request comes with; every process refuses its cookie within a second. An API key has no
    session (404); revoke it instead.
    """
    caller = calling.principal
    if caller.session_id is None:
        raise NotFound("An API key has no session.", remedy="Revoke the key with POST /v1/keys/{key_id}/revoke.")
    with calling.runtime.database.write() as session:
        ended = sessions.end(session, caller, actor=caller.actor)
    admission = cast(Admission, request.app.state.admission)
    cookies.remove(response, secure=admission.is_secure(request))
    return SessionsEnded(person_id=caller.id, ended=int(ended))


@routes.get("/me", summary="Who am I?")
@known
def read_me(calling: Calling) -> MeOut:
    """The key or person that asks, with their workspace and scopes; a browser also learns the token that it sends with
    whatever changes something.
    """
    with calling.runtime.database.read() as session:
        return _told(session, calling.runtime, calling.principal)


def _told(session: Session, runtime: Runtime, caller: Principal) -> MeOut:
    found = browser_sessions.find(session, caller.session_id) if caller.session_id else None
    return MeOut(
        kind=caller.kind,
        id=caller.id,
        name=caller.name,
        email=found.person.email if found else None,
        role=caller.role,
        workspace=workspaces.get(session, caller.workspace_id).slug,
        scopes=sorted(caller.scopes),
        csrf_token=csrf.token(runtime.secret, found.session.id) if found else None,
        session_expires_at=found.session.expires_at if found else None,
    )

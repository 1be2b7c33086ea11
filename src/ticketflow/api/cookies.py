"""The cookie of a session: what it is called, and how it is set so that no script and no other site gets at it."""

from collections.abc import Mapping

from starlette.responses import Response

from ticketflow.api.sessions import LONGEST
from ticketflow.clock import SECOND

NAME = "ticketflow_session"
SECURE_NAME = "__Host-ticketflow_session"
"""Over https. Browsers take a cookie of such a name from this very host and over https alone (RFC 6265bis, 4.1.3.2)."""


def read(cookies: Mapping[str, str], *, secure: bool) -> str | None:
    """The session's cookie; over https the secure one alone counts, since anybody on the way can plant the other."""
    return cookies.get(SECURE_NAME if secure else NAME) or None


def put(response: Response, text: str, *, secure: bool) -> None:
    """Hand a session's cookie to the browser. How long it is good for is the server's to say, so it is kept longest."""
    response.set_cookie(
        SECURE_NAME if secure else NAME,
        text,
        max_age=LONGEST // SECOND,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def remove(response: Response, *, secure: bool) -> None:
    """Make the browser drop it."""
    response.delete_cookie(SECURE_NAME if secure else NAME, path="/", secure=secure, httponly=True, samesite="strict")

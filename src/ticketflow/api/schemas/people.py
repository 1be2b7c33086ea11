"""People, their sessions and the caller themselves on the wire."""

from typing import Literal

from pydantic import Field

from ticketflow.api.people import EMAIL
from ticketflow.api.schemas.base import Flag, In, Moment, Name, Out, PageQuery, Patch, Text, Words, example
from ticketflow.domain import Role

_PERSON = {
    "id": "0192f0aa-21b2-7e40-8000-5a0b4c3d2e1f",
    "email": "nadia@example.com",
    "name": "Nadia Brandt",
    "role": "agent",
    "created_at": "2026-02-01T08:00:00.000Z",
    "disabled_at": None,
}
_SESSION = {
    "id": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "person_id": _PERSON["id"],
    "created_at": "2026-03-02T09:15:00.000Z",
    "expires_at": "2026-03-02T21:15:00.000Z",
    "current": True,
}
_LINK = {
    "person_id": _PERSON["id"],
    "link": "https://support.example.com/sign-in#k3J0…",
    "token": "k3J0…",
    "expires_at": "2026-03-02T09:30:00.000Z",
}
_ME = {
    "kind": "person",
    "id": _PERSON["id"],
    "name": "Nadia Brandt",
    "email": "nadia@example.com",
    "role": "agent",
    "workspace": "acme",
    "scopes": ["tickets:read", "tickets:write"],
    "csrf_token": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
    "session_expires_at": "2026-03-02T21:15:00.000Z",
}


class PersonIn(In):
    """Somebody who is to be able to sign in."""

    model_config = example({"email": "nadia@example.com", "name": "Nadia Brandt", "role": "agent"})

    email: Name = Field(description="Their address; nothing is sent there by this.", pattern=EMAIL)
    name: Text = Field("", max_length=190, description="What others see; the address when it is left out.")
    role: Role = Field(description="What they may do: at most what you may do.")


class PersonPatch(Patch):
    """What is to change in a person; the rest stays."""

    model_config = example({"role": "viewer"})

    name: Name = Field("", description="What others see.")
    role: Role = Field(Role.VIEWER, description="What they may do: at most what you may do.")
    disabled: Flag = Field(False, description="Whether they may not sign in; their sessions end with it.")


class PersonOut(Out):
    """Somebody with a role."""

    model_config = example(_PERSON)

    id: str
    email: str
    name: str
    role: Role
    created_at: Moment
    disabled_at: Moment | None = Field(description="Since when they may not sign in; null while they may.")


class PersonPage(Out):
    """Some people, newest first, disabled ones included."""

    model_config = example({"items": [_PERSON], "next_cursor": None})

    items: list[PersonOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class PersonQuery(PageQuery):
    """Which people."""


class SignInLink(Out):
    """What signs somebody in, once; it is shown this once and kept nowhere."""

    model_config = example(_LINK)

    person_id: str
    link: str = Field(description="The address for their browser; what stands behind `#` is no part of any log.")
    token: str = Field(description="The same as POST /v1/sessions takes it.")
    expires_at: Moment


class SignIn(In):
    """What a sign-in link holds."""

    model_config = example({"token": "k3J0v2mS8yqv3dGm1b0a7Xo9w4Zk5rTtU6cPpLhQeNs"})

    token: Words = Field(max_length=200, description="What stands behind the `#` of the link.")


class MeOut(Out):
    """Who is asking, and what they may do."""

    model_config = example(_ME)

    kind: Literal["key", "person"]
    id: str
    name: str
    email: str | None = Field(description="A person's; null for a key.")
    role: Role | None = Field(description="A person's; null for a key.")
    workspace: str = Field(description="The short name of the only workspace that this caller sees.")
    scopes: list[str]
    csrf_token: str | None = Field(
        description="What a browser sends as `X-CSRF-Token` with everything that is no GET; null for a key."
    )
    session_expires_at: Moment | None = Field(description="When the session ends unless it is used; null for a key.")


class SessionOut(Out):
    """A browser that is signed in."""

    model_config = example(_SESSION)

    id: str = Field(description="A digest of the cookie: it opens nothing.")
    person_id: str
    created_at: Moment
    expires_at: Moment = Field(description="When it ends unless it is used.")
    current: bool = Field(description="Whether this very request came with it.")


class SessionsOut(Out):
    """A person's live sessions, newest first."""

    model_config = example({"items": [_SESSION]})

    items: list[SessionOut]


class SessionsEnded(Out):
    """Whose sessions ended, and how many there were."""

    model_config = example({"person_id": _PERSON["id"], "ended": 2})

    person_id: str
    ended: int

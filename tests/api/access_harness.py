"""People, sign-in links and browsers for the tests of access."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from ticketflow.api import cookies, people, sign_in
from ticketflow.api.scopes import Scope
from ticketflow.domain import Role, Workspace
from ticketflow.runtime import Runtime
from ticketflow.store import audit, workspaces
from ticketflow.store.audit import AuditEntry
from ticketflow.store.people import Person

ORIGIN = "http://testserver"


@dataclass
class Browser:
    """A browser with its cookies, which tells its origin as browsers do."""

    client: TestClient
    csrf: str = ""

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        headers |= {"X-CSRF-Token": self.csrf} if self.csrf else {}
        return self.client.request(method, path, headers={**headers, **options.pop("headers", {})}, **options)

    def sign_in(self, token: str) -> Any:
        answer = self("POST", "/v1/sessions", json={"token": token})
        if answer.status_code == 201:
            self.csrf = answer.json()["csrf_token"]
        return answer

    @property
    def cookie(self) -> str | None:
        return self.client.cookies.get(cookies.NAME)


def browser(app: FastAPI, *, base_url: str = ORIGIN) -> Browser:
    """A fresh browser; the application's own threads are not started for it."""
    return Browser(TestClient(app, base_url=base_url))


def workspace(runtime: Runtime, slug: str = "acme") -> Workspace:
    with runtime.database.write() as session:
        return workspaces.ensure(session, slug)


def person(
    runtime: Runtime, role: Role, email: str | None = None, *, slug: str = "acme", held: Iterable[str] = Scope
) -> Person:
    """Somebody with a role."""
    where = workspace(runtime, slug)
    with runtime.database.write() as session:
        return people.add(session, where.id, email or f"{role}@example.com", "", role, actor="test", held=held)


def token(runtime: Runtime, who: Person) -> str:
    """What stands behind the `#` of a fresh link."""
    with runtime.database.write() as session:
        return sign_in.token_for(session, who, actor="test", held=Scope)


def signed_in(app: FastAPI, runtime: Runtime, who: Person) -> Browser:
    """A browser in which `who` is signed in."""
    made = browser(app)
    assert made.sign_in(token(runtime, who)).status_code == 201
    return made


def entries(runtime: Runtime, workspace_id: str, action: str) -> list[AuditEntry]:
    """What the audit log holds of an action, newest first."""
    with runtime.database.read() as session:
        return audit.page(session, workspace_id, action=action)

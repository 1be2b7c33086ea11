"""Who may call what: every route names its scope or says that it is public, and is closed before its body is read."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute, RouteContext
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from ticketflow.api.admission import Admission
from ticketflow.api.csrf import SAFE_METHODS
from ticketflow.api.cursors import Cursors
from ticketflow.api.idempotency import once
from ticketflow.api.principal import Principal
from ticketflow.api.problems import UnsupportedMediaType
from ticketflow.api.rates import Rates
from ticketflow.api.readiness import Readiness
from ticketflow.api.scopes import Scope
from ticketflow.api.turns import Turns
from ticketflow.config import Config
from ticketflow.errors import Misconfigured, Unauthenticated
from ticketflow.runtime import Runtime

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

PUBLIC = "public"
KNOWN = "known"
SECURITY_SCHEME = "api_key"
COOKIE_SCHEME = "session"


def needs(scope: Scope, *, unless: Callable[[Config], bool] | None = None) -> Callable[[Endpoint], Endpoint]:
    """Declare the scope that a route's callers must carry, unless the operator's configuration opens the route."""

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["required_scope"] = scope
        endpoint.__dict__["opened_by"] = unless
        return endpoint

    return declare


def public(endpoint: Endpoint) -> Endpoint:
    """Declare that a route is open to everybody."""
    endpoint.__dict__["required_scope"] = PUBLIC
    return endpoint


def known(endpoint: Endpoint) -> Endpoint:
    """Declare that a route is open to every key and to everybody who is signed in: it is about the caller alone."""
    endpoint.__dict__["required_scope"] = KNOWN
    return endpoint


def answers_once(endpoint: Endpoint) -> Endpoint:
    """Declare that a route's answer holds what is shown once, and so is kept for no repetition."""
    endpoint.__dict__["answer_shown_once"] = True
    return endpoint


def declared_scope(endpoint: Callable[..., Any]) -> str:
    """The scope a route declares, KNOWN or PUBLIC. Raises Misconfigured when it declares none of them."""
    scope: str | None = getattr(endpoint, "required_scope", None)
    if scope is None:
        raise Misconfigured(
            f"The route {endpoint.__module__}.{endpoint.__name__} declares no scope.",
            remedy="Put @needs(Scope.…), @known or @public below its route decorator.",
        )
    return scope


class GuardedRoute(APIRoute):
    """A route that checks the key, its scope and the body's type before anything else is read."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.scope = declared_scope(endpoint)
        if self.scope != PUBLIC:
            scopes = [] if self.scope == KNOWN else [str(self.scope)]
            extra: dict[str, Any] = {"security": [{SECURITY_SCHEME: scopes}, {COOKIE_SCHEME: scopes}]}
            extra |= {"x-scope": scopes[0]} if scopes else {}
            options["openapi_extra"] = {**extra, **(options.get("openapi_extra") or {})}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """The endpoint behind its checks."""
        handle = super().get_route_handler()
        scope = None if self.scope in (PUBLIC, KNOWN) else Scope(self.scope)
        shown_once = getattr(self.endpoint, "answer_shown_once", False)
        opened: Callable[[Config], bool] | None = getattr(self.endpoint, "opened_by", None)

        async def checked(request: Request) -> Response:
            if self.body_field is not None:
                _require_json(request)
            return await handle(request)

        async def answered(request: Request, principal: Principal) -> Response:
            runtime = cast(Runtime, request.app.state.runtime)
            async with cast(Turns, request.app.state.turns).taken_for(principal.workspace_id):
                if request.method != "POST":
                    return await checked(request)
                return await once(request, principal, runtime.database, checked, secret=shown_once)

        async def guarded(request: Request) -> Response:
            state, turns = request.app.state, cast(Turns, request.app.state.turns)
            if opened is not None and opened(cast(Runtime, state.runtime).config):
                return await checked(request)
            async with turns.taken():
                principal = await run_in_threadpool(admit, request, scope)
            request.state.principal = principal
            request.state.headers = cast(Rates, state.rates).take(principal)
            try:
                return await answered(request, principal)
            finally:
                if principal.session_id is not None and request.method not in SAFE_METHODS:
                    # It may have been about this very session, and whoever signs out is out at once.
                    cast(Admission, state.admission).sessions.forget(principal.session_id)

        return checked if self.scope == PUBLIC else guarded


def admit(connection: HTTPConnection, scope: Scope | None) -> Principal:
    """Who sends a request or opens a WebSocket; without a scope, anybody who is known.

    Raises Unauthenticated, Forbidden, StorageUnavailable and RateLimited.
    """
    state = connection.app.state
    try:
        caller = cast(Admission, state.admission).admit(connection)
    except Unauthenticated:
        cast(Rates, state.rates).failed(connection.client.host if connection.client else "")
        raise
    if scope is not None:
        caller.require(scope)
    return caller


def require_guarded(context: RouteContext) -> None:
    """Raises Misconfigured when a route declares no scope, or one that nothing looks at."""
    if context.endpoint is None:
        return
    scope = declared_scope(context.endpoint)
    guarded = isinstance(context.original_route, GuardedRoute)
    if scope != PUBLIC and isinstance(context.original_route, APIRoute) and not guarded:
        raise Misconfigured(
            f"The route {context.endpoint.__module__}.{context.endpoint.__name__} is not guarded.",
            remedy="Make its router with guard.router(...), whose routes look at the key.",
        )


def router(tag: str, prefix: str = "/v1") -> APIRouter:
    """A router whose routes are guarded."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=GuardedRoute)


@dataclass(frozen=True)
class Call:
    """What a guarded endpoint works with: the runtime, and who asks."""

    runtime: Runtime
    principal: Principal
    cursors: Cursors

    @property
    def workspace_id(self) -> str:
        """The only workspace that this caller can see."""
        return self.principal.workspace_id


async def _call(request: Request) -> Call:
    state = request.app.state
    return Call(state.runtime, request.state.principal, state.cursors)


async def _readiness(request: Request) -> Readiness:
    return cast(Readiness, request.app.state.readiness)


Calling = Annotated[Call, Depends(_call)]
"""The parameter of a guarded endpoint."""

Watched = Annotated[Readiness, Depends(_readiness)]
"""The parameter of the public endpoint that tells whether the server can serve."""


def _require_json(request: Request) -> None:
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return  # no body at all, which a route may allow
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(
            f"The body's type is {kind or 'not given'}; this route reads JSON.",
            remedy="Send `Content-Type: application/json`.",
        )

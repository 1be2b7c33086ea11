"""Every error on the wire is one shape: RFC 9457 problem details with a stable `code`.

What the caller sent is never echoed, and what went wrong inside is told to the log alone, under an id that both share.
"""

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from ticketflow import errors
from ticketflow.api.headers import SAFE
from ticketflow.api.methods import allowed
from ticketflow.clock import new_id
from ticketflow.errors import TicketFlowError

log = structlog.get_logger("ticketflow.api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
LOGGED_FRAMES = 8

TITLES = {
    "bad_request": (400, "The request cannot be read"),
    "malformed_json": (400, "The body is not JSON"),
    "unauthenticated": (401, "No live API key or session"),
    "forbidden": (403, "The caller may not do this"),
    "not_found": (404, "No such object"),
    "unknown_route": (404, "No such route"),
    "method_not_allowed": (405, "The route does not take this method"),
    "conflict": (409, "The object is in another state"),
    "key_taken": (409, "Another request stored the same first"),
    "encoder_switched": (409, "Another sentence encoder came into force"),
    "encoder_unavailable": (503, "The sentence encoder gives no answer"),
    "idempotency_still_running": (409, "The first request with the key is under way"),
    "idempotency_cut_short": (409, "The first request with the key was cut short"),
    "idempotency_shown_once": (409, "What the request returned is shown once"),
    "lease_lost": (409, "Another worker holds the run"),
    "precondition_failed": (412, "The object is in another state"),
    "too_large": (413, "Over a limit of size"),
    "unsupported_media_type": (415, "The body must be JSON"),
    "invalid_input": (422, "The request is not acceptable"),
    "idempotency_key_reused": (422, "The key came with another request"),
    "invalid_file": (422, "The file cannot be read"),
    "address_refused": (422, "The URL must not be called"),
    "rate_limited": (429, "Asked too often"),
    "too_many_streams": (429, "Too many live streams at once"),
    "internal": (500, "Something went wrong here"),
    "misconfigured": (500, "The installation is wrong"),
    "not_sent": (502, "The other side took nothing"),
    "refused": (502, "The other side refused it"),
    "no_answer": (502, "The other side gave no usable answer"),
    "not_ready": (503, "Not ready to serve"),
    "storage_unavailable": (503, "The database cannot be used"),
    "migration_needed": (503, "The database needs a migration"),
}
"""Every code with its status and title; docs/reference/api.md lists them."""

_CODE_OF_STATUS = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "unknown_route",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    503: "not_ready",
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="JSON pointer into the body, or the name of the query or path parameter.")
    where: str = Field(description="`body`, `query`, `path` or `header`.")
    detail: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """An error, as RFC 9457 shapes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/docs#problem-not_found",
                    "title": "No such object",
                    "status": 404,
                    "code": "not_found",
                    "detail": "There is no ticket 0192f0c1-7a55-7cc0-8000-3f1a5e9b1c2d.",
                    "retryable": False,
                }
            ]
        }
    )

    type: str = Field(description="Where this kind of problem is explained, relative to this server.")
    title: str = Field(description="The kind of problem; the same for every occurrence.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="The kind of problem, for programs; it never changes.")
    detail: str = Field(description="What happened this time, and where.")
    retryable: bool = Field(description="Whether the same request may succeed later.")
    remedy: str | None = Field(None, description="What to do about it, where that is known.")
    errors: list[FieldProblem] | None = Field(None, description="The fields that are wrong, each with its place.")
    existing_id: str | None = Field(None, description="The object that stands in the way, on a conflict of names.")
    error_id: str | None = Field(None, description="Under this id the log tells more; only on status 500.")


class AlreadyExists(errors.Conflict):
    """A conflict with an object whose id the caller is told."""

    def __init__(self, conflict: errors.Conflict, existing_id: str) -> None:
        super().__init__(conflict.message, remedy=conflict.remedy, field=conflict.field)
        self.existing_id = existing_id


class UnsupportedMediaType(TicketFlowError):
    """The body is of a type that the route does not read."""

    code = "unsupported_media_type"
    status = 415


def response(
    code: str,
    detail: str,
    *,
    retryable: bool = False,
    remedy: str | None = None,
    fields: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> JSONResponse:
    """A problem with this code as a response. `extra` members are left out when they are None."""
    status, title = TITLES[code]
    members: dict[str, Any] = {
        "type": f"/docs#problem-{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "retryable": retryable,
        "remedy": remedy,
        "errors": [field.model_dump() for field in fields] or None,
        **extra,
    }
    present = {name: value for name, value in members.items() if value is not None}
    return JSONResponse(present, status, headers={**SAFE, **(headers or {})}, media_type=MEDIA_TYPE)


def of_error(error: TicketFlowError, *, where: str = "body") -> JSONResponse:
    """The response to an error that was raised on purpose. `where` is where the caller sent the error's field."""
    if error.code not in TITLES or error.status == 500:
        return internal(error)
    headers: dict[str, str] = {}
    if isinstance(error, errors.NotReady):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="ticketflow"'
    headers |= getattr(error, "headers", {})
    pointer = f"/{error.field}" if where == "body" else error.field or ""
    fields = [FieldProblem(pointer=pointer, where=where, detail=error.message)] if error.field else []
    return response(
        error.code,
        error.message,
        retryable=error.retryable,
        remedy=error.remedy,
        fields=fields,
        headers=headers,
        existing_id=getattr(error, "existing_id", None),
    )


def internal(error: Exception) -> JSONResponse:
    """The response to an error that nobody expected: an id, and nothing of what is inside."""
    error_id = new_id()
    log.error(
        "request_failed",
        error_id=error_id,
        error_type=type(error).__name__,
        # Its text is left out unless it is ours: any other may quote what the caller sent.
        error=str(error) if isinstance(error, TicketFlowError) else None,
        frames="".join(traceback.format_tb(error.__traceback__)[-LOGGED_FRAMES:]),
    )
    return response(
        "internal",
        "The server met an error that it did not expect.",
        remedy="Try again; if it stays, look for the error id in the server's log.",
        error_id=error_id,
    )


def of_validation(error: RequestValidationError) -> JSONResponse:
    """The response to a request that does not fit its schema."""
    found = list(error.errors())
    if found and found[0]["type"] == "json_invalid":
        position = found[0]["loc"][-1]
        return response("malformed_json", f"The body is not JSON: {found[0]['ctx']['error']} at character {position}.")
    fields = [_field(item) for item in found]
    first = fields[0]
    more = f" ({len(fields) - 1} more in `errors`)" if len(fields) > 1 else ""
    place = f"{first.where} {first.pointer}".strip()
    return response("invalid_input", f"{place}: {first.detail}.{more}", fields=fields)


def _field(item: Mapping[str, Any]) -> FieldProblem:
    where, *path = item["loc"]
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    message = str(item["msg"]).removeprefix("Value error, ")
    return FieldProblem(pointer=pointer if where == "body" else pointer.removeprefix("/"), where=where, detail=message)


def install(app: FastAPI) -> None:
    """Make every error that the app knows a problem; the others are caught by `boundary`."""

    def on_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, TicketFlowError)
        return of_error(error, where="query" if request.method == "GET" else "body")

    def on_validation(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return of_validation(error)

    def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return _of_http(request, error)

    app.add_exception_handler(TicketFlowError, on_error)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)


def _of_http(request: Request, error: HTTPException) -> JSONResponse:
    code = _CODE_OF_STATUS.get(error.status_code, "bad_request")
    place = f"{request.method} {request.url.path}"
    details = {
        "unknown_route": f"There is no route {place}.",
        "method_not_allowed": f"{request.url.path} does not take {request.method}.",
    }
    remedy = "The routes are listed at /docs." if error.status_code in (404, 405) else None
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = allowed(request.app, request.url.path)
    return response(code, details.get(code, error.detail), remedy=remedy, headers=headers)

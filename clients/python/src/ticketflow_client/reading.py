"""Responses become objects of the API, refusals become errors."""

from collections.abc import Mapping
from functools import cache
from types import NoneType
from typing import Any, TypeVar, cast

import httpx2
from pydantic import TypeAdapter, ValidationError

from ticketflow_client.errors import ApiError, FieldError, Problem, Unreadable, api_error
from ticketflow_client.schema import Schema

T = TypeVar("T")

REQUEST_ID_HEADERS = ("x-request-id", "request-id")


def read(response: httpx2.Response, result: type[T]) -> T:
    """What a response holds. Raises Unreadable."""
    if result is NoneType:
        return cast(T, None)
    if result is bytes:
        return cast(T, response.content)
    try:
        made = _adapter(result).validate_json(response.content)
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) or "the whole" for one in error.errors(include_input=False)})
        path = response.request.url.path
        raise Unreadable(
            f"{response.request.method} {path} gave something that this client does not know, at {', '.join(places)}. "
            "Is the client as new as the server?"
        ) from None  # pydantic's own error quotes what was sent
    if isinstance(made, Schema):
        made.with_etag(response.headers.get("etag"))
    return cast(T, made)


def refusal(response: httpx2.Response, retry_after: float | None = None) -> ApiError:
    """The error that a response tells of, whoever sent it: a proxy's page is an error without a code."""
    told = _told(response)
    request_id = next((response.headers[name] for name in REQUEST_ID_HEADERS if name in response.headers), None)
    retryable = told.get("retryable")
    problem = Problem(
        status=response.status_code,
        code=_text(told, "code") or "unknown",
        title=_text(told, "title") or "",
        detail=_text(told, "detail") or f"The server answered {response.status_code} without saying why.",
        remedy=_text(told, "remedy"),
        retryable=retryable if isinstance(retryable, bool) else None,
        errors=tuple(_field_errors(told.get("errors"))),
        existing_id=_text(told, "existing_id"),
        error_id=_text(told, "error_id"),
        request_id=request_id or _text(told, "request_id"),
        retry_after=retry_after,
    )
    return api_error(problem)


@cache
def _adapter(result: Any) -> TypeAdapter[Any]:
    return TypeAdapter(result)


def _told(response: httpx2.Response) -> Mapping[str, Any]:
    try:
        told = response.json()
    except ValueError:
        return {}
    return cast(Mapping[str, Any], told) if isinstance(told, dict) else {}


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) else None


def _field_errors(told: Any) -> list[FieldError]:
    if not isinstance(told, list):
        return []
    items = [cast(Mapping[str, Any], one) for one in cast(list[Any], told) if isinstance(one, dict)]
    return [FieldError(*(str(one.get(name, "")) for name in ("pointer", "where", "detail"))) for one in items]

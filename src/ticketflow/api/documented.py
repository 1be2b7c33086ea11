"""How routes say which errors are theirs; those that every route may give are added to the description as a whole."""

from typing import Any

from ticketflow.api.problems import MEDIA_TYPE, TITLES

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}

REASONS = {
    400: "The body is not JSON, or the request cannot be read.",
    401: "No API key or session was sent, or it is not a live one.",
    403: "The caller does not carry the scope, or a browser's request lacks its token.",
    404: "There is no such object in the key's workspace.",
    409: "The object changed meanwhile or exists already.",
    412: "The object is not in the state that `If-Match` names.",
    413: "The body is over the limit of size.",
    415: "The body is not sent as JSON.",
    422: "A field, parameter or cursor is not acceptable; `errors` says which.",
    429: "The key, the workspace or the address asks too often; go on after `Retry-After` seconds.",
    500: "Something unexpected; `error_id` leads to the log.",
    503: "The database cannot be used now; try again after `Retry-After` seconds.",
}


_CODES = {
    400: "malformed_json",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    412: "precondition_failed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "rate_limited",
    500: "internal",
    503: "storage_unavailable",
}


def problem(status: int) -> dict[str, Any]:
    """An error response as OpenAPI describes it, with the code it carries most often as an example."""
    code = _CODES[status]
    example = {
        "type": f"/docs#problem-{code}",
        "title": TITLES[code][1],
        "status": status,
        "code": code,
        "detail": REASONS[status].partition(";")[0].removesuffix(".") + ".",
        "retryable": status in (429, 503),
    }
    return {
        "description": REASONS[status],
        "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "example": example}},
    }


def fails(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route gives of itself."""
    return {status: problem(status) for status in statuses}

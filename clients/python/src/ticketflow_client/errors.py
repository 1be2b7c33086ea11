"""Every error that the client raises.

TicketFlowError
├── Misconfigured             no address, no key, or one that cannot be sent
├── NotReached                no response came: whether the server did the work is unknown
│   └── TimedOut                within the time that a call has
├── Unreadable                a response came that is not what the API promises
├── WebhookVerificationError  a webhook is forged, too old, damaged, or signed with another secret
└── ApiError                  the server refused: status, code, detail, request id
    ├── BadRequest        400
    ├── Unauthenticated   401   no live key
    ├── Forbidden         403   the key lacks the scope
    ├── NotFound          404
    ├── Conflict          409   `existing_id` names what stands in the way
    ├── StaleVersion      412   the object changed since it was read
    ├── TooLarge          413
    ├── InvalidInput      422   `errors` says which fields
    ├── RateLimited       429   `retry_after` says how long
    └── ServerError       5xx
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TicketFlowError(Exception):
    """Base of all. `str(error)` is a sentence for a person; no message ever holds the key or what was sent."""


class Misconfigured(TicketFlowError):
    """The client cannot be made from what it was given."""


class NotReached(TicketFlowError):
    """No response came, after all the tries that are made."""


class TimedOut(NotReached):
    """No response came in time, after all the tries that are made."""


class Unreadable(TicketFlowError):
    """The server said yes, but what it sent is not what this version of the client knows."""


class WebhookVerificationError(TicketFlowError):
    """A webhook must not be trusted."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: `pointer` leads to it inside `where` (`body`, `query`, `path` or `header`)."""

    pointer: str
    where: str
    detail: str


@dataclass(frozen=True)
class Problem:
    """What a refusal said of itself (RFC 9457). A member that the server did not send has its default."""

    status: int
    code: str = "unknown"
    title: str = ""
    detail: str = ""
    remedy: str | None = None
    retryable: bool | None = None
    errors: Sequence[FieldError] = ()
    existing_id: str | None = None
    error_id: str | None = None
    request_id: str | None = None
    retry_after: float | None = None


class ApiError(TicketFlowError):
    """The server refused.

    status       of HTTP
    code         the kind of problem, for programs: it never changes
    detail       what happened this time, for people; `remedy` what to do about it, or None
    retryable    whether the same request may succeed later; None where the server did not say
    errors       the fields that are wrong
    existing_id  the object that stands in the way, on a conflict of names
    error_id     leads to the server's log, on status 500
    request_id   names the request in the server's log, where the server gave it one
    retry_after  seconds to wait, where the server asked for that
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.status = problem.status
        self.code = problem.code
        self.detail = problem.detail
        self.remedy = problem.remedy
        self.retryable = problem.retryable
        self.errors = problem.errors
        self.existing_id = problem.existing_id
        self.error_id = problem.error_id
        self.request_id = problem.request_id
        self.retry_after = problem.retry_after
        super().__init__(_sentence(problem))

    def __reduce__(self) -> tuple[type["ApiError"], tuple[Problem]]:
        """Errors travel between processes: they are made again from their problem."""
        return type(self), (self.problem,)


class BadRequest(ApiError):
    """The request cannot be read (400)."""


class Unauthenticated(ApiError):
    """The key is not a live one (401)."""


class Forbidden(ApiError):
    """The key does not carry the scope (403)."""


class NotFound(ApiError):
    """There is no such object in the key's workspace (404)."""


class Conflict(ApiError):
    """The object exists already, changed meanwhile, or is in a state that forbids this (409)."""


class StaleVersion(ApiError):
    """The object is not the one that `if_match` names any more (412)."""


class TooLarge(ApiError):
    """The body is over a limit of size (413)."""


class InvalidInput(ApiError):
    """A field or parameter is not acceptable (422)."""


class RateLimited(ApiError):
    """Too many requests (429)."""


class ServerError(ApiError):
    """The server cannot do it now, or met an error of its own (5xx)."""


_OF_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: StaleVersion,
    413: TooLarge,
    422: InvalidInput,
    429: RateLimited,
}


def api_error(problem: Problem) -> ApiError:
    """The error of the problem's status."""
    kind = _OF_STATUS.get(problem.status, ServerError if problem.status >= 500 else ApiError)
    return kind(problem)


def may_pass(error: TicketFlowError) -> bool:
    """Whether the same call may succeed later. The server's own word counts, except on 500: of what it did not expect
    it cannot say.
    """
    if not isinstance(error, ApiError):
        return isinstance(error, NotReached)
    if error.status in (408, 425, 429, 500):
        return True
    if error.status in (501, 505):
        return False
    return error.retryable is not False if error.status >= 500 else error.retryable is True


def _sentence(problem: Problem) -> str:
    said = problem.detail or problem.title or "The server did not say why."
    named = f", request {problem.request_id}" if problem.request_id else ""
    return " ".join(filter(None, [said, problem.remedy, f"({problem.status} {problem.code}{named})"]))

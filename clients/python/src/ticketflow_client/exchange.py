"""How a call goes, without input or output: what is sent, when again, and what comes of it.

`exchange` is a generator that asks for one thing after another, an attempt or a pause, and is told what came of it. The
sync and the async client each drive it with a few lines of their own; every rule is here, once.
"""

import json
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from uuid import uuid4

import httpx2

from ticketflow_client.calls import OMITTED, Call, Upload, jsonable, queried
from ticketflow_client.configuration import Configuration, Retries
from ticketflow_client.errors import ApiError, NotReached, TimedOut, may_pass
from ticketflow_client.reading import read, refusal

T = TypeVar("T")


@dataclass(frozen=True)
class Attempt:
    """Send this, with the key; send back the response, or the error that kept it away."""

    method: str
    url: str
    headers: dict[str, str]
    query: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    content: bytes | None = None
    form: dict[str, Any] = field(default_factory=dict[str, Any])
    files: dict[str, tuple[str, bytes, str]] = field(default_factory=dict[str, tuple[str, bytes, str]])


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds; send back None."""

    seconds: float


Outcome = httpx2.Response | httpx2.RequestError | None


def exchange(call: Call[T], configuration: Configuration) -> Generator[Attempt | Pause, Outcome, T]:
    """Carry out a call. Raises NotReached, TimedOut, Unreadable or an ApiError.

    Every try of one call carries the same idempotency key.
    """
    attempt = _attempt(call, configuration)
    retries = configuration.retries
    for number in range(retries.count + 1):
        outcome = yield attempt
        assert outcome is not None, "an attempt ends with a response or an error"
        last = number == retries.count
        if isinstance(outcome, httpx2.RequestError):
            if last or not _send_again(attempt.method, outcome):
                raise _not_reached(outcome, configuration) from outcome
            yield Pause(_wait(number, retries))
            continue
        if outcome.is_success:
            return read(outcome, call.result)
        error = refusal(outcome, retry_after=seconds_to_wait(outcome.headers.get("retry-after")))
        if last or not _ask_again(attempt.method, error) or (error.retry_after or 0) > retries.patience:
            raise error
        yield Pause(max(_wait(number, retries), error.retry_after or 0))
    raise AssertionError("the last try returns or raises")


def _attempt(call: Call[Any], configuration: Configuration) -> Attempt:
    headers = {"Accept": "application/json"}
    headers |= {name: value for name, value in call.headers.items() if value is not None}
    if call.method == "POST":
        headers["Idempotency-Key"] = call.idempotency_key or uuid4().hex
    content: bytes | None = None
    if isinstance(call.body, Upload):
        content, headers["Content-Type"] = call.body.content, call.body.media_type
    elif call.body is not OMITTED:
        content, headers["Content-Type"] = json.dumps(jsonable(call.body), allow_nan=False).encode(), "application/json"
    parts = {name: part for name, part in call.form.items() if part is not None and part is not OMITTED}
    files = {
        name: (part.filename, part.content, part.media_type) for name, part in parts.items() if isinstance(part, Upload)
    }
    fields = {name: jsonable(part) for name, part in parts.items() if name not in files}
    return Attempt(call.method, configuration.url + call.path, headers, queried(call.query), content, fields, files)


def _send_again(method: str, error: httpx2.RequestError) -> bool:
    """Whether to send again what got no response. Of PUT, PATCH and DELETE nobody would know whether the first one
    was done, so that the second might be refused for it: those are repeated only where no connection was made.
    """
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return True
    if isinstance(error, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol):
        return False  # it is the request that cannot be sent
    return method in ("GET", "POST") and isinstance(error, httpx2.TransportError)


def _ask_again(method: str, error: ApiError) -> bool:
    """Whether to send again what was refused. Of PUT, PATCH and DELETE only where the server itself says that it did
    not do it: a proxy in between does not know.
    """
    return may_pass(error) and (method in ("GET", "POST") or error.status == 429 or error.retryable is True)


def _wait(number: int, retries: Retries) -> float:
    """Seconds before the next try: half of them for certain, half by chance, so that callers do not come in step."""
    longest = min(retries.most, retries.first * 2**number)
    return longest * random.uniform(0.5, 1.0)


def seconds_to_wait(retry_after: str | None, now: datetime | None = None) -> float | None:
    """What a Retry-After header asks for, in seconds or as a time; None for none, and for one that says nothing."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _not_reached(error: httpx2.RequestError, configuration: Configuration) -> NotReached:
    place = httpx2.URL(configuration.url).host
    if isinstance(error, httpx2.TimeoutException):
        return TimedOut(f"{place} did not answer within {configuration.timeout:g} seconds ({type(error).__name__}).")
    return NotReached(f"{place} gave no response ({type(error).__name__}).")

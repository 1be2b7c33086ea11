"""Idempotency-Key: a POST that is sent again does nothing again and is answered as the first time.

Only answers to requests that did something are kept. A refusal did nothing, so its repetition is a new try; a request
that was cut short may have done something, so its repetition is refused until somebody has looked.
"""

import hashlib
from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ticketflow.api.principal import Principal
from ticketflow.clock import SECOND
from ticketflow.db import Database
from ticketflow.errors import Conflict, InvalidInput, TicketFlowError
from ticketflow.store import idempotency
from ticketflow.store.idempotency import Repeated

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 190
CUT_SHORT = 60 * SECOND
"""No request takes so many microseconds: who began one and said nothing since has died over it."""
_KEPT_HEADERS = ("content-type", "location", "etag")

Handle = Callable[[Request], Awaitable[Response]]


class KeyReused(InvalidInput):
    """The key came with another request before."""

    code = "idempotency_key_reused"


class StillRunning(Conflict):
    """The first request with the key is under way."""

    code = "idempotency_still_running"
    retryable = True


class CutShort(Conflict):
    """The first request with the key never came to an end that anybody knows of."""

    code = "idempotency_cut_short"


class ShownOnce(Conflict):
    """The first request with the key succeeded, and its answer held what is shown once."""

    code = "idempotency_shown_once"


async def once(
    request: Request, principal: Principal, database: Database, handle: Handle, *, secret: bool = False
) -> Response:
    """Handle a request with an Idempotency-Key, or answer it as its first time. `secret` answers are not kept.

    Raises InvalidInput for a key that is none, KeyReused, StillRunning, CutShort and ShownOnce.
    """
    key = _key(request)
    if key is None:
        return await handle(request)
    under = (principal.workspace_id, principal.actor, key)
    digest = _fingerprint(request, await request.body())

    def begin() -> Repeated | None:
        with database.write() as session:
            return idempotency.begin(session, *under, digest)

    def finish(response: Response) -> None:
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        body = b"" if secret else bytes(response.body)
        with database.write() as session:
            idempotency.finish(session, *under, response.status_code, {} if secret else headers, body)

    def forget() -> None:
        with database.write() as session:
            idempotency.forget(session, *under)

    known = await run_in_threadpool(begin)
    if known is not None:
        return _again(known, digest, database.clock.now(), secret=secret)
    try:
        response = await handle(request)
    except (TicketFlowError, HTTPException, RequestValidationError):
        await run_in_threadpool(forget)
        raise
    if response.status_code < 400:
        await run_in_threadpool(finish, response)
    else:
        await run_in_threadpool(forget)
    return response


def _key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise InvalidInput(
            f"An {HEADER} has 1 to {LONGEST} printable ASCII characters.", remedy="A UUID will do.", field=HEADER
        )
    return key


def _fingerprint(request: Request, body: bytes) -> str:
    """SHA-256 (hex) of all that makes two requests the same."""
    told = hashlib.sha256()
    kind = request.headers.get("content-type", "")
    for part in (request.method, request.url.path, request.url.query, kind):
        told.update(part.encode() + b"\n")
    told.update(body)
    return told.hexdigest()


def _again(known: Repeated, digest: str, now: int, *, secret: bool) -> Response:
    if known.request_hash != digest:
        raise KeyReused(
            f"This {HEADER} came with another request before.", remedy="Use a new key for each request.", field=HEADER
        )
    if known.status is None and now - known.created_at < CUT_SHORT:
        raise StillRunning(f"The first request with this {HEADER} is under way.", remedy="Ask again in a moment.")
    if known.status is None:
        raise CutShort(
            f"The first request with this {HEADER} was cut short: nobody knows whether it did anything.",
            remedy="Look whether what it was to make is there, then go on with a new key.",
        )
    if secret:
        raise ShownOnce(
            f"The first request with this {HEADER} succeeded; what it returned is shown once.",
            remedy="Make a new one, and end the other.",
        )
    return Response(known.body, known.status, headers={**known.headers, REPLAYED: "true"})

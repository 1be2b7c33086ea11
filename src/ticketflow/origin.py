"""Where the work under way comes from: the request that began it and its place in a trace, for logs, runs and calls.

Held in a context variable: threads of a request inherit it, and a run that a request queued brings it back with its
payload. Ids alone, never a text.
"""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from ticketflow.clock import new_id

WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,63}")
"""A request id that a caller may choose: 8 to 64 letters, digits and `.`, `_`, `:`, `-`."""

FIELD = "origin"
"""Under this name a run's stored payload holds where the run comes from."""


class Origin(NamedTuple):
    """Ids, each empty where there is none.

    request_id   of the request that began it
    traceparent  the span under way, as W3C Trace Context writes it; only where traces are on
    run_id       the run under way
    """

    request_id: str = ""
    traceparent: str = ""
    run_id: str = ""


NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current() -> Origin:
    """Where the work of this thread or task comes from."""
    return _current.get()


@contextmanager
def under(origin: Origin) -> Generator[None]:
    """Work inside the block comes from there."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


def request_id(given: str | None) -> str:
    """The id that a caller gave its request where it is well-formed, otherwise a new one."""
    return given if given is not None and WELL_FORMED.fullmatch(given) else new_id()


def stored() -> dict[str, Any]:
    """What a run's payload keeps of it: nothing where the work comes from no request."""
    origin = _current.get()
    kept = {name: value for name, value in (("request", origin.request_id), ("trace", origin.traceparent)) if value}
    return {FIELD: kept} if kept else {}


def read(kept: Any, run_id: str) -> Origin:
    """The origin of a run with this id, from what its payload kept."""
    known: Mapping[str, Any] = kept if isinstance(kept, dict) else {}
    return Origin(str(known.get("request", "")), str(known.get("trace", "")), run_id)


def outgoing() -> dict[str, str]:
    """Headers for a call to another machine: the trace goes on there. None where traces are off."""
    traceparent = _current.get().traceparent
    return {"traceparent": traceparent} if traceparent else {}

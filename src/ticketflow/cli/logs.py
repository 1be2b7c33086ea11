"""The log of the command line: one line for each event on standard error, for people at a terminal, JSON elsewhere.

No traceback over many lines, no local variables, no API keys. Not the results of a command: those are on standard
output.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Literal

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from ticketflow import origin
from ticketflow.errors import TicketFlowError

FRAMES = 4
"""How many of the innermost places of an error are named."""

_JSON = json.JSONEncoder(ensure_ascii=False, default=str)  # made once, which json.dumps would do for each line
_LEVELS = {"exception": "error", "warn": "warning"}
_KEYS_BEGIN = "tf_live_"
_API_KEY = re.compile(rf"({_KEYS_BEGIN}[a-z0-9]{{16}})_\w+")


def configure(level: str, form: Literal["console", "json"] | None = None) -> None:
    """Log from `level` on (other libraries: from WARNING on). Called once by each command that opens anything.

    Without a `form` the log is for people at a terminal, and JSON elsewhere.
    """
    shared: list[Processor] = [
        when_and_where_from,
        place_of_error,
        plain,
    ]
    renderer = _renderer(form)
    structlog.configure(  # not by way of the standard library's logging, which takes four times as long for a line
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines,
    )
    handler = _StandardError()
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, renderer])
    )
    root = logging.getLogger()
    for earlier in [known for known in root.handlers if isinstance(known, _StandardError)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("ticketflow").setLevel(level)
    logging.captureWarnings(True)


def when_and_where_from(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Every line has its level, its time, and the request, the run and the trace that it belongs to."""
    event["level"] = _LEVELS.get(method, method)
    event["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    here = origin.current()
    if here.request_id:
        event.setdefault("request_id", here.request_id)
    if here.run_id:
        event.setdefault("run", here.run_id)
    if here.traceparent:
        event["trace_id"] = here.traceparent.split("-")[1]
    return event


def place_of_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An exception becomes its kind and the places it came through, instead of a traceback.

    Only our own errors' sentences are written: any other may quote a customer.
    """
    given: Any = event.pop("exc_info", None)
    if not given:
        return event
    error = given if isinstance(given, BaseException) else (given[1] if isinstance(given, tuple) else sys.exc_info()[1])
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        own = f": {error}" if isinstance(error, TicketFlowError) else ""
        event["error"] = f"{type(error).__name__}{own}"
        event["at"] = " > ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames)
    return event


def plain(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Texts on one line, and of an API key only the part that names it."""
    for name, value in event.items():
        if isinstance(value, str) and (_KEYS_BEGIN in value or not value.isprintable()):
            event[name] = _API_KEY.sub(r"\1_…", "\\n".join(value.splitlines()))
    return event


class _StandardError(logging.Handler):
    """The log of other libraries."""

    def emit(self, record: logging.LogRecord) -> None:
        _write(self.format(record))


class _Lines:
    """The log of ours: a method for each level that takes a line."""

    def __init__(self, *_: object) -> None:
        """`_` is a logger's name, which the event's own name makes needless."""

    def msg(self, line: str) -> None:
        _write(line)

    debug = info = warning = error = critical = exception = msg


def _write(line: str) -> None:
    """Write to what sys.stderr is at that moment: a live table takes it over while it is shown."""
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads the log any more; the work goes on
        pass


def _renderer(form: Literal["console", "json"] | None) -> Processor:
    if form == "json" or (form is None and not sys.stderr.isatty()):
        return structlog.processors.JSONRenderer(lambda event, **_: _JSON.encode(event))
    return structlog.dev.ConsoleRenderer(pad_event_to=0, colors=sys.stderr.isatty())

"""The log of the command line: one line for each event on standard error, for people at a terminal, JSON elsewhere.

No traceback over many lines, no local variables, no API keys. Not the results of a command: those are on standard
output.
"""

import logging
import re
import sys
import traceback
from pathlib import PurePath
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

FRAMES = 4
"""How many of the innermost places of an error are named."""

_API_KEY = re.compile(r"(tf_live_[a-z0-9]{16})_\w+")


def configure(level: str) -> None:
    """Log from `level` on (other libraries: from WARNING on). Called once by each command that opens anything."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        place_of_error,
        plain,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = _StandardError()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, _renderer()]
        )
    )
    root = logging.getLogger()
    for earlier in [known for known in root.handlers if isinstance(known, _StandardError)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("ticketflow").setLevel(level)
    logging.captureWarnings(True)


def place_of_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An exception becomes its sentence and the places it came through, instead of a traceback."""
    given: Any = event.pop("exc_info", None)
    if not given:
        return event
    error = given if isinstance(given, BaseException) else (given[1] if isinstance(given, tuple) else sys.exc_info()[1])
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        event["error"] = f"{type(error).__name__}: {error}"
        event["at"] = " > ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames)
    return event


def plain(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Texts on one line, and of an API key only the part that names it."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _API_KEY.sub(r"\1_…", "\\n".join(value.splitlines()))
    return event


class _StandardError(logging.Handler):
    """Writes to what sys.stderr is at that moment: a live table takes it over while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody reads the log any more; the work goes on
            pass


def _renderer() -> Processor:
    if not sys.stderr.isatty():
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(pad_event_to=0)

"""The rejects file: every record that was set aside, as JSON Lines with its line and the reason.

It is written beside its final name and takes that name when it is whole; with nothing to reject there is none.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

from ticketflow.errors import InvalidInput, StorageUnavailable
from ticketflow.knowledge.entries import BadRecord

SUFFIX = ".rejects.jsonl"


def default_rejects(source: Path) -> Path:
    """`<source>.rejects.jsonl` beside the source, or in the current folder where the source's cannot be written to."""
    name = source.name + SUFFIX
    return source.with_name(name) if os.access(source.parent, os.W_OK | os.X_OK) else Path(name)


class RejectsFile:
    """Collects rejects; `path` None keeps them nowhere. Use as a context: leaving it by an error leaves no file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._kept: Path | None = None

    def __enter__(self) -> "RejectsFile":
        if self._path is not None and not os.access(self._path.parent, os.W_OK | os.X_OK):
            raise InvalidInput(
                f"Rejected lines would be written to {self._path}, whose folder cannot be written to.",
                remedy="Name another file with --rejects PATH.",
                field="rejects",
            )
        return self

    def add(self, bad: BadRecord) -> None:
        """Set a record aside. Raises StorageUnavailable when the file cannot be written."""
        if self._path is None:
            return
        line = json.dumps({"line": bad.number, "reason": bad.reason, "record": bad.raw}, ensure_ascii=False)
        try:
            if self._file is None:
                self._file = self._partial(self._path).open("w", encoding="utf-8")
            self._file.write(line + "\n")
        except OSError as error:
            raise self._unwritable(error) from error

    def keep(self) -> Path | None:
        """Give the file its name, replacing one of an earlier run; its path, None when nothing was rejected."""
        if self._file is None or self._path is None:
            return None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._partial(self._path).replace(self._path)
        except OSError as error:
            raise self._unwritable(error) from error
        self._kept = self._path
        return self._path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is None or self._path is None or self._kept is not None:
            return
        with suppress(OSError):  # closing flushes, and the disk may be full; what matters is that the piece goes away
            self._file.close()
        self._partial(self._path).unlink(missing_ok=True)

    def _partial(self, path: Path) -> Path:
        return path.with_name(path.name + ".partial")

    def _unwritable(self, error: OSError) -> StorageUnavailable:
        return StorageUnavailable(
            f"The rejected lines cannot be written to {self._path}: {error.strerror}.",
            remedy="Free some space or name another file with --rejects PATH.",
        )

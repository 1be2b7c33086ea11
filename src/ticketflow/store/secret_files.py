"""Files in the home folder that hold secrets: read by their owner alone, and there whole or not at all."""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from ticketflow.errors import Misconfigured

_OTHERS = 0o077


def make_once(path: Path, content: bytes) -> None:
    """Make a file unless it is there. Another process may do so, or read it, at the same moment. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers' words lie here
    with _draft(path, content) as draft, suppress(FileExistsError):  # another process was first; its secret counts
        os.link(draft, path)


def replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of one that is there: a crash leaves one or the other. Raises OSError."""
    with _draft(path, content) as draft:
        draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name as well: what comes next rests on it
    finally:
        os.close(folder)


def open_to_others(path: Path) -> bool:
    """Whether anybody besides its owner may read or write it."""
    return bool(path.stat().st_mode & _OTHERS)


def unusable(path: Path, error: OSError) -> Misconfigured:
    """What to tell an operator of a file or folder that cannot be used."""
    not_a_folder = isinstance(error, FileExistsError | NotADirectoryError)
    why = "it is not a folder" if not_a_folder else (error.strerror or str(error)).lower()
    return Misconfigured(
        f"{path} cannot be used: {why}.", remedy="Name a folder that you may write to with --home or TICKETFLOW_HOME."
    )


@contextmanager
def _draft(path: Path, content: bytes) -> Generator[Path]:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)

"""Where an archive is written to and read from: a ZIP, or a folder. Both are streams, however large a file is."""

import zipfile
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

from ticketflow.errors import InvalidFile

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The time that every file in a ZIP bears, so that equal content is equal bytes."""

Stream = AbstractContextManager[IO[bytes]]


class Target(Protocol):
    """Takes one file after the other."""

    def create(self, name: str) -> Stream:
        """A file to write into."""
        ...


class Origin(Protocol):
    """Gives files by name."""

    def open(self, name: str) -> Stream:
        """A file to read. Raises InvalidFile where it is missing."""
        ...


class Zip:
    """A ZIP that is written front to back: its file needs no seeking."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)

    def create(self, name: str) -> Stream:
        """See Target."""
        entry = zipfile.ZipInfo(name, FIRST_DAY)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        return self._zip.open(entry, "w", force_zip64=True)

    def close(self) -> None:
        """Write the directory of its files."""
        self._zip.close()


class Folder:
    """A folder, made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self, name: str) -> Stream:
        """See Target."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (self._path / name).open("wb")

    def open(self, name: str) -> Stream:
        """See Origin."""
        try:
            return (self._path / name).open("rb")
        except FileNotFoundError as error:
            raise InvalidFile(f"{self._path} holds no {name}.", remedy="Name a whole export.") from error


class ZipOrigin:
    """A ZIP to read from."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._zip = archive
        self._name = name

    def open(self, name: str) -> Stream:
        """See Origin."""
        try:
            return self._zip.open(name)
        except KeyError as error:
            raise InvalidFile(f"{self._name} holds no {name}.", remedy="Name a whole export.") from error


@contextmanager
def origin_at(path: Path) -> Generator[Origin]:
    """The archive at a path. Raises InvalidFile where there is none."""
    if path.is_dir():
        yield Folder(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise InvalidFile(f"{path} is no ZIP.", remedy="Name what `ticketflow export` wrote.") from error
    with archive:
        yield ZipOrigin(archive, str(path))

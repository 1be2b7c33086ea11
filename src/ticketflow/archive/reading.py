"""Reading an archive: every digest is checked before anything of it is used."""

import hashlib
from collections.abc import Iterator
from typing import IO

from ticketflow.archive import manifest
from ticketflow.archive.kinds import KINDS, Kind
from ticketflow.archive.manifest import Manifest
from ticketflow.archive.targets import Origin
from ticketflow.errors import InvalidFile

LONGEST_LINE = 64 << 20
BLOCK = 1 << 20


def checked(origin: Origin) -> tuple[Manifest, str]:
    """The manifest and its SHA-256 (hex). Raises InvalidFile unless every file is as the manifest says."""
    with origin.open(manifest.NAME) as file:
        content = file.read(manifest.LARGEST)
    made = manifest.parse(content)
    for kind in KINDS:
        if kind.file not in made.files:
            raise InvalidFile(f"{manifest.NAME} does not name {kind.file}.", remedy="Name a whole export.")
        with origin.open(kind.file) as file:
            found = _digest(file)
        if found != made.files[kind.file].sha256:
            raise InvalidFile(f"{kind.file} is not as it was written: its SHA-256 differs.", remedy="Export it anew.")
    return made, hashlib.sha256(content).hexdigest()


def lines(origin: Origin, kind: Kind) -> Iterator[bytes]:
    """A file's lines. Raises InvalidFile for one that is longer than any that an export writes."""
    with origin.open(kind.file) as file:
        while line := file.readline(LONGEST_LINE):
            if not line.endswith(b"\n"):
                raise InvalidFile(f"{kind.file} has a line without an end.")
            yield line


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()

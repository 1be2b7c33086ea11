"""A file's records as batches of cases, each case once; what is bad or double is counted and set aside."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ticketflow.knowledge.entries import BadRecord, Record
from ticketflow.knowledge.mapping import ImportedCase, Mapping, to_case
from ticketflow.knowledge.records import RecordFile

BATCH_RECORDS = 256
BATCH_CHARACTERS = 500_000
"""Text of a batch, so that one transaction stays short whatever the records are like."""


@dataclass
class Batch:
    """Neighbouring records of a file. `position` counts the file's records up to this batch's end."""

    position: int = 0
    cases: list[ImportedCase] = field(default_factory=list[ImportedCase])
    duplicates: int = 0
    rejected: int = 0
    read: int = 0
    characters: int = 0

    @property
    def full(self) -> bool:
        """Whether no more should be added."""
        return self.read >= BATCH_RECORDS or self.characters >= BATCH_CHARACTERS


def batches(file: RecordFile, mapping: Mapping, *, skip: int, reject: Callable[[BadRecord], None]) -> Iterator[Batch]:
    """The file in batches, those after its first `skip` records. `reject` hears of every bad record, skipped or not,
    because what was set aside before an import was stopped belongs into the same rejects file.
    """
    seen: dict[bytes, int] = {}
    batch = Batch()
    for position, item in enumerate(file, 1):
        found = to_case(mapping, item) if isinstance(item, Record) else item
        first = _first_line(seen, found)
        if first is not None and isinstance(found, ImportedCase) and found.identified:
            fields = item.fields if isinstance(item, Record) else item.raw
            found = BadRecord(found.number, f"its id {found.external_id!r} was given on line {first} already", fields)
        if isinstance(found, BadRecord):
            reject(found)
        if position <= skip:
            continue
        batch.read += 1
        batch.position = position
        if isinstance(found, BadRecord):
            batch.rejected += 1
        elif first is not None:
            batch.duplicates += 1
        else:
            batch.cases.append(found)
            batch.characters += len(found.subject) + len(found.body) + len(found.resolution)
        if batch.full:
            yield batch
            batch = Batch()
    if batch.read:
        yield batch


def _first_line(seen: dict[bytes, int], found: ImportedCase | BadRecord) -> int | None:
    """The line that had the same identity before, None the first time. Digests keep long ids out of memory."""
    if isinstance(found, BadRecord):
        return None
    key = hashlib.blake2b(found.external_id.encode(), digest_size=16).digest()
    first = seen.setdefault(key, found.number)
    return None if first == found.number else first

"""The first look at a file, before anything is stored: how long it is, whether it was seen before, and which reply
each answer label stands for. Bounded in memory; a file is read twice rather than held."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ticketflow.knowledge.entries import Record
from ticketflow.knowledge.mapping import ImportedCase, Mapping, to_case
from ticketflow.knowledge.records import RecordFile

VERSION = "import-1"
DIFFERENT = 32
"""Different resolutions of one label that are counted; later ones are told apart from these only."""
SETTLED_SHARE = 0.5
TOLD_EVERY = 5_000


@dataclass(frozen=True)
class LabelReply:
    """The reply that a label stands for; `settled` when more than SETTLED_SHARE of its resolutions are that text."""

    body: str
    settled: bool


NO_REPLY = LabelReply("", False)


@dataclass(frozen=True)
class Survey:
    """`records` counts what the file holds, bad ones included. `replies` are by answer label."""

    fingerprint: str
    records: int
    replies: dict[str, LabelReply]

    def reply(self, label: str) -> LabelReply:
        """What the label stands for, empty when the file has no resolution for it."""
        return self.replies.get(label, NO_REPLY)


def survey(file: RecordFile, mapping: Mapping, *, approve_answers: bool, told: Callable[[int], None]) -> Survey:
    """Read the file once. A label's reply is its most frequent resolution in the whole file, the earliest on a tie,
    so it does not depend on where a batch ends or an import was stopped. `told` hears how many records were read.
    """
    counts: dict[str, _Resolutions] = {}
    records = 0
    for item in file:
        records += 1
        if records % TOLD_EVERY == 0:
            told(records)
        if mapping.answer is None or mapping.resolution is None or not isinstance(item, Record):
            continue
        case = to_case(mapping, item)
        if isinstance(case, ImportedCase) and case.label is not None and case.resolution:
            counts.setdefault(case.label, _Resolutions()).count(case.resolution)
    replies = {label: resolutions.reply() for label, resolutions in counts.items()}
    return Survey(fingerprint(file.path, mapping, approve_answers=approve_answers), records, replies)


def fingerprint(path: Path, mapping: Mapping, *, approve_answers: bool) -> str:
    """Identity of an import: the file's content and what is made of it, as 64 hexadecimal digits."""
    terms = {"version": VERSION, "approve_answers": approve_answers, "mapping": mapping.model_dump()}
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(json.dumps([terms, content], sort_keys=True).encode()).hexdigest()


class _Resolutions:
    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._total = 0

    def count(self, resolution: str) -> None:
        self._total += 1
        if resolution in self._counts or len(self._counts) < DIFFERENT:
            self._counts[resolution] = self._counts.get(resolution, 0) + 1

    def reply(self) -> LabelReply:
        body = max(self._counts, key=lambda text: self._counts[text])  # the first of equals: dicts keep their order
        return LabelReply(body, self._counts[body] > SETTLED_SHARE * self._total)

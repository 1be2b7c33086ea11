"""A file of resolved tickets as a backtest needs them: prepared as `ingest` prepares a new one, each ticket once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from ticketflow.errors import InvalidFile, InvalidInput
from ticketflow.knowledge.entries import BadRecord
from ticketflow.knowledge.mapping import ImportedCase, Mapping
from ticketflow.knowledge.records import open_records
from ticketflow.knowledge.sifting import batches
from ticketflow.retrieval.cleaning import clean
from ticketflow.retrieval.language import detected
from ticketflow.retrieval.redaction import redact

LEAST_TICKETS = 20
"""Fewer cannot be split into three parts that say anything."""
PROBLEMS_TOLD = 5


ALL_ANSWERED = (
    "Every ticket of the file has an answer. Of live tickets some will fit none, which this backtest cannot show. "
    "Until audits do, TicketFlow asks for more confidence than the threshold here."
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A resolved ticket. `id` is the file's own or the line it starts at; `text` is clean and free of addresses and
    card numbers. `label` is the answer that people gave, None where none may be sent automatically; `given` is the
    cell as it stands in the file. `resolved_at` in microseconds; `language` is a code, "" where unknown.
    """

    id: str
    text: str
    label: str | None
    given: str | None
    resolution: str
    category: str | None
    resolved_at: int | None
    language: str


@dataclass(frozen=True)
class Reading:
    """What a file held: its usable tickets in the file's order, and how many records were set aside and why."""

    source: str
    tickets: list[Ticket]
    read: int
    duplicates: int
    rejected: int
    problems: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


def read(path: Path, mapping: Mapping, no_answer: Sequence[str], told: Callable[[int], None]) -> Reading:
    """Read the whole file; `told` hears how many records were read.

    A ticket whose answer is empty or one of `no_answer` has no label. Raises InvalidFile or InvalidInput when the file
    or the mapping cannot be used, or when it holds too little to split.
    """
    records = open_records(path)
    mapping.check(path, records.columns)
    if mapping.answer is None:
        raise InvalidInput(
            "No column is said to hold the answers that people gave, and without them nothing can be graded.",
            remedy="Name it with --answer COLUMN.",
            field="answer",
        )
    problems: list[str] = []
    never = frozenset(value.strip() for value in no_answer)
    replies: dict[str, str] = {}
    tickets: list[Ticket] = []
    counted = duplicates = rejected = 0

    def reject(bad: BadRecord) -> None:
        if len(problems) < PROBLEMS_TOLD:
            problems.append(f"line {bad.number}: {bad.reason}")

    for batch in batches(records, mapping, skip=0, reject=reject):
        tickets.extend(_ticket(case, never, replies) for case in batch.cases)
        counted, duplicates = counted + batch.read, duplicates + batch.duplicates
        rejected += batch.rejected
        told(counted)
    found = Reading(str(path), tickets, counted, duplicates, rejected, problems, _warnings(tickets, no_answer))
    _refuse(path, found)
    return found


def _ticket(case: ImportedCase, never: frozenset[str], replies: dict[str, str]) -> Ticket:
    text = redact(clean(case.subject, case.body))[0] or redact(case.body)[0]
    return Ticket(
        id=case.external_id if case.identified else str(case.number),
        text=text,
        label=None if case.label in never else case.label,
        given=case.label,
        resolution=replies.setdefault(case.resolution, case.resolution),  # replies repeat: one object each
        category=case.category,
        resolved_at=case.resolved_at,
        language=case.language or detected(text) or "",
    )


def _warnings(tickets: Sequence[Ticket], no_answer: Sequence[str]) -> list[str]:
    """A warning for each value of --no-answer that no ticket has, and for a history without unanswerable tickets."""
    there = {ticket.given for ticket in tickets if ticket.given is not None}
    warnings: list[str] = []
    for value in no_answer:
        if value.strip() not in there:
            close = get_close_matches(value.strip(), sorted(there), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            warnings.append(f"No ticket has the answer {value!r} that --no-answer names.{hint}")
    if tickets and all(ticket.label is not None for ticket in tickets):
        warnings.append(ALL_ANSWERED)
    return warnings


def _refuse(path: Path, found: Reading) -> None:
    count = len(found.tickets)
    if count < LEAST_TICKETS:
        why = f" {found.rejected:,} records were set aside ({found.problems[0]})." if found.problems else ""
        twice = f" {found.duplicates:,} were repetitions." if found.duplicates else ""
        holds = "no ticket" if not count else "one ticket" if count == 1 else f"{count} different tickets"
        raise InvalidFile(
            f"{path} holds {holds} that can be used; a backtest needs at least {LEAST_TICKETS} to learn from some "
            f"and test on others.{why}{twice}",
            remedy="Give a longer history: a few hundred resolved tickets show a tendency, a few thousand a proof.",
        )
    if all(ticket.label is None for ticket in found.tickets):
        raise InvalidFile(
            f"None of the {count:,} tickets of {path} has an answer that may be sent, so there is nothing to automate.",
            remedy="Check the column that --answer names, and the values of --no-answer.",
        )

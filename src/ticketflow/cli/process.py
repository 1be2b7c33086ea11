"""`ticketflow process`: the tickets of a file through the agent, one line each."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ticketflow.cli.columns import BodyColumn, SubjectColumn, TextColumn
from ticketflow.cli.context import Home, console, emit, runtime, say
from ticketflow.cli.workers import working
from ticketflow.errors import InvalidFile

if TYPE_CHECKING:
    from ticketflow.agent.batch import Processed
    from ticketflow.knowledge.entries import BadRecord
    from ticketflow.store.tickets import NewTicket

EXIT_REJECTED = 1
WORTH_A_PROCESS = 300
"""Tickets from which more processes earn their start; three keep two cores busy while one waits for the disk."""


def process(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON or JSONL, in UTF-8.", show_default=False)
    ],
    text: TextColumn = None,
    subject: SubjectColumn = None,
    body: BodyColumn = None,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="The ticket's id; a known one is not run again.")
    ] = None,
    home: Home = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that work on the tickets of a long file.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON line for each ticket.")] = False,
) -> None:
    """Run each ticket of FILE through the agent and print what it decides: id, action, confidence, answer.

    Example: `ticketflow process new.csv --subject title --body text --id number --json > decisions.jsonl`

    Lines that cannot be used are named on standard error and skipped; the exit code is then 1.
    """
    from ticketflow.agent.batch import process_batch
    from ticketflow.knowledge.arrivals import read_tickets
    from ticketflow.knowledge.mapping import Mapping

    columns = Mapping(text=text, subject=subject, body=body, id=id_)
    arrivals = _Usable(file, read_tickets(file, columns))
    long = sum(1 for _ in islice(read_tickets(file, columns), WORTH_A_PROCESS)) == WORTH_A_PROCESS
    built = runtime(home)
    workspace = built.workspace()
    count = 0
    with working(built, workers if long else 1):
        for told in process_batch(built.deps, workspace, arrivals):
            count += 1
            emit(told.model_dump(mode="json")) if as_json else say(_line(told))
    if count == 0 and arrivals.skipped == 0:
        raise InvalidFile(f"{file} holds no tickets.")
    if arrivals.skipped:
        console.print(f"{arrivals.skipped:,} {'line was' if arrivals.skipped == 1 else 'lines were'} skipped.")
        raise typer.Exit(EXIT_REJECTED)


class _Usable:
    """The tickets among a file's records; the others are told on standard error and counted in `skipped`."""

    def __init__(self, file: Path, records: "Iterable[NewTicket | BadRecord]") -> None:
        self._file = file
        self._records = records
        self.skipped = 0

    def __iter__(self) -> "Iterator[NewTicket]":
        from ticketflow.knowledge.entries import BadRecord

        seen: set[str] = set()
        for record in self._records:
            if isinstance(record, BadRecord):
                self._skip(f"line {record.number}: {record.reason}")
            elif record.external_id is not None and record.external_id in seen:
                self._skip(f"the id {record.external_id!r} is there more than once; only the first ticket was used")
            else:
                if record.external_id is not None:
                    seen.add(record.external_id)
                yield record

    def _skip(self, why: str) -> None:
        self.skipped += 1
        console.print(Text(f"{self._file}: {why}"), soft_wrap=True)


def _line(told: "Processed") -> str:
    label = told.answer.label if told.answer else "-"
    return f"{told.id}\t{told.action}\t{told.confidence:.3f}\t{label}"

"""`ticketflow process`: the tickets of a file through the agent, one JSON line each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ticketflow.cli.context import Home, config, console, emit, output, runtime
from ticketflow.errors import InvalidFile

EXIT_REJECTED = 1


def process(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON or JSONL.")],
    text: Annotated[str | None, typer.Option(help="Column with the whole text.")] = None,
    subject: Annotated[str | None, typer.Option(help="Column with the subject.")] = None,
    body: Annotated[str | None, typer.Option(help="Column with the body.")] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Column with the ticket's id; known ids are not run again.")
    ] = None,
    home: Home = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Tickets worked on at the same time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON line for each ticket.")] = False,
) -> None:
    """Run each ticket of FILE through the agent and print what it decides.

    Example: `ticketflow process new.csv --subject title --body text --id number --json > decisions.jsonl`

    Lines that cannot be read are named on standard error and skipped; the exit code is then 1.
    """
    from ticketflow.agent.batch import process_batch
    from ticketflow.knowledge.arrivals import read_tickets
    from ticketflow.knowledge.mapping import Mapping
    from ticketflow.knowledge.records import BadRecord

    arrivals = read_tickets(file, Mapping(text=text, subject=subject, body=body, id=id_))
    built = runtime(home)
    workspace = built.workspace()
    rejected = 0

    def readable() -> Iterator[Any]:
        nonlocal rejected
        for arrival in arrivals:
            if isinstance(arrival, BadRecord):
                rejected += 1
                console.print(f"{file}: line {arrival.number}: {arrival.reason}", soft_wrap=True)
            else:
                yield arrival

    built.runner.start(threads)
    try:
        count = 0
        for told in process_batch(built.deps, workspace, readable()):
            count += 1
            if as_json:
                emit(told.model_dump(mode="json"))
            else:
                label = told.answer.label if told.answer else "-"
                output.print(f"{told.id}\t{told.action}\t{told.confidence:.3f}\t{label}", soft_wrap=True)
    finally:
        built.runner.stop(drain_seconds=config(home).lease_seconds)
    if count == 0 and rejected == 0:
        raise InvalidFile(f"{file} holds no tickets.")
    if rejected:
        console.print(f"{rejected} lines were skipped.")
        raise typer.Exit(EXIT_REJECTED)

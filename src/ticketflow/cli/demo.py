"""`ticketflow demo`: the sample company, set up and at work, with no key, no network and no second process."""

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ticketflow.cli.context import AsJson, console, emit, runtime

if TYPE_CHECKING:
    from ticketflow.runtime import Runtime

HOME = Path(".ticketflow-demo")


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="No server: work off the tickets, print a summary, leave.")
    ] = False,
    home: Annotated[
        Path, typer.Option(help="Folder of the demo's database; kept, so that a second start is quick.")
    ] = HOME,
    port: Annotated[int, typer.Option(help="Port of the API.")] = 8484,
    pause: Annotated[float, typer.Option(min=0, max=60, help="Seconds between two tickets.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Set up the sample company "Kettle & Crane", learn from its history, and watch new tickets being decided.

    Example: `ticketflow demo --once --json`
    """
    from ticketflow.demo.company import WORKSPACE

    built = runtime(home, workspace=WORKSPACE, port=port)
    _prepare(built)
    if once:
        _once(built, as_json)
    else:
        _live(built, pause)


def _prepare(built: "Runtime") -> None:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from ticketflow.demo import setup

    with Progress(TextColumn("{task.description:44}"), BarColumn(), TimeElapsedColumn(), console=console) as bars:
        bar = bars.add_task("Opening Kettle & Crane", total=1.0)
        ready = setup.prepare(
            built.deps, built.workspace(), lambda share, doing: bars.update(bar, completed=share, description=doing)
        )
    console.print(ready.sentence())


def _once(built: "Runtime", as_json: bool) -> None:
    from ticketflow.agent.batch import process_batch
    from ticketflow.demo import company, setup, showing

    arrivals = setup.renamed(company.arrivals())
    built.runner.start(built.config.workers)
    try:
        told = list(process_batch(built.deps, built.workspace(), [arrival.ticket for arrival in arrivals]))
    finally:
        built.runner.stop(drain_seconds=built.config.lease_seconds)
    counts = showing.tally(list(zip(arrivals, told, strict=True)))
    if as_json:
        emit(counts.model_dump())
    else:
        console.print(showing.line(counts, len(arrivals)))
        console.print(f"{counts.without_answer} of the tickets have no right answer in the knowledge base.")


def _live(built: "Runtime", pause: float) -> None:
    from rich.live import Live

    from ticketflow.agent.batch import process_batch
    from ticketflow.demo import company, server, setup, showing

    arrivals = setup.renamed(company.arrivals())
    board = showing.Board(len(arrivals))
    with server.started(built) as address:
        key = server.visitor_key(built)
        heading = (
            f"[bold]Kettle & Crane[/bold] at {address}   API reference {address}/docs\n"
            f"[dim]try: curl -H 'Authorization: Bearer {key}' {address}/v1/tickets[/dim]"
        )
        with Live(board.render(heading), console=console, refresh_per_second=8) as live:
            for arrival in arrivals:
                (told,) = process_batch(built.deps, built.workspace(), [arrival.ticket])
                board.add(arrival, told)
                live.update(board.render(heading))
                time.sleep(pause)
        console.print(f"All tickets are decided. The API stays at {address} until Ctrl-C.")
        threading.Event().wait()

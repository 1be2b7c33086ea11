"""`ticketflow demo`: the sample company, set up and at work, with no key, no network and no second process."""

import socket
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ticketflow.cli.context import console, emit, output, runtime
from ticketflow.cli.person import first_invitation
from ticketflow.cli.progress import progress

if TYPE_CHECKING:
    from ticketflow.agent.batch import Processed
    from ticketflow.demo.company import Arrival
    from ticketflow.runtime import Runtime

HOME = Path(".ticketflow-demo")
REPORT = "backtest.html"


class Models(StrEnum):
    """Which language models the demo works with."""

    CONFIGURED = "configured"
    SCRIPTED = "scripted"


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="No server: work off the tickets, print a summary, leave.")
    ] = False,
    home: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder of the demo's database; kept, so that a second start is quick."),
    ] = HOME,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0 picks a free one.")] = 8484,
    pause: Annotated[float, typer.Option(min=0, max=60, help="Seconds between two tickets.")] = 1.0,
    llm: Annotated[
        Models,
        typer.Option(help="Language models: those of TICKETFLOW_LLM, or a scripted one without key and network."),
    ] = Models.CONFIGURED,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print the summary as JSON.")] = False,
) -> None:
    """Set up the sample company "Kettle & Crane", learn from its history, and watch new tickets being decided.

    Example: `ticketflow demo --once --json`
    """
    if as_json and not once:
        raise typer.BadParameter("it goes with --once; the live table is for people.", param_hint="--json")
    if llm is Models.SCRIPTED:
        from ticketflow.testing import ModelServer, scripted

        server_of_words = ModelServer().start()
        models = [{"name": "scripted", "base_url": server_of_words.url, "model": scripted.MODEL}]
        console.print(f"A scripted language model answers at {server_of_words.url}.", markup=False)
        built = runtime(home, port=port, llm=models)
    else:
        built = runtime(home, port=port)
    if once:
        _prepare(built)
        _once(built, as_json)
        return
    from ticketflow.api import server

    listener = server.listen(built.config.host, built.config.port)  # a taken port is told before minutes of learning
    _prepare(built)
    _live(built, listener, pause)


def _prepare(built: "Runtime") -> None:
    from ticketflow.demo import setup

    if not setup.is_ready(built.deps, built.workspace()):
        console.print(f"Setting up Kettle & Crane in {built.config.home}; it takes about a minute, once.", markup=False)
    with progress(shown=True) as advance:
        report = built.config.home / REPORT
        ready = setup.prepare(built.deps, built.workspace(), report, advance)
    console.print(ready.sentence(), soft_wrap=True, markup=False)
    console.print(f"How it would have done on its own past: {report}", soft_wrap=True, markup=False)


def _once(built: "Runtime", as_json: bool) -> None:
    from ticketflow.agent.batch import process_batch
    from ticketflow.demo import company, setup, showing

    arrivals = setup.renamed(company.arrivals())
    told: list[Processed] = []
    built.runner.start(built.config.workers or 1)
    try:
        with progress(shown=True) as advance:
            for made in process_batch(built.deps, built.workspace(), [arrival.ticket for arrival in arrivals]):
                told.append(made)
                advance(len(told) / len(arrivals), f"Deciding, {len(told)} of {len(arrivals)} tickets")
    finally:
        built.runner.stop(drain_seconds=built.config.lease_seconds)
    counts = showing.tally(list(zip(arrivals, told, strict=True)))
    if as_json:
        emit(counts.model_dump())
    else:
        output.print(showing.line(counts, len(arrivals)), soft_wrap=True)
        output.print(f"{counts.without_answer} of the tickets have no right answer in the knowledge base.")
        _suggest(built, arrivals)


def _live(built: "Runtime", listener: socket.socket, pause: float) -> None:
    from rich.live import Live

    from ticketflow.agent.batch import process_batch
    from ticketflow.demo import company, server, setup, showing

    arrivals = setup.renamed(company.arrivals())
    board = showing.Board(len(arrivals))
    with server.started(built, listener) as address:
        console.print(Text.assemble(("Kettle & Crane", "bold"), f" at {address}, API reference at {address}/docs"))
        look = f"curl -H 'Authorization: Bearer {server.visitor_key(built)}' {address}/v1/tickets"
        console.print(Text(f"Look in: {look}", style="dim"), soft_wrap=True)
        for line in first_invitation(built, address):
            console.print(Text(line), soft_wrap=True)
        console.print("A reply is green when it is the right one, red when it is not. Ctrl-C ends the demo.\n")
        with Live(board.render(), console=console, refresh_per_second=8) as live:
            for arrival in arrivals:
                (told,) = process_batch(built.deps, built.workspace(), [arrival.ticket])
                board.add(arrival, told)
                live.update(board.render())
                time.sleep(pause)
        _suggest(built, arrivals)
        console.print(f"All tickets are decided. The API stays at {address} until Ctrl-C.")
        threading.Event().wait()


def _suggest(built: "Runtime", arrivals: "list[Arrival]") -> None:
    """Name a ticket worth explaining: the ids are new in each demo."""
    workspace = built.config.workspace
    before = "" if workspace == "default" else f"TICKETFLOW_WORKSPACE={workspace} "
    command = f"{before}ticketflow explain {arrivals[0].ticket.external_id} --home {built.config.home}"
    console.print(Text(f"See why: {command}"), soft_wrap=True)

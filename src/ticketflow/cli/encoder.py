"""`ticketflow encoder`: which sentence encoder is in force, and putting another one there."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime, say
from ticketflow.cli.progress import progress
from ticketflow.errors import InvalidInput, TicketFlowError

if TYPE_CHECKING:
    from ticketflow.runtime import Runtime
    from ticketflow.store.encoders import StoredEncoder

app = typer.Typer(
    no_args_is_help=True,
    help="See which sentence encoder is in force, and put another one there.",
    epilog="Example: `ticketflow encoder switch jina`",
)

LOOK_SECONDS = 0.3


@app.command(name="list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """Show the encoder in force, the one before it or on its way, and the others that are configured.

    Example: `ticketflow encoder list`
    """
    from ticketflow.embeddings import catalogue

    built = runtime(home, existing=True)
    stored, current = _stored(built), built.encoder
    rows: list[dict[str, Any]] = [one.model_dump(mode="json", exclude={"slot", "changed_at"}) for one in stored]
    if not rows:
        known = {"id": current.id, "name": catalogue.names([])[0], "dimension": current.dimension, "state": "active"}
        rows = [{**known, "done": 0, "total": 0, "error": None}]
    held = {row["name"] for row in rows}
    others = [name for name in catalogue.names(built.config.encoders) if name not in held]
    if as_json:
        emit({"encoders": rows, "others": others})
        return
    table = Table("Encoder", "State", "Dimensions", "Vectors", "Id", box=None)
    for row in rows:
        made = f"{row['done']:,} of {row['total']:,}" if row["total"] else ""
        table.add_row(row["name"], row["state"], str(row["dimension"]), made, row["id"])
    output.print(table)
    for row in rows:
        if row["error"]:
            say(f"{row['name']} is not in force: {row['error']}")
    if others:
        say(f"Also to be had: {', '.join(others)}.")


@app.command()
def switch(
    name: Annotated[str, typer.Argument(help="The encoder to put in force; `encoder list` names them.")],
    wait: Annotated[bool, typer.Option(help="Work on it here and show how far it is; else a worker does.")] = True,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put another encoder in force: embed everything, learn with it, then switch, in the background.

    Until then nothing changes. The vectors before it are kept: `encoder switch` with the former name goes back.

    Example: `ticketflow encoder switch jina`
    """
    from ticketflow.agent import switching

    built = runtime(home, existing=True)
    workspace = built.workspace()
    run_id = switching.begin(built.deps, workspace.id, name, built.make_encoder)
    if not wait:
        _tell(as_json, {"run": run_id, "state": "queued"}, f"Queued as run {run_id}: a worker does it.")
        return
    done = _watched(built, workspace.id, run_id, name, shown=not as_json)
    if done.state.value != "active":
        raise TicketFlowError(f"The switch to {name!r} came to nothing: {done.error or 'see the log'}.")
    _tell(as_json, {"run": run_id, "state": "active"}, f"The encoder {name!r} is in force.")


@app.command()
def cancel(home: Home = None, as_json: AsJson = False) -> None:
    """Give up the switch that is under way. What is embedded stays, and the next switch goes on there.

    Example: `ticketflow encoder cancel`
    """
    from ticketflow.agent import switching

    built = runtime(home, existing=True)
    given_up = switching.cancel(built.deps, built.workspace().id)
    _tell(as_json, {"cancelled": given_up.name}, f"The switch to {given_up.name!r} is given up.")


def _watched(built: "Runtime", workspace_id: str, run_id: str, name: str, *, shown: bool) -> "StoredEncoder":
    """Work the run off here unless a worker has it, and show how far it is until it has ended."""
    from ticketflow.agent import switching
    from ticketflow.workflow import history, queue

    built.runner.start_only([switching.SWITCH])
    try:
        with progress(shown=shown) as told:
            while True:
                stored = {one.name: one for one in _stored(built)}
                with built.database.read() as session:
                    run = history.get(session, workspace_id, run_id)
                if name not in stored:
                    raise InvalidInput(f"Another switch has taken the place of {name!r}.")
                if run.state is not queue.RunState.LIVE:
                    return stored[name]
                one = stored[name]
                told(one.done / one.total if one.total else 0.0, f"{run.step or 'waiting'}, {one.done:,} vectors")
                time.sleep(LOOK_SECONDS)
    finally:
        built.runner.stop(drain_seconds=1)


def _stored(built: "Runtime") -> "list[StoredEncoder]":
    from ticketflow.store import encoders

    with built.database.read() as session:
        return encoders.every(session)


def _tell(as_json: bool, value: dict[str, Any], sentence: str) -> None:
    if as_json:
        emit(value)
    else:
        console.print(sentence)

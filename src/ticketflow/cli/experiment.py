"""`ticketflow experiment`: two sides compared on live tickets: started, listed, read and stopped."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime

if TYPE_CHECKING:
    from ticketflow.agent.experiments import Result
    from ticketflow.db import Session
    from ticketflow.store.experiments import Experiment, SideValue

experiment_app = typer.Typer(
    no_args_is_help=True,
    help="Compare two thresholds, or two ways of weighing search, on live tickets.",
    epilog="Example: `ticketflow experiment start stricter --factor threshold --control certified --treatment 0.95`",
)

Which = Annotated[
    str, typer.Argument(metavar="EXPERIMENT", help="The experiment's id or its name.", show_default=False)
]

_ACTOR = "command line"


@experiment_app.command()
def start(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it; used once.", show_default=False)],
    factor: Annotated[str, typer.Option(help="What differs between the sides: threshold or fusion.")],
    control: Annotated[str, typer.Option(help="A threshold or `certified`; of fusion: weights or `learned`.")],
    treatment: Annotated[str, typer.Option(help="The same, for the side that is tried.")],
    home: Home = None,
    share: Annotated[float, typer.Option(help="Share of new tickets that take part, half on each side.")] = 1.0,
    metric: Annotated[
        str | None,
        typer.Option(help="Of a threshold: resolved or wrong; of fusion: right. [default: the first]"),
    ] = None,
    note: Annotated[str, typer.Option(help="Why it is done.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Start an experiment: new tickets join it, each on a side that a coin chose.

    Example: `ticketflow experiment start words --factor fusion --control learned --treatment similarity=1,lexical=0.4`
    """
    from ticketflow.agent import experiments

    new = experiments.plan(
        name,
        factor,
        _side(control),
        _side(treatment),
        share=share,
        metric=metric,
        note=note,
    )
    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.write() as session:
        made = experiments.start(session, workspace.id, new, _ACTOR)
    if as_json:
        emit(_shown(made))
        return
    typer.echo(made.id)
    console.print(
        f"{made.share:.0%} of new tickets take part. `ticketflow experiment result {made.id}` reads it at any time."
    )


@experiment_app.command(name="list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the workspace's experiments, newest first, stopped ones included.

    Example: `ticketflow experiment list --json`
    """
    from ticketflow.store import experiments

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.read() as session:
        found = experiments.page(session, workspace.id, limit=1_000)
    if as_json:
        for one in found:
            emit(_shown(one))
        return
    if not found:
        console.print("No experiments yet. `ticketflow experiment start NAME …` starts one.")
        return
    for one in found:
        sides = f"{_written(one.sides.control)} against {_written(one.sides.treatment)}"
        told = f"{one.id}  {one.state:7}  {one.name}: {one.factor}, {sides}"
        output.print(told, soft_wrap=True, markup=False, highlight=False)


@experiment_app.command()
def result(experiment: Which, home: Home = None, as_json: AsJson = False) -> None:
    """Show what an experiment's graded tickets say by now. Looking often does no harm: the figures allow for it.

    Example: `ticketflow experiment result stricter --json | jq .verdict`
    """
    from ticketflow.agent import experiments

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.read() as session:
        read = experiments.result(session, workspace.id, _find(session, workspace.id, experiment))
    if as_json:
        emit({**read.model_dump(mode="json"), "experiment": _shown(read.experiment), "read_at": _iso(read.read_at)})
    else:
        _show(read)


@experiment_app.command()
def stop(experiment: Which, home: Home = None, as_json: AsJson = False) -> None:
    """End an experiment: every ticket gets what is in force. Its result stays. Stopping it twice is no error.

    Example: `ticketflow experiment stop stricter`
    """
    from ticketflow.agent import experiments

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.write() as session:
        found = _find(session, workspace.id, experiment)
        ended = experiments.stop(session, workspace.id, found.id, _ACTOR)
    if as_json:
        emit(_shown(ended))
    else:
        console.print(f"The experiment {escape(ended.name)} is stopped.")


def _find(session: "Session", workspace_id: str, word: str) -> "Experiment":
    """The experiment with this id or name. Raises NotFound."""
    from ticketflow.store import experiments

    return experiments.by_name(session, workspace_id, word) or experiments.get(session, workspace_id, word)


def _side(text: str) -> "SideValue | str":
    """A side as it is typed: a number, weights such as `similarity=1,lexical=0.4`, or anything else as it is."""
    try:
        if "=" not in text:
            return float(text)
        return {name.strip(): float(weight) for name, _, weight in (part.partition("=") for part in text.split(","))}
    except ValueError:
        return text


def _show(read: "Result") -> None:
    output.print(escape(read.sentence), soft_wrap=True)
    table = Table("side", "value", "tickets", "graded", read.metric.value, "between", box=None, header_style="bold")
    for name, side in read.sides.items():
        mean = "unknown" if side.mean is None else f"{side.mean:.1%}"
        between = f"{side.interval.low:.1%} and {side.interval.high:.1%}"
        table.add_row(name, _written(side.value), f"{side.tickets:,}", f"{side.outcomes:,}", mean, between)
    output.print(table)
    if read.waiting:
        console.print(f"{read.waiting:,} audited tickets do not count yet: the first of them waits for its grade.")


def _written(value: "SideValue") -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}={weight:g}" for name, weight in value.items())
    return value if isinstance(value, str) else f"{value:g}"


def _iso(moment: int) -> str:
    from ticketflow.clock import to_iso

    return to_iso(moment)


def _shown(one: "Experiment") -> dict[str, object]:
    ended = None if one.ended_at is None else _iso(one.ended_at)
    return {**one.model_dump(mode="json"), "created_at": _iso(one.created_at), "ended_at": ended}

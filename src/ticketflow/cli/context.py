"""What every command shares: the home folder, the installation behind it, and how a result is printed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ticketflow.config import Config

if TYPE_CHECKING:
    from ticketflow.runtime import Runtime

Home = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Folder of the database and secrets.", envvar="TICKETFLOW_HOME", show_default=".ticketflow"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

console = Console(stderr=True, highlight=False)
"""For people: progress and messages."""

output = Console(highlight=False)
"""For results that are not JSON."""


def config(home: Path | None) -> Config:
    """The environment, with `--home` winning over TICKETFLOW_HOME."""
    return Config(home=home) if home is not None else Config()


def runtime(home: Path | None, **overrides: Any) -> "Runtime":
    """An installation whose database exists and is at this version's revision."""
    from ticketflow import runtime as wiring
    from ticketflow.db import migrations

    built = wiring.build(config(home).model_copy(update=overrides))
    if migrations.current(built.database) is None:
        migrations.upgrade(built.database)
    migrations.check(built.database)
    return built


def emit(value: Any) -> None:
    """Print one JSON document on a line of its own."""
    typer.echo(json.dumps(value, ensure_ascii=False))

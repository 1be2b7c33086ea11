"""What every command shares: the home folder, the installation behind it, and how a result is printed.

Nothing heavy is imported here at the top: `--help` and a mistyped option must answer at once.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ticketflow.errors import Misconfigured, NotReady

if TYPE_CHECKING:
    from pydantic import ValidationError

    from ticketflow.config import Config
    from ticketflow.runtime import Runtime

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="FOLDER",
        help="Folder of the database and secrets. [default: TICKETFLOW_HOME, else .ticketflow]",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        reader_left()


console = _Console(stderr=True, highlight=False)
"""For people: progress and messages."""

output = _Console(highlight=False)
"""For results that are not JSON."""


def config(home: Path | None, **options: Any) -> "Config":
    """The environment, with what was given as an option winning over it; the log is set up as it says.

    Raises Misconfigured with the name of the first variable or option that makes no sense.
    """
    from pydantic import ValidationError

    from ticketflow.cli import logs
    from ticketflow.config import Config

    given: dict[str, Any] = {name: value for name, value in {"home": home, **options}.items() if value is not None}
    try:
        made = Config(**given)
    except ValidationError as error:
        raise _makes_no_sense(error, given) from None
    logs.configure(made.log_level, made.log_format)
    return made


def runtime(home: Path | None, *, existing: bool = False, **options: Any) -> "Runtime":
    """An installation whose database is at this version's revision; a missing one is made.

    Raises NotReady instead where it must be `existing` already: who only reads means a database that is there.
    """
    from ticketflow import runtime as wiring
    from ticketflow.db import migrations

    chosen = config(home, **options)
    if existing:
        must_exist(chosen)
    built = wiring.build(chosen)
    if migrations.current(built.database) is None:
        migrations.upgrade(built.database)
    migrations.check(built.database)
    return built


def must_exist(chosen: "Config") -> None:
    """Raise NotReady unless the configured database is there."""
    from ticketflow.db.dialects import file_of
    from ticketflow.runtime import revision

    if revision(chosen) is None:
        file = file_of(chosen.url)
        raise NotReady(
            "The database that TICKETFLOW_DATABASE_URL names is empty."
            if file is None
            else f"There is no database at {file}.",
            remedy="`ticketflow import FILE` makes one; --home names another folder.",
        )


def emit(value: Any) -> None:
    """Print one JSON document on a line of its own."""
    say(json.dumps(value, ensure_ascii=False))


def say(line: str) -> None:
    """Print one line of a result as it is: unwrapped, without markup."""
    try:
        typer.echo(line)
    except BrokenPipeError:
        reader_left()


def reader_left() -> None:
    """End quietly, as a success: whoever reads our output has had enough, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the last flush fails no more
    raise SystemExit(0)


def _makes_no_sense(error: "ValidationError", given: dict[str, Any]) -> Misconfigured:
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = str(problem["loc"][0])
    called = f"--{name.replace('_', '-')}" if name in given else f"TICKETFLOW_{name.upper()}"
    wrong = problem["msg"].removeprefix("Input ").removeprefix("String ").removeprefix("Value error, ")
    if problem["type"] == "string_pattern_mismatch":
        wrong = "may hold small letters, digits and hyphens only"
    inner = [place + 1 if isinstance(place, int) else place for place in problem["loc"][1:]]
    if not inner:
        return Misconfigured(f"The value of {called} cannot be used: it {wrong}.")
    place, field = (f"entry {inner[0]}", ".".join(map(str, inner[1:])))
    if problem["type"] == "missing":
        return Misconfigured(f"The value of {called} cannot be used: {place} has no {field}.")
    if problem["type"] == "extra_forbidden":
        return Misconfigured(f"The value of {called} cannot be used: {place} has a field {field}, which there is not.")
    subject = f"{field} of {place}" if field else place
    return Misconfigured(f"The value of {called} cannot be used: {subject} {wrong[:1].lower()}{wrong[1:]}.")

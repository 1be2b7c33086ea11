"""The `ticketflow` command: one file for each group of commands. Heavy imports wait until a command needs them."""

import sys

import typer

from ticketflow import __version__
from ticketflow.cli.context import console
from ticketflow.cli.database import database_app
from ticketflow.cli.demo import demo
from ticketflow.cli.doctor import doctor
from ticketflow.cli.explain import explain
from ticketflow.cli.importing import import_
from ticketflow.cli.key import key_app
from ticketflow.cli.process import process
from ticketflow.cli.searching import search
from ticketflow.cli.serving import serve, worker
from ticketflow.errors import InvalidInput, NotFound, NotReady, TicketFlowError

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_READY = 1, 2, 3

app = typer.Typer(
    name="ticketflow",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Support automation that proves its error rate.\n\nStart with `ticketflow demo`.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 not ready (database missing, locked, full or old).",
)
for command in (demo, serve, worker, process, search, explain, doctor):
    app.command(name=command.__name__)(command)
app.command(name="import")(import_)
app.add_typer(database_app, name="db")
app.add_typer(key_app, name="key")


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
    """Options of the command as a whole."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run a command; an error that we raised on purpose becomes one sentence and an exit code."""
    try:
        app()
    except TicketFlowError as error:
        console.print(f"[red]Error:[/red] {error}", soft_wrap=True)
        sys.exit(_exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output left, as `head` does
        sys.stderr.close()
        sys.exit(0)


def _exit_code(error: TicketFlowError) -> int:
    if isinstance(error, InvalidInput | NotFound):
        return EXIT_USAGE
    return EXIT_NOT_READY if isinstance(error, NotReady) else EXIT_FAILED

"""The `ticketflow` command: one file for each group of commands. Heavy imports wait until a command needs them."""

import sys

import typer
from rich.text import Text

from ticketflow import __version__
from ticketflow.cli.archiving import export, restore
from ticketflow.cli.article import app as article_app
from ticketflow.cli.audit import audit_app
from ticketflow.cli.automation import automation_app
from ticketflow.cli.backtest import backtest
from ticketflow.cli.certify import certify
from ticketflow.cli.context import console, say
from ticketflow.cli.database import database_app
from ticketflow.cli.demo import demo
from ticketflow.cli.doctor import doctor
from ticketflow.cli.encoder import app as encoder_app
from ticketflow.cli.erasing import erase
from ticketflow.cli.experiment import experiment_app
from ticketflow.cli.explain import explain
from ticketflow.cli.importing import import_
from ticketflow.cli.key import key_app
from ticketflow.cli.mcp import mcp
from ticketflow.cli.person import person_app
from ticketflow.cli.process import process
from ticketflow.cli.replay import replay
from ticketflow.cli.searching import search
from ticketflow.cli.secrets import secrets_app
from ticketflow.cli.serving import serve, worker
from ticketflow.errors import InvalidInput, Misconfigured, NotFound, NotReady, TicketFlowError

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_READY, EXIT_STOPPED = 1, 2, 3, 130

app = typer.Typer(
    name="ticketflow",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Support automation that proves its error rate.\n\nExample: `ticketflow demo` shows it at work.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 not ready (database missing, locked, full or of "
    "another version; port taken), 130 stopped by Ctrl-C.",
)
app.command(name="demo")(demo)
app.command(name="import")(import_)
for command in (process, explain, replay, search, serve, worker, backtest, certify, erase, export, restore):
    app.command(name=command.__name__)(command)
app.add_typer(automation_app, name="automation")
app.add_typer(audit_app, name="audit")
app.add_typer(article_app, name="article")
app.add_typer(experiment_app, name="experiment")
app.add_typer(key_app, name="key")
app.add_typer(person_app, name="person")
app.add_typer(secrets_app, name="secrets")
app.add_typer(database_app, name="db")
app.add_typer(encoder_app, name="encoder")
app.command(name="mcp")(mcp)
app.command(name="doctor")(doctor)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
    """Options of the command as a whole."""
    if version:
        say(__version__)
        raise typer.Exit


def main() -> None:
    """Run a command; an error that a user can mend becomes one sentence and an exit code."""
    try:
        app()
    except TicketFlowError as error:
        _end(str(error), _exit_code(error))
    except OSError as error:
        if error.filename is None:  # not about a file that somebody named
            raise
        _end(f"{error.filename}: {error.strerror}.", EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(EXIT_STOPPED)


def _end(sentence: str, code: int) -> None:
    console.print(Text.assemble(("Error:", "red"), " ", sentence), soft_wrap=True)
    sys.exit(code)


def _exit_code(error: TicketFlowError) -> int:
    if isinstance(error, InvalidInput | NotFound | Misconfigured):
        return EXIT_USAGE
    return EXIT_NOT_READY if isinstance(error, NotReady) else EXIT_FAILED

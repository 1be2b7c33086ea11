"""`ticketflow erase`: a person's data out of the database and its files."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ticketflow.cli.automation import ACTOR
from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime
from ticketflow.errors import InvalidInput

if TYPE_CHECKING:
    from ticketflow.runtime import Runtime


def erase(
    requester: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Everything that this address sent.", show_default=False)
    ] = None,
    ticket: Annotated[str | None, typer.Option(metavar="ID", help="This ticket.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[bool, typer.Option(help="Do it here; else a worker does.")] = True,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person's data: tickets, and all that hangs on them or quotes them. It cannot be undone.

    Example: `ticketflow erase --requester ana@example.org --dry-run`
    """
    from ticketflow.agent import erasing
    from ticketflow.erasure import finding

    if requester is None and ticket is None:
        raise InvalidInput("Nothing is named.", remedy="Give --requester EMAIL or --ticket ID.")
    built = runtime(home, existing=True)
    workspace_id = built.workspace().id
    with built.database.read() as session:
        found = erasing.find(session, workspace_id, requester, ticket)
        counts = finding.counted(session, workspace_id, found)
    told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    if dry_run:
        _tell(as_json, None, counts, f"Would go: {told}.")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidInput("Erasing cannot be undone.", remedy="Say --yes where nobody can be asked.")
        console.print(f"To be erased: {told}.")
        typer.confirm("It cannot be undone. Go on?", abort=True, err=True)
    with built.database.write() as session:
        run_id = erasing.begin(session, workspace_id, found, ACTOR)
    if wait:
        _work(built, workspace_id, run_id)
    _tell(as_json, run_id, counts, f"Erased: {told}." if wait else f"Queued as run {run_id}: a worker does it.")


def _work(built: "Runtime", workspace_id: str, run_id: str) -> None:
    from ticketflow.agent.erasing import ERASE
    from ticketflow.cli.waiting import ended

    ended(built, workspace_id, run_id, ERASE, "Erasing")


def _tell(as_json: bool, run_id: str | None, counts: dict[str, int], sentence: str) -> None:
    if as_json:
        emit({"run": run_id, "counts": counts})
    else:
        output.print(sentence)

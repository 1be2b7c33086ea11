"""`ticketflow secrets`: what is encrypted at rest listed, encrypted with a new key, or given up."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime
from ticketflow.errors import InvalidInput

if TYPE_CHECKING:
    from ticketflow.runtime import Runtime

secrets_app = typer.Typer(
    no_args_is_help=True,
    help="List what is encrypted at rest, and rotate the key.",
    epilog="Example: `ticketflow secrets rotate`",
)

_ACTOR = "command line"
_AT_ONCE = 100
"""Values in one transaction: others wait for its end."""


@secrets_app.command(name="list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the names of the workspace's secrets, with who stored them and when. Values are never shown.

    Example: `ticketflow secrets list --json`
    """
    from ticketflow.clock import to_iso

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.read() as session:
        found = built.secrets.stored(session, workspace.id)
    if as_json:
        for one in found:
            emit({**one.model_dump(), "updated_at": to_iso(one.updated_at)})
        return
    if not found:
        console.print("No secrets are stored.")
        return
    table = Table("name", "version", "stored", "by", "key", box=None, header_style="bold", pad_edge=False)
    for one in found:
        when = to_iso(one.updated_at)
        table.add_row(escape(one.name), str(one.version), when, escape(one.updated_by), one.key_id)
    output.print(table)


@secrets_app.command()
def rotate(home: Home = None, as_json: AsJson = False) -> None:
    """Encrypt every secret of every workspace with a new key, while the product runs.

    Example: `ticketflow secrets rotate`

    It may be killed at any moment and run again: the old key stays until nothing needs it. Keys in
    TICKETFLOW_ENCRYPTION_KEY cannot be made here: put a new one in front of it (`NEW,OLD`) first, everywhere.
    """
    built = runtime(home, existing=True)
    keyring = built.secrets.keyring
    if keyring.changeable:
        with built.database.write() as session:
            built.secrets.add_key(session)
    values = _encrypt_anew(built)
    with built.database.write() as session:
        dropped = built.secrets.drop_keys(session)
    superfluous = 0 if keyring.changeable else len(keyring.keys()) - 1
    if as_json:
        emit({"values": values, "key": keyring.keys()[0].id, "dropped": dropped, "superfluous": superfluous})
        return
    console.print(f"{values:,} secrets are encrypted anew; the key in force is {keyring.keys()[0].id}.")
    if superfluous:
        console.print(f"Now take every key but the first out of {keyring.place}.")
    elif not keyring.changeable and not values:
        console.print(f"For a new key, put one in front of {keyring.place}: `openssl rand -base64 32` makes one.")


@secrets_app.command()
def discard(
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, nothing is removed.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Remove the secrets that can no longer be read, where their key is lost for good; they can be entered anew.

    Example: `ticketflow secrets discard --yes`
    """
    if not yes:
        raise InvalidInput(
            "This removes secrets for good.", remedy="Say so with --yes; `ticketflow doctor` tells more."
        )
    from ticketflow.store import audit

    built = runtime(home, existing=True)
    with built.database.write() as session:
        gone = built.secrets.discard(session)
        for workspace_id, name in gone:
            audit.record(session, workspace_id, _ACTOR, "secret.discarded", name)
    if as_json:
        emit({"discarded": [name for _, name in gone]})
        return
    for _, name in gone:
        console.print(f"{escape(name)} is removed.")
    if not gone:
        console.print("Every secret can be read; nothing is removed.")


def _encrypt_anew(built: "Runtime") -> int:
    from ticketflow.store import audit
    from ticketflow.store.secrets import INSTALLATION

    values, workspaces = 0, set[str]()
    done = True
    while done:
        with built.database.write() as session:
            done = built.secrets.encrypt_anew(session, _AT_ONCE)
            owners = [workspace_id for workspace_id in done if workspace_id != INSTALLATION]
            for workspace_id in set(owners) - workspaces:
                audit.record(session, workspace_id, _ACTOR, "secrets.rotated", "secrets")
        workspaces.update(owners)
        values += len(owners)
    return values

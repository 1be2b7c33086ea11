"""`ticketflow key`: API keys made, listed, rotated and revoked."""

import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime
from ticketflow.errors import InvalidInput

if TYPE_CHECKING:
    from ticketflow.store.keys import ApiKey

key_app = typer.Typer(
    no_args_is_help=True,
    help="Make, list, rotate and revoke API keys.",
    epilog="Example: `ticketflow key create help-desk --scope tickets:read --scope tickets:write`",
)

_UNITS = {"m": "MINUTE", "h": "HOUR", "d": "DAY"}
_ACTOR = "command line"


@key_app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.", show_default=False)],
    scope: Annotated[
        list[str],
        typer.Option(metavar="SCOPE", help="What it may do; repeat for several. `all` grants everything."),
    ],
    home: Home = None,
    expires: Annotated[str | None, typer.Option(help="End it after this long: 30m, 12h, 90d. [default: never]")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, once.

    Example: `ticketflow key create help-desk --scope tickets:read --scope tickets:write --expires 90d`

    The key alone is on standard output. Scopes are listed in docs/reference/api.md.
    """
    from ticketflow.api import keys
    from ticketflow.api.scopes import Scope

    built = runtime(home)
    workspace = built.workspace()
    lifetime = _duration(expires) if expires is not None else None
    scopes = [each.value for each in Scope] if scope == ["all"] else scope
    with built.database.write() as session:
        made, text = keys.create(
            session,
            workspace.id,
            built.secret,
            name,
            scopes,
            actor=_ACTOR,
            expires_at=None if lifetime is None else session.now + lifetime,
        )
    if as_json:
        emit({**_shown(made), "key": text})
        return
    typer.echo(text)
    console.print(f"Key {made.id} for workspace {escape(workspace.slug)}: {', '.join(made.scopes)}.")
    console.print("It is shown this once and kept nowhere; store it now.")


@key_app.command(name="list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the keys of the workspace, revoked ones included. Secrets are not stored and cannot be shown.

    Example: `ticketflow key list --json`
    """
    from ticketflow.store import keys

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.read() as session:
        found = keys.every(session, workspace.id)
        now = session.now
    if as_json:
        for key in found:
            emit({**_shown(key), "state": _state(key, now)})
        return
    if not found:
        console.print("No keys yet. `ticketflow key create NAME --scope …` makes one.")
        return
    table = Table("id", "name", "ends in", "state", "scopes", box=None, header_style="bold", pad_edge=False)
    for key in found:
        table.add_row(key.id, escape(key.name), key.last_four, _state(key, now), " ".join(key.scopes))
    output.print(table)


@key_app.command()
def revoke(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="The key's id, as `key list` shows it.", show_default=False)
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """End a key: every process refuses it within a second. Revoking it twice is no error.

    Example: `ticketflow key revoke 3k9x0qv7m2ab81tz`
    """
    from ticketflow.api import keys

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.write() as session:
        keys.revoke(session, workspace.id, key_id, actor=_ACTOR)
    if as_json:
        emit({"id": key_id, "state": "revoked"})
    else:
        console.print(f"The key {escape(key_id)} is revoked.")


@key_app.command()
def rotate(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="The key's id, as `key list` shows it.", show_default=False)
    ],
    home: Home = None,
    overlap: Annotated[str, typer.Option(help="How long the old key goes on: 30m, 12h, 7d.")] = "1d",
    expires: Annotated[
        str | None, typer.Option(help="End the new one after this long. [default: as long as the old one was made for]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key that takes another's place, and show it, once. Both open the API until the old one ends.

    Example: `ticketflow key rotate 3k9x0qv7m2ab81tz --overlap 7d`

    The new key alone is on standard output. At most two keys of a line are live: a third is refused.
    """
    from ticketflow.api import rotation

    built = runtime(home, existing=True)
    workspace = built.workspace()
    lifetime = _duration(expires) if expires is not None else None
    with built.database.write() as session:
        made, text = rotation.rotate(
            session,
            workspace.id,
            built.secret,
            key_id,
            actor=_ACTOR,
            overlap=_duration(overlap),
            expires_at=None if lifetime is None else session.now + lifetime,
        )
    if as_json:
        emit({**_shown(made), "key": text})
        return
    typer.echo(text)
    console.print(f"Key {made.id} replaces {escape(key_id)}, which ends in {overlap}: {', '.join(made.scopes)}.")
    console.print("It is shown this once and kept nowhere; store it now.")


def _duration(text: str) -> int:
    """A duration such as `90d` in microseconds. Raises InvalidInput."""
    from ticketflow import clock

    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text.strip())
    if match is None:
        raise InvalidInput(f"{text!r} is not a duration.", remedy="Write it as 30m, 12h or 90d.", field="expires")
    return int(match[1]) * int(getattr(clock, _UNITS[match[2]]))


def _state(key: "ApiKey", now: int) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "live" if key.live(now) else "expired"


def _shown(key: "ApiKey") -> dict[str, object]:
    from ticketflow.clock import to_iso

    return {
        "id": key.id,
        "name": key.name,
        "last_four": key.last_four,
        "scopes": key.scopes,
        "created_at": to_iso(key.created_at),
        "expires_at": None if key.expires_at is None else to_iso(key.expires_at),
        "revoked_at": None if key.revoked_at is None else to_iso(key.revoked_at),
        "used_at": None if key.used_at is None else to_iso(key.used_at),
        "replaces": key.replaces,
    }

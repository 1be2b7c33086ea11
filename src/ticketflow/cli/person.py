"""`ticketflow person`: who may sign in, with which role; and the links that sign them in."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime, say
from ticketflow.errors import NotReady

if TYPE_CHECKING:
    from ticketflow.domain import Role
    from ticketflow.runtime import Runtime
    from ticketflow.store.people import Person


class RoleName(StrEnum):
    """The roles as they are typed; `domain.Role` itself would load what --help does not need."""

    VIEWER = "viewer"
    AGENT = "agent"
    ADMIN = "admin"
    OWNER = "owner"


person_app = typer.Typer(
    no_args_is_help=True,
    help="Say who may sign in, with which role.",
    epilog="Example: `ticketflow person add nadia@example.com --role admin`",
)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's address.", show_default=False)]

_ACTOR = "command line"
PAGE = 200


@person_app.command()
def add(
    email: Email,
    role: Annotated[RoleName, typer.Option(help="What they may do; docs/guides/access.md says what each role may.")],
    home: Home = None,
    name: Annotated[str, typer.Option(help="What others see. [default: the address]")] = "",
    as_json: AsJson = False,
) -> None:
    """Add somebody with a role. They sign in with a link: `ticketflow person link EMAIL`.

    Example: `ticketflow person add nadia@example.com --role agent --name "Nadia Brandt"`
    """
    from ticketflow.api import people
    from ticketflow.api.scopes import Scope
    from ticketflow.domain import Role

    built = runtime(home)
    workspace = built.workspace()
    with built.database.write() as session:
        made = people.add(session, workspace.id, email.strip(), name, Role(role.value), actor=_ACTOR, held=Scope)
    _tell(made, f"{escape(made.email)} is {made.role} of the workspace {escape(workspace.slug)} now.", as_json)


@person_app.command(name="list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List everybody who was added, disabled people included.

    Example: `ticketflow person list --json`
    """
    found = _everybody(runtime(home, existing=True))
    if as_json:
        for one in found:
            emit(_shown(one))
        return
    if not found:
        console.print("Nobody yet. `ticketflow person add EMAIL --role owner` adds somebody.")
        return
    table = Table("email", "name", "role", "state", "id", box=None, header_style="bold", pad_edge=False)
    for one in found:
        table.add_row(escape(one.email), escape(one.name), one.role, _state(one), one.id)
    output.print(table)


@person_app.command()
def role(
    email: Email,
    to: Annotated[RoleName, typer.Argument(metavar="ROLE", help="viewer, agent, admin or owner.", show_default=False)],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody another role; it holds within a second. The last owner stays one.

    Example: `ticketflow person role nadia@example.com admin`
    """
    from ticketflow.domain import Role

    changed = _changed(home, email, role=Role(to.value))
    _tell(changed, f"{escape(changed.email)} is {changed.role} now.", as_json)


@person_app.command()
def disable(
    email: Email,
    home: Home = None,
    undo: Annotated[bool, typer.Option("--undo", help="Let them sign in again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let somebody sign in no more, and end their sessions within a second. API keys go on: revoke those they knew.

    Example: `ticketflow person disable nadia@example.com`
    """
    changed = _changed(home, email, disabled=not undo)
    _tell(changed, f"{escape(changed.email)} {'may sign in again' if undo else 'is disabled'}.", as_json)


@person_app.command()
def link(email: Email, home: Home = None, as_json: AsJson = False) -> None:
    """Print a link that signs somebody in, once, within 15 minutes. Whoever opens it acts in their name.

    Example: `ticketflow person link nadia@example.com`

    The link alone is on standard output. Its address is TICKETFLOW_PUBLIC_URL, else TICKETFLOW_HOST and
    TICKETFLOW_PORT.
    """
    from ticketflow.api import people, sign_in
    from ticketflow.api.scopes import Scope

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.write() as session:
        person = people.named(session, workspace.id, email)
        token = sign_in.token_for(session, person, actor=_ACTOR, held=Scope)
    made = sign_in.link(_base_url(built), token)
    if as_json:
        emit({"email": person.email, "link": made})
        return
    say(made)
    console.print(f"It signs {escape(person.email)} in, once, within 15 minutes.")


def first_invitation(built: "Runtime", address: str) -> list[str]:
    """A line with a link for the owner, as long as nobody has ever signed in to the workspace; then none.

    A database that cannot be written now keeps no server from starting: then the line says how to ask for the link.
    """
    from ticketflow.api import sign_in
    from ticketflow.store import browser_sessions

    workspace = built.workspace()
    with built.database.read() as session:
        if browser_sessions.any_yet(session, workspace.id):
            return []
    try:
        with built.database.write() as session:
            found = sign_in.first_token(session, workspace.id)
    except NotReady:
        return [f"For a sign-in link: `ticketflow person link {sign_in.FIRST_OWNER}`."]
    if found is None:
        return []
    owner, token = found
    made = sign_in.link(built.config.public_url or address, token)
    return [f"Sign in as {owner.email}, once, within 15 minutes: {made}"]


def _changed(home: "Home", email: str, *, role: "Role | None" = None, disabled: bool | None = None) -> "Person":
    from ticketflow.api import people
    from ticketflow.api.scopes import Scope

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.write() as session:
        person = people.named(session, workspace.id, email)
        return people.change(session, workspace.id, person.id, actor=_ACTOR, held=Scope, role=role, disabled=disabled)


def _everybody(built: "Runtime") -> "list[Person]":
    from ticketflow.store import people

    workspace = built.workspace()
    found: list[Person] = []
    before: tuple[int, str] | None = None
    with built.database.read() as session:
        while page := people.page(session, workspace.id, before=before, limit=PAGE):
            found += page
            before = (page[-1].created_at, page[-1].id)
    return found[::-1]


def _base_url(built: "Runtime") -> str:
    config = built.config
    host = f"[{config.host}]" if ":" in config.host else config.host
    return config.public_url or f"http://{host}:{config.port}"


def _tell(person: "Person", sentence: str, as_json: bool) -> None:
    if as_json:
        emit(_shown(person))
    else:
        console.print(sentence)


def _state(person: "Person") -> str:
    return "disabled" if person.disabled_at is not None else "active"


def _shown(person: "Person") -> dict[str, object]:
    from ticketflow.clock import to_iso

    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "state": _state(person),
        "created_at": to_iso(person.created_at),
        "disabled_at": None if person.disabled_at is None else to_iso(person.disabled_at),
    }

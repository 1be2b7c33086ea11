"""`ticketflow db`: the schema."""

import typer

from ticketflow.cli.context import AsJson, Home, config, emit

database_app = typer.Typer(no_args_is_help=True, help="Bring the database's schema up to date, or check it.")


@database_app.command(epilog="Example: `ticketflow db upgrade --home /var/lib/ticketflow`")
def upgrade(home: Home = None, as_json: AsJson = False) -> None:
    """Bring the schema to this version's revision. Safe to run again."""
    from ticketflow.clock import SystemClock
    from ticketflow.db import migrations
    from ticketflow.runtime import open_database

    database = open_database(config(home), SystemClock())
    before = migrations.current(database)
    migrations.upgrade(database)
    after = migrations.head()
    if as_json:
        emit({"before": before, "after": after})
    else:
        typer.echo(f"The database is at revision {after}" + (" already." if before == after else f" (was {before})."))


@database_app.command(epilog="Example: `ticketflow db check && ticketflow serve`")
def check(home: Home = None, as_json: AsJson = False) -> None:
    """Say whether the schema is at this version's revision (exit code 3 when it is not)."""
    from ticketflow.clock import SystemClock
    from ticketflow.db import migrations
    from ticketflow.runtime import open_database

    database = open_database(config(home), SystemClock())
    if as_json:
        emit({"revision": migrations.current(database), "needed": migrations.head()})
    migrations.check(database)
    if not as_json:
        typer.echo(f"The database is at revision {migrations.head()}, as this version needs.")

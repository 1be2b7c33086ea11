"""`ticketflow db`: the schema."""

import typer

from ticketflow.cli.context import AsJson, Home, config, emit, must_exist, say

database_app = typer.Typer(
    no_args_is_help=True,
    help="Bring the database's schema up to date, check it, or add what makes searches faster.",
    epilog="Example: `ticketflow db check || ticketflow db upgrade`",
)


@database_app.command()
def upgrade(home: Home = None, as_json: AsJson = False) -> None:
    """Bring the schema to this version's revision; a missing database is made. Safe to run again.

    Example: `ticketflow db upgrade --home /var/lib/ticketflow`
    """
    from ticketflow.db import migrations
    from ticketflow.runtime import open_database

    database = open_database(config(home))
    before = migrations.current(database)
    migrations.upgrade(database)
    after = migrations.head()
    if as_json:
        emit({"before": before, "after": after})
    else:
        was = " already" if before == after else f" (was {before})" if before else " (was empty)"
        say(f"The database is at revision {after}{was}.")


@database_app.command()
def check(home: Home = None, as_json: AsJson = False) -> None:
    """Say whether the schema is at this version's revision (exit code 3 when it is not). Changes nothing.

    Example: `ticketflow db check && ticketflow serve`
    """
    from ticketflow.db import migrations
    from ticketflow.runtime import open_database, revision

    chosen = config(home)
    if as_json:
        emit({"revision": revision(chosen), "needed": migrations.head()})
    must_exist(chosen)
    migrations.check(open_database(chosen))
    if not as_json:
        say(f"The database is at revision {migrations.head()}, as this version needs.")


@database_app.command()
def index(home: Home = None, as_json: AsJson = False) -> None:
    """Make the search indexes that this database can serve and does not have. Safe to run again.

    Search is complete without them; on TiDB with TiFlash they make it fast for millions of tickets. Processes that
    run already use them after a restart.

    Example: `ticketflow db index && ticketflow doctor`
    """
    from ticketflow.db import migrations
    from ticketflow.runtime import build

    chosen = config(home)
    must_exist(chosen)
    built = build(chosen)
    migrations.check(built.database)
    done = built.index()
    with built.database.read() as session:
        means = built.database.dialect.search_means(session.connection)
    if as_json:
        emit({"made": done, "search": means})
    else:
        for sentence in done or ["Nothing had to be made."]:
            say(sentence)
        say(f"Search: {'; '.join(means)}.")

"""Which database a URL names."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ticketflow.db.dialect import Dialect
from ticketflow.db.sqlite import SQLite
from ticketflow.errors import Misconfigured

SQLITE, TIDB = ("sqlite", "sqlite+pysqlite"), ("mysql", "mysql+pymysql", "tidb")
_REMEDY = (
    "Unset it to use SQLite inside the home folder, or write it as sqlite:////absolute/path.db or as "
    "mysql+pymysql://user:password@host:4000/database for TiDB."
)


def dialect_of(url: str) -> Dialect:
    """The ways of the database that `url` names. Raises Misconfigured for one of no use."""
    parsed = _parsed(url)
    if parsed.drivername in SQLITE:
        return SQLite()
    if parsed.drivername not in TIDB:
        raise Misconfigured(
            f"TICKETFLOW_DATABASE_URL names a {parsed.drivername!r} database; this version speaks sqlite and TiDB.",
            remedy=_REMEDY,
        )
    if not parsed.database:
        raise Misconfigured("TICKETFLOW_DATABASE_URL names a server, but no database on it.", remedy=_REMEDY)
    from ticketflow.db.tidb import TiDB

    return TiDB()


def file_of(url: str) -> Path | None:
    """Where an SQLite database lies, whether it is there or not; None for a server. Raises Misconfigured."""
    parsed = _parsed(url)
    if parsed.drivername not in SQLITE:
        return None
    if parsed.database in (None, "", ":memory:"):
        raise Misconfigured("TICKETFLOW_DATABASE_URL names no file; TicketFlow keeps one.", remedy=_REMEDY)
    return Path(str(parsed.database))


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise Misconfigured("TICKETFLOW_DATABASE_URL is not a database URL.", remedy=_REMEDY) from error

"""The database: tables, transactions, and the little that differs between SQLite and TiDB."""

from ticketflow.db.dialect import Dialect
from ticketflow.db.session import Database, Session

__all__ = ["Database", "Dialect", "Session"]

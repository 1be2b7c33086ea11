"""A connection to TiDB that waits long for what a statement finds and shortly for a sign of life.

The driver knows one time limit for every answer. A server that the network swallowed would be waited for as long by
whoever only asks whether it is there.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from pymysql.connections import Connection

ALIVE_SECONDS = 5


class TiDBConnection(Connection):
    """See pymysql."""

    def connect(self, sock: Any = None) -> None:
        """See pymysql, whose time limit ends when the other side takes the call, not when it answers."""
        with self.waiting(ALIVE_SECONDS):
            super().connect(sock)

    def ping(self, reconnect: bool = True) -> None:
        """See pymysql."""
        with self.waiting(ALIVE_SECONDS):
            super().ping(reconnect)

    @contextmanager
    def waiting(self, seconds: float) -> Generator[None]:
        """Wait so long for each answer while the block runs."""
        before: Any = self._read_timeout
        self._read_timeout: Any = seconds
        try:
            yield
        finally:
            self._read_timeout = before

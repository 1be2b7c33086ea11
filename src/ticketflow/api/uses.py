"""When keys were last used, and how long sessions last: noted in memory and written by a thread of its own.

A request never writes for this. A process that is killed loses the notes of a few seconds.
"""

import threading

import structlog

from ticketflow.clock import MINUTE
from ticketflow.db import Database
from ticketflow.errors import StorageUnavailable
from ticketflow.store import browser_sessions, keys

log = structlog.get_logger("ticketflow.api")

EVERY_SECONDS = 5.0
MOST_NOTED = 10_000


class Uses:
    """The notes of one process. `start` begins to write them, `stop` writes the last ones."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._noted: dict[str, int] = {}
        self._keys: dict[str, int] = {}
        self._sessions: dict[str, int] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def key(self, key_id: str, now: int) -> None:
        """A key was used at `now` (microseconds); its minute is what is kept."""
        minute = now - now % MINUTE
        if self._noted.get(key_id) == minute:  # nearly always, and then without a lock
            return
        with self._lock:
            if len(self._noted) >= MOST_NOTED:
                self._noted.clear()
            self._noted[key_id] = self._keys[key_id] = minute

    def session(self, session_id: str, until: int) -> None:
        """A session was used and lasts until this time (microseconds)."""
        with self._lock:
            self._sessions[session_id] = until

    def write(self) -> None:
        """Write what was noted; where the database cannot be used now, it is left out."""
        with self._lock:
            minutes, until = self._keys, self._sessions
            self._keys, self._sessions = {}, {}
        if not minutes and not until:
            return
        try:
            with self._database.write() as session:
                keys.used(session, dict(sorted(minutes.items())))  # in one order, so that no two processes deadlock
                browser_sessions.prolong(session, dict(sorted(until.items())))
        except StorageUnavailable as error:
            log.warning("uses_not_written", error=error.message)

    def start(self) -> None:
        """Write every EVERY_SECONDS from now on."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="uses", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(EVERY_SECONDS):
            self.write()
        self.write()

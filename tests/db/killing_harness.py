"""Migrations whose process is killed: at a statement that changes something, or at a commit."""

import os
import signal
import threading
import time
from multiprocessing.context import ForkServerProcess

from process_harness import CONTEXT, open_url
from sqlalchemy import event

from ticketflow.db import migrations

CHANGES = ("CREATE", "ALTER", "DROP", "RENAME", "INSERT", "UPDATE", "DELETE", "REPLACE")
WITHIN_SECONDS = 0.006
"""How long a statement may work before its process is killed: less than any change of a schema takes on TiDB."""


def killed(url: str, point: int, *, within: bool = False) -> bool:
    """Upgrade in a process that is killed at a point, counted from 1. False when it came to its end before.

    It is killed when the database has answered; `within` while it still works.
    """
    process = start(url, point, within=within)
    process.join(100)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def start(url: str, point: int, *, within: bool = False) -> ForkServerProcess:
    """The same, without waiting for it."""
    process = CONTEXT.Process(target=_upgrade, args=(url, point, within), daemon=True)
    process.start()
    return process


def _upgrade(url: str, point: int, within: bool) -> None:
    database = open_url(url)
    points = 0

    def reach() -> None:
        nonlocal points
        points += 1
        if points == point:
            if within:
                threading.Thread(target=_end_soon, daemon=True).start()
            else:
                _end()

    def statement(_connection: object, _cursor: object, sent: str, *_: object) -> None:
        if sent.lstrip().startswith(CHANGES):
            reach()

    event.listen(database.engine, "before_cursor_execute" if within else "after_cursor_execute", statement)
    event.listen(database.engine, "commit", lambda _connection: reach())
    migrations.upgrade(database)
    database.close()


def _end_soon() -> None:
    time.sleep(WITHIN_SECONDS)
    _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

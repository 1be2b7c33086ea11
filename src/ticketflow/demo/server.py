"""The demo's API server, in a thread beside the table, and a key to look around with."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from ticketflow.api import keys, server
from ticketflow.api.app import create_app
from ticketflow.api.scopes import Scope
from ticketflow.clock import DAY
from ticketflow.errors import NotReady
from ticketflow.runtime import Runtime

START_SECONDS = 20.0


@contextmanager
def started(runtime: Runtime, listener: socket.socket) -> Generator[str]:
    """A server on an open listener, running in a thread of its own; its address. Raises NotReady."""
    running = server.Server(create_app(runtime), listener)
    thread = threading.Thread(target=running.serve_until_stopped, name="api", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not running.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    if not running.started:
        raise NotReady("The API did not start.", remedy="The lines above say why.")
    try:
        yield server.address(listener)
    finally:
        running.should_exit = True
        thread.join(START_SECONDS)


def visitor_key(runtime: Runtime) -> str:
    """A key that may read everything for a day."""
    reading = [scope.value for scope in Scope if scope.value.endswith(":read")]
    workspace = runtime.workspace()
    with runtime.database.write() as session:
        _, text = keys.create(
            session,
            workspace.id,
            runtime.secret,
            "demo visitor",
            reading,
            actor="demo",
            expires_at=session.now + DAY,
        )
    return text

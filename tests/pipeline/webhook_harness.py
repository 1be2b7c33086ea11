"""A receiver of webhooks that is a real HTTP server, and a workspace whose endpoint it is."""

import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1] / "db"))  # the engine's harness is shared with the tests there

import process_harness
from workflow_harness import open_database

from ticketflow import events
from ticketflow.agent.deps import Deps
from ticketflow.clock import Clock
from ticketflow.integrations import delivering, endpoints
from ticketflow.integrations.delivering import Attempted, Sending
from ticketflow.integrations.dispatching import DELIVER, Dispatcher
from ticketflow.integrations.signing_secrets import SigningSecrets
from ticketflow.outbound import AllowList, Client
from ticketflow.store import webhook_deliveries, webhook_endpoints, workspaces
from ticketflow.store.keyring import Keyring
from ticketflow.store.secrets import Secrets
from ticketflow.store.webhook_deliveries import Delivery
from ticketflow.store.webhook_endpoints import Endpoint, NewEndpoint
from ticketflow.testing import FrozenClock
from ticketflow.workflow import queue
from ticketflow.workflow.runner import Runner

LEASE_SECONDS = 30
MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Received:
    """A request as it arrived, names of headers in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What the receiver answers."""

    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Receiver:
    """Listens on 127.0.0.1. `replies` are given in turn, then `reply`; `hang` keeps requests until it is cleared."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.replies: list[Reply] = []
        self.reply = Reply()
        self.go_on = threading.Event()
        self.go_on.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.received]

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(owner) -> type[BaseHTTPRequestHandler]:  # noqa: N805  the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                owner.received.append(Received(self.path, headers, body))
                owner.go_on.wait(20)
                reply = owner.replies.pop(0) if owner.replies else owner.reply
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler


class Scene:
    """A workspace in a new database, with one endpoint at the receiver. Nothing works until `work` is called."""

    def __init__(self, folder: Path, receiver: Receiver, clock: Clock | None = None) -> None:
        self.clock = clock or FrozenClock()
        self.receiver = receiver
        self.database = open_database(folder / "webhooks.db", self.clock)
        self.secrets = SigningSecrets(Secrets(Keyring((), folder / "encryption.key")))
        self.client = Client(AllowList.of([f"127.0.0.1:{receiver.port}"]))
        self.dispatch = Dispatcher(self.database)
        self.runner = self.new_runner()
        with self.database.write() as session:
            self.workspace = workspaces.ensure(session, "acme")
        self.endpoint, self.secret = self.add_endpoint()

    def new_runner(self, checkpoint: Callable[[str], None] = lambda _point: None) -> Runner[Deps]:
        sending = Sending(self.database, lambda: self.client, self.secrets, random.Random(7))
        return Runner(
            self.database,
            cast(Deps, None),
            [delivering.workflow(sending)],
            lease_seconds=LEASE_SECONDS,
            max_attempts=MAX_ATTEMPTS,
            rng=random.Random(7),
            checkpoint=checkpoint,
        )

    def add_endpoint(self, url: str | None = None, types: list[str] | None = None) -> tuple[Endpoint, str]:
        new = NewEndpoint(url=url or self.receiver.url, types=types or [])
        with self.database.write() as session:
            made, secret = endpoints.create(session, self.workspace.id, new, self.secrets, "test")
        with self.database.write() as session:  # that it was created is not what the tests are about
            found = webhook_endpoints.get(session, self.workspace.id, made.id)
            webhook_endpoints.advance(session, found, events.last_seq(session, self.workspace.id))
        return made, secret

    def tell(self, event_type: str = "ticket.resolved", ticket_id: str = "ticket-1", **data: Any) -> None:
        with self.database.write() as session:
            events.append(session, self.workspace.id, event_type, ticket_id, **data)

    def work(self) -> int:
        """Dispatch everything and execute what is due; how many runs that were."""
        while self.dispatch():
            pass
        done = 0
        while self.runner.run_one():
            done += 1
        return done

    def advance(self, seconds: float) -> None:
        cast(FrozenClock, self.clock).advance(seconds)

    def to_next(self) -> float:
        """Let the time pass until the next attempt is due; the seconds it took."""
        with self.database.read() as session:
            due_at = queue.next_due(session, {DELIVER: 1})
        assert due_at is not None, "no attempt is due any more"
        seconds = max(0.0, (due_at - self.clock.now()) / 1_000_000)
        self.advance(seconds)
        return seconds

    def deliveries(self, endpoint_id: str | None = None) -> list[Delivery]:
        """Oldest first."""
        with self.database.read() as session:
            found = webhook_deliveries.page(session, self.workspace.id, endpoint_id=endpoint_id, limit=10_000)
        return sorted(found, key=lambda one: one.id)

    def attempts(self, delivery: Delivery) -> list[Attempted]:
        """What is written down of each attempt, oldest first."""
        with self.database.read() as session:
            found = webhook_deliveries.runs(session, self.workspace.id, delivery)
        return [Attempted.model_validate(one.output) for one in found if one.output]

    def endpoint_now(self, endpoint_id: str | None = None) -> Endpoint:
        with self.database.read() as session:
            return webhook_endpoints.get(session, self.workspace.id, endpoint_id or self.endpoint.id)

    def log(self) -> list[str]:
        """The types of all events."""
        with self.database.read() as session:
            return [event.type for event in events.after(session, self.workspace.id, 0)]

    def close(self) -> None:
        self.database.close()


def dispatch_all(url: str) -> int:
    """In a process of its own."""
    database, looks = process_harness.open_url(url), 1
    dispatcher = Dispatcher(database)
    while dispatcher():
        looks += 1
    database.close()
    return looks


def dispatch_and_die(url: str) -> None:
    """In a process of its own: killed inside a transaction that has queued something."""

    def checkpoint(reached: str) -> None:
        if reached == "dispatch:in":
            os.kill(os.getpid(), signal.SIGKILL)

    dispatcher = Dispatcher(process_harness.open_url(url), checkpoint)
    while True:
        dispatcher()

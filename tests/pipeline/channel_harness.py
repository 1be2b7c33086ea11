"""A mail server on a real socket, and a workspace with channels to it and to a receiver over HTTP."""

import base64
import random
import socket
import ssl
import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from webhook_harness import Receiver
from workflow_harness import open_database

from ticketflow import events
from ticketflow.agent.deps import Deps
from ticketflow.integrations.channels import managing, notifying
from ticketflow.integrations.channels.managing import ChannelSecrets
from ticketflow.integrations.channels.notifying import Notifying
from ticketflow.integrations.channels.queueing import NOTIFY, ChannelFollower
from ticketflow.outbound import AllowList, Client
from ticketflow.outbound.lookups import LookUp, look_up
from ticketflow.store import channels, notices, notifications, tickets, workspaces
from ticketflow.store.channels import Channel, ChannelKind, NewChannel
from ticketflow.store.keyring import Keyring
from ticketflow.store.notifications import Notification
from ticketflow.store.secrets import Secrets
from ticketflow.store.tickets import NewTicket
from ticketflow.testing import FrozenClock
from ticketflow.workflow import queue
from ticketflow.workflow.runner import Runner

PEM = Path(__file__).parents[1] / "unit" / "outbound" / "hooks.example.pem"
TYPES = ["ticket.escalated", "automation.*", "run.failed", "channel.failing"]


class MailServer:
    """Takes mail on 127.0.0.1. `codes` replaces the answer to a command; `hang` answers nothing at all."""

    def __init__(self, *, starttls: bool = False) -> None:
        self.mail: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.logins: list[bytes] = []
        self.secured: list[bool] = []
        self.codes: dict[str, str] = {}
        self.hang = False
        self._starttls = starttls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.hang:
                while connection.recv(1000):
                    pass
                return
            connection.sendall(b"220 mail.example ESMTP\r\n")
            if self._talk(connection):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(PEM)
                connection = context.wrap_socket(connection, server_side=True)
                self._talk(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def _talk(self, connection: socket.socket) -> bool:
        """Whether TLS begins now."""
        lines, sender, recipients = connection.makefile("rb"), "", list[str]()
        while line := lines.readline():
            command, _, rest = line.decode().strip().partition(" ")
            verb = command.upper()
            reply = self.codes.get(verb, "250 fine")
            if verb == "EHLO" and "EHLO" not in self.codes:
                offers = "STARTTLS" if self._starttls and not isinstance(connection, ssl.SSLSocket) else "AUTH PLAIN"
                reply = f"250-mail.example\r\n250 {offers}"
            elif verb == "STARTTLS":
                connection.sendall(b"220 go on\r\n")
                return True
            elif verb == "AUTH":
                self.logins.append(base64.b64decode(rest.partition(" ")[2]))
                reply = self.codes.get(verb, "235 welcome")
            elif verb == "MAIL":
                sender, recipients = rest[6:].split(">")[0], []
            elif verb == "RCPT":
                recipients.append(rest[4:].split(">")[0])
            elif verb == "DATA" and "DATA" not in self.codes:
                connection.sendall(b"354 go on\r\n")
                self._take(connection, lines, sender, recipients)
                reply = self.codes.get("END", "250 taken")
            elif verb == "QUIT":
                reply = "221 bye"
            connection.sendall(reply.encode() + b"\r\n")
        return False

    def _take(self, connection: socket.socket, lines: Any, sender: str, recipients: list[str]) -> None:
        body = b""
        while (line := lines.readline()) not in (b".\r\n", b""):
            body += line
        self.mail.append(message_from_bytes(body, policy=policy.default))
        self.envelopes.append((sender, recipients))
        self.secured.append(isinstance(connection, ssl.SSLSocket))


class Scene:
    """A workspace in a new database. Nothing works until `work` is called."""

    def __init__(
        self, folder: Path, receiver: Receiver, mail: MailServer | None = None, names: LookUp = look_up
    ) -> None:
        self.clock = FrozenClock(1_772_442_900_000_000)  # Monday, 2 March 2026, 09:15 UTC
        self.receiver = receiver
        self.mail = mail
        self.database = open_database(folder / "channels.db", self.clock)
        self.secrets = ChannelSecrets(Secrets(Keyring((), folder / "encryption.key")))
        allowed = [
            f"127.0.0.1:{receiver.port}",
            *([f"127.0.0.1:{mail.port}", f"hooks.example:{mail.port}"] if mail else []),
        ]
        self.client = Client(AllowList.of(allowed), look_up=names, tls=ssl.create_default_context(cafile=str(PEM)))
        self.follow = ChannelFollower(self.database)
        self.runner = self.new_runner()
        with self.database.write() as session:
            self.workspace = workspaces.ensure(session, "acme")

    def new_runner(self, checkpoint: Callable[[str], None] = lambda _point: None) -> Runner[Deps]:
        api = f"http://127.0.0.1:{self.receiver.port}/api"
        means = Notifying(self.database, lambda: self.client, self.secrets, random.Random(7), api)
        workflow = notifying.workflow(means)
        return Runner(
            self.database,
            cast(Deps, None),
            [workflow],
            lease_seconds=30,
            max_attempts=5,
            rng=random.Random(7),
            checkpoint=checkpoint,
        )

    def add(self, kind: ChannelKind, to: dict[str, Any], **more: Any) -> Channel:
        """A channel of the usual types."""
        new = NewChannel.model_validate(
            {"kind": kind, "name": f"{kind} {more}"[:100], "to": to, "types": TYPES, **more}
        )
        with self.database.write() as session:
            made, self.shown = managing.create(session, self.workspace.id, new, self.client, self.secrets, "test")
        return made

    def slack(self, **more: Any) -> Channel:
        return self.add(ChannelKind.SLACK_WEBHOOK, {"url": f"{self.receiver.url}/T1/B1/secret"}, **more)

    def email(self, to: dict[str, Any] | None = None, **more: Any) -> Channel:
        assert self.mail is not None
        usual = {
            "host": "127.0.0.1",
            "port": self.mail.port,
            "security": "none",
            "sender": "desk@acme.example",
            "recipients": ["a@acme.example", "b@acme.example"],
        }
        return self.add(ChannelKind.EMAIL, {**usual, **(to or {})}, **more)

    def ticket(self, subject: str = "Where is <my> parcel?", team: str | None = None) -> str:
        """A ticket of a team that needs a human."""
        with self.database.write() as session:
            made = tickets.add(session, self.workspace.id, NewTicket(subject=subject, body="It is late"))
            if team is not None:
                tickets.change(session, self.workspace.id, made.id, team=team)
            events.append(session, self.workspace.id, "ticket.escalated", made.id)
        return made.id

    def tell(self, event_type: str, **data: Any) -> None:
        with self.database.write() as session:
            events.append(session, self.workspace.id, event_type, **data)

    def work(self) -> int:
        """Queue everything and execute what is due; how many runs that were."""
        done = 0
        while self.follow():
            pass
        while self.runner.run_one():
            done += 1
        return done

    def to_next(self) -> float:
        """Let the time pass until the next attempt is due; the seconds it took."""
        with self.database.read() as session:
            due_at = queue.next_due(session, {NOTIFY: 1})
        assert due_at is not None, "no attempt is due any more"
        seconds = max(0.0, (due_at - self.clock.now()) / 1_000_000)
        self.clock.advance(seconds)
        return seconds

    def log(self) -> list[Notification]:
        """Oldest first."""
        with self.database.read() as session:
            found = notifications.page(session, self.workspace.id, limit=1_000)
        return sorted(found, key=lambda one: one.id)

    def notices(self) -> list[str]:
        with self.database.read() as session:
            return [one.text for one in notices.page(session, self.workspace.id)]

    def change(self, channel: Channel, **changes: Any) -> Channel:
        with self.database.write() as session:
            return managing.change(session, self.workspace.id, channel.id, changes, self.client, self.secrets, "test")

    def stored(self, channel: Channel) -> Channel:
        with self.database.read() as session:
            return channels.get(session, self.workspace.id, channel.id)

    def close(self) -> None:
        self.database.close()

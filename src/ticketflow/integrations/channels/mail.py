"""E-mail by SMTP, over a connection that the guarded client opens: no host is reached that it would refuse.

A message says that a machine wrote it (RFC 3834), so that nobody's absence notice answers it and no mail loop begins;
its Message-ID is the same in every attempt, by which servers and readers know a repetition.
"""

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from ticketflow.clock import SECOND
from ticketflow.errors import NoAnswer
from ticketflow.integrations.channels.sending import ASKED_AT_MOST, Answered, Message
from ticketflow.integrations.channels.targets import Email
from ticketflow.outbound import Client

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
TOTAL_SECONDS = 20.0
LONGEST_SUBJECT = 150


def send(client: Client, target: Mapping[str, Any], secret: str, message: Message) -> Answered:
    """See Send. `secret` is the password, empty without a login."""
    to = Email.model_validate(dict(target))
    opened = client.connect_mail(to.host, to.port, CONNECT_SECONDS)
    with _cut_off(opened):
        try:
            return _handed_over(client, to, secret, message, opened)
        except smtplib.SMTPResponseException as error:
            return _refused(int(error.smtp_code), error.smtp_error)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return _refused(code, said)
        except smtplib.SMTPNotSupportedError:
            return Answered(error="The mail server offers no STARTTLS, or no login.", final=True)
        except ssl.SSLCertVerificationError as error:
            return Answered(error=f"The certificate of {to.host} is not accepted: {error.verify_message}.")
        except (smtplib.SMTPException, OSError) as error:
            raise NoAnswer(f"The mail server {to.host} gave no usable answer.", remedy="It is tried again.") from error


def written(to: Email, message: Message) -> EmailMessage:
    """The message as it is sent."""
    mail = EmailMessage()
    mail["From"] = to.sender
    mail["To"] = ", ".join(to.recipients)
    mail["Subject"] = " ".join(message.subject.split())[:LONGEST_SUBJECT]
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at // SECOND, UTC))
    mail["Message-ID"] = f"<{message.id}@{to.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(message.text)
    return mail


def _handed_over(client: Client, to: Email, secret: str, message: Message, opened: socket.socket) -> Answered:
    with contextlib.closing(opened):
        if to.security == "tls":
            opened = client.tls.wrap_socket(opened, server_hostname=to.host)
        server = _Server(opened, to.host, to.port)
        try:
            server.ehlo_or_helo_if_needed()
            if to.security == "starttls":
                server.starttls(context=client.tls)
            if to.username is not None:
                server.login(to.username, secret)
            refused = server.send_message(written(to, message), to.sender, to.recipients)
            with contextlib.suppress(smtplib.SMTPException, OSError):  # it has the message already
                server.quit()
        finally:
            server.close()
    if not refused:
        return Answered()
    code, said = next(iter(refused.values()))  # the others have it: another attempt would tell them twice
    return _refused(code, said).model_copy(update={"final": True})


def _refused(code: int, said: bytes | str) -> Answered:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    quoted = "".join(c if c.isprintable() else " " for c in text)[:ASKED_AT_MOST]
    return Answered(error=f"The mail server answered {code}: {quoted}", final=500 <= code < 600)


class _Server(smtplib.SMTP):
    """A session over a connection that is open already. It introduces itself by its address: a name may not resolve."""

    def __init__(self, opened: socket.socket, host: str, port: int) -> None:
        self._opened = opened
        address = opened.getsockname()[0]
        me = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        super().__init__(host, port, local_hostname=me, timeout=ANSWER_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._opened.settimeout(timeout)
        return self._opened


@contextlib.contextmanager
def _cut_off(opened: socket.socket) -> Generator[None]:
    """End the connection after TOTAL_SECONDS, however slowly the other side trickles."""
    with opened.dup() as handle:  # TLS takes the socket over; this one stays, and leads to the same connection

        def cut() -> None:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

        opened.settimeout(ANSWER_SECONDS)
        timer = threading.Timer(TOTAL_SECONDS, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

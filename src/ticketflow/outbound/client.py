"""The guarded client: a request to a URL that somebody else named, under limits on where, how long and how much.

Every request makes a connection of its own, whose address is checked as it is made (connecting.py). Nothing is kept
between two requests, no cookie either, and no proxy is read from the environment. Threads may share a client.
"""

import re
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ticketflow.errors import InvalidInput, NoAnswer
from ticketflow.outbound import lookups, urls
from ticketflow.outbound.allowlist import MAIL, AllowList
from ticketflow.outbound.answers import Answer, Limits
from ticketflow.outbound.lookups import LookUp
from ticketflow.outbound.urls import Destination

if TYPE_CHECKING:
    import socket
    import ssl

    from ticketflow.outbound.connecting import Connecting, Dial

REDIRECTS = frozenset({301, 302, 303, 307, 308})
FOLLOWED = frozenset({"GET", "HEAD"})
OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "te", "upgrade"})
"""Headers that the client writes itself."""

KEPT = frozenset({"accept", "accept-language", "user-agent"})
"""Headers that follow a redirect to another host, port or scheme; any other may hold a secret."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?|")


class Client:
    """Calls public addresses on https and port 443, and what the list allows."""

    def __init__(
        self,
        allowed: AllowList | None = None,
        *,
        look_up: LookUp = lookups.look_up,
        dial: "Dial | None" = None,
        tls: "ssl.SSLContext | None" = None,
    ) -> None:
        """`look_up`, `dial` and `tls` are for tests; otherwise the system is asked, and its authorities are trusted."""
        self._allowed = allowed or AllowList()
        self._look_up = look_up
        self._dial = dial
        self._given_tls = tls

    def check(self, url: str) -> str:
        """The URL in its one form, for storing it. Raises AddressRefused; nothing is looked up yet.

        A URL that passes has a form, a scheme and a port that are allowed; a name is judged at each connection.
        """
        destination = urls.parse(url)
        self._allowed.check(destination)
        return destination.url

    def check_mail(self, host: str, port: int) -> None:
        """Raises AddressRefused where no mail server may be called there. A name is judged at each connection."""
        self._allowed.check(_mail_server(host, port))

    def connect_mail(self, host: str, port: int, seconds: float) -> "socket.socket":
        """A connection to a mail server, made within so many seconds. What it then lasts is the caller's to limit.

        Raises AddressRefused, and NotSent where there is no connection.
        """
        destination = _mail_server(host, port)
        connecting = self._connecting(destination, Limits(connect_seconds=seconds), time.monotonic() + seconds)
        return connecting.connect_tcp(destination.host, port).get_extra_info("socket")

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        limits: Limits | None = None,
    ) -> Answer:
        """Ask, and read the answer as a whole.

        Raises AddressRefused where the URL, or a redirect, leads where it must not: nothing was connected there;
        NotSent where it is certain that nothing was accepted, as there was no connection; NoAnswer where something was
        sent and no usable answer came; TooLarge where the answer is too long and not to be cut. No error holds the
        URL's path, or a header.
        """
        limits = limits or Limits()
        deadline = time.monotonic() + limits.total_seconds
        destination, sent = urls.parse(url), _checked(headers or {})
        for left in range(limits.redirects, -1, -1):
            answer = self._once(method, destination, sent, content, limits, deadline)
            location = answer.headers.get("location") if answer.status in REDIRECTS else None
            if location is None or limits.redirects == 0 or method not in FOLLOWED:
                return answer
            if left:
                origin = (destination.scheme, destination.authority)
                destination = urls.follow(destination, location)
                if (destination.scheme, destination.authority) != origin:
                    sent = {name: value for name, value in sent.items() if name in KEPT}
        raise NoAnswer(f"{destination.host} redirects once too often.", remedy="Name the URL that it leads to.")

    def _once(
        self,
        method: str,
        destination: Destination,
        headers: Mapping[str, str],
        content: bytes,
        limits: Limits,
        deadline: float,
    ) -> Answer:
        from ticketflow.outbound.exchange import exchange

        connecting = self._connecting(destination, limits, deadline)
        return exchange(method, destination, headers, content, limits=limits, connecting=connecting, tls=self.tls)

    def _connecting(self, destination: Destination, limits: Limits, deadline: float) -> "Connecting":
        from ticketflow.outbound.connecting import Connecting, dial

        return Connecting(
            destination,
            self._allowed,
            self._look_up,
            self._dial or dial,
            connect_seconds=limits.connect_seconds,
            deadline=deadline,
        )

    @cached_property
    def tls(self) -> "ssl.SSLContext":
        """Whom the client trusts to vouch for a host."""
        import httpx2

        return self._given_tls or httpx2.create_ssl_context()


def _mail_server(host: str, port: int) -> Destination:
    return Destination(MAIL, urls.parse_host(host), port, "")


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            # Not said which one, nor left to the HTTP library, which would quote it: it may hold a key.
            raise InvalidInput("A header holds a character that HTTP does not take.", remedy="Use plain ASCII.")
        if name.lower() in OURS:
            raise InvalidInput(f"The header {name} cannot be set.", remedy="Leave it out: it follows from the request.")
        given[name.lower()] = value
    return given

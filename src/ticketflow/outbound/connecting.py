"""The one place where an outbound connection is opened: look up once, check every address, connect to a checked one.

It is the network backend of the HTTP library, which hands it the host of the request and never looks up anything by
itself. TLS then is spoken with the name, so that the certificate must be the name's.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore2

from ticketflow.errors import AddressRefused, NotSent
from ticketflow.outbound.addresses import Address
from ticketflow.outbound.allowlist import AllowList
from ticketflow.outbound.lookups import LookUp
from ticketflow.outbound.urls import Destination

Dial = Callable[[Address, int, float], socket.socket]
"""A connection to an address and port, made within so many seconds. Raises OSError."""

MOST_ADDRESSES = 4  # of one name that are tried in turn; all of them are checked


def dial(address: Address, port: int, seconds: float) -> socket.socket:
    """See Dial."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.connect((str(address), port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        opened.close()
        raise
    return opened


class Connecting(httpcore2.NetworkBackend):
    """Opens the connection of one request, to nowhere but where the list allows.

    connect_seconds  for look-up and connection together, and again for TLS
    deadline         for everything, by time.monotonic
    """

    def __init__(
        self,
        destination: Destination,
        allowed: AllowList,
        look_up: LookUp,
        dial: Dial,
        *,
        connect_seconds: float,
        deadline: float,
    ) -> None:
        self._destination = destination
        self._allowed = allowed
        self._look_up = look_up
        self._dial = dial
        self._connect_seconds = connect_seconds
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to a checked address. Raises AddressRefused, and NotSent where there is no connection."""
        if (host, port) != (self._destination.host, self._destination.port):
            raise AddressRefused(f"{host} is not where this request goes.", remedy="Report this: it is a defect.")
        until = min(time.monotonic() + self._connect_seconds, self._deadline)
        self._allowed.check(self._destination)
        addresses = self._addresses(until)
        for address in addresses:
            self._allowed.check_address(self._destination, address)
        return _Stream(self._connected(addresses[:MOST_ADDRESSES], until), host, self._deadline)

    def _addresses(self, until: float) -> Sequence[Address]:
        host = self._destination.host
        if self._destination.address is not None:
            return [self._destination.address]
        try:
            found = list(dict.fromkeys(self._look_up(host, until - time.monotonic())))
        except TimeoutError as error:
            raise NotSent(f"Looking up {host} took too long.", remedy="It is tried again.") from error
        except (OSError, UnicodeError) as error:
            found, cause = [], error
        else:
            cause = None
        if not found:
            raise NotSent(f"{host} has no address.", remedy="Check the name, and this machine's resolver.") from cause
        return found

    def _connected(self, addresses: Sequence[Address], until: float) -> socket.socket:
        cause: OSError | None = None
        for number, address in enumerate(addresses):
            seconds = (until - time.monotonic()) / (len(addresses) - number)
            if seconds <= 0:
                break
            try:
                return self._dial(address, self._destination.port, seconds)
            except OSError as error:
                cause = error
        why = "took too long" if cause is None or isinstance(cause, TimeoutError) else "is refused or leads nowhere"
        raise NotSent(
            f"A connection to {self._destination.authority} {why}.",
            remedy="Check that it is up, and that this machine may connect there.",
        ) from cause


class _Stream(httpcore2.NetworkStream):
    """A connection on which nothing lasts beyond the deadline, however slowly the other side trickles."""

    def __init__(self, opened: socket.socket, host: str, deadline: float) -> None:
        self._socket = opened
        self._host = host
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._limit(timeout)
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        try:
            while left:
                self._limit(timeout)
                left = left[self._socket.send(left) :]
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Raises NotSent where the other side cannot prove that it is the host."""
        try:
            self._limit(timeout)
            secured = ssl_context.wrap_socket(self._socket, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise NotSent(
                f"The certificate of {self._host} is not accepted: {error.verify_message}.",
                remedy="Have it renewed, or name your own authority's file in SSL_CERT_FILE.",
            ) from error
        except OSError as error:
            self.close()
            raise NotSent(f"{self._host} speaks no TLS, or too slowly.", remedy="Check the URL's port.") from error
        return _Stream(secured, self._host, self._deadline)

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "socket" else None

    def _limit(self, timeout: float | None) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left if timeout is None else min(left, timeout))

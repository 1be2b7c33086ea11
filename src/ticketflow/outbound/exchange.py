"""One request and its answer on a connection of their own."""

import ssl
from collections.abc import Iterable, Mapping
from typing import cast

import httpcore2
import httpx2

from ticketflow import __version__, origin
from ticketflow.errors import NoAnswer, TooLarge
from ticketflow.outbound.answers import Answer, Limits
from ticketflow.outbound.connecting import Connecting
from ticketflow.outbound.reading import ASKED_FOR, Body, read
from ticketflow.outbound.urls import Destination

AGENT = f"TicketFlow/{__version__}"


def exchange(
    method: str,
    destination: Destination,
    headers: Mapping[str, str],
    content: bytes,
    *,
    limits: Limits,
    connecting: Connecting,
    tls: ssl.SSLContext,
) -> Answer:
    """Send one request and read its answer; see Client.request for the errors. Redirects are answers here."""
    request = _request(method, destination, headers, content, limits)
    try:
        with httpcore2.HTTPConnection(request.url.origin, tls, network_backend=connecting) as connection:
            answer = connection.handle_request(request)
            told = httpx2.Headers(answer.headers)
            body = _body(destination.host, told, answer, limits)
    except httpcore2.TimeoutException as error:
        raise NoAnswer(f"{destination.host} took too long to answer.", remedy="Try again later.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise NoAnswer(f"{destination.host} broke off, or answered no HTTP.", remedy="Try again later.") from error
    return Answer(answer.status, dict(told), body.content, destination.url, body.cut)


def _request(
    method: str, destination: Destination, headers: Mapping[str, str], content: bytes, limits: Limits
) -> httpcore2.Request:
    sent = {
        "host": destination.authority,
        "user-agent": AGENT,
        "accept": "*/*",
        **origin.outgoing(),
        **headers,
        "accept-encoding": ASKED_FOR,
        "connection": "close",
    }
    if content or method not in ("GET", "HEAD"):
        sent["content-length"] = str(len(content))
    timeouts = {
        "connect": limits.connect_seconds,
        "read": limits.read_seconds,
        "write": limits.read_seconds,
    }
    return httpcore2.Request(
        method,
        httpcore2.URL(
            scheme=destination.scheme, host=destination.host, port=destination.port, target=destination.target
        ),
        headers=list(sent.items()),
        content=content,
        extensions={"timeout": timeouts},
    )


def _body(host: str, headers: httpx2.Headers, answer: httpcore2.Response, limits: Limits) -> Body:
    body = read(host, headers, cast(Iterable[bytes], answer.stream), limits.most_bytes)
    if body.cut and not limits.cut and not 300 <= answer.status < 400:  # nobody reads what a redirect says
        raise TooLarge(f"{host} answered with more than {limits.most_bytes:,} bytes.", remedy="Name something smaller.")
    return body

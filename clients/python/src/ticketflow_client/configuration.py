"""What a client is told when it is made: where the server is, the key, how long to wait and how often to try."""

import os
from dataclasses import dataclass, field

import httpx2

from ticketflow_client.errors import Misconfigured

URL_VARIABLE = "TICKETFLOW_URL"
KEY_VARIABLE = "TICKETFLOW_API_KEY"


@dataclass(frozen=True)
class Retries:
    """How often a call is tried again, and how long it waits before.

    count       further tries after the first one; 0 turns them off
    first       seconds before the first of them, doubled for each that follows
    most        the longest of these waits; each is shortened by chance by up to a half
    patience    the longest `Retry-After` that is waited for; a call that is asked to wait longer fails at once
    """

    count: int = 3
    first: float = 0.5
    most: float = 8.0
    patience: float = 60.0


@dataclass(frozen=True)
class Configuration:
    """A client's configuration. The key is not in its repr.

    timeout  seconds that each try may wait for a connection, and for each part of the response
    """

    url: str
    key: str = field(repr=False)
    timeout: float = 30.0
    retries: Retries = Retries()


def configured(url: str | None, key: str | None, timeout: float, retries: Retries) -> Configuration:
    """The configuration from arguments and, where they are None, the environment. Raises Misconfigured."""
    return Configuration(_url(url), _key(key), timeout, retries)


def _url(given: str | None) -> str:
    text = (given if given is not None else os.environ.get(URL_VARIABLE, "")).strip()
    if not text:
        raise Misconfigured(f"No server is named. Pass url=..., or set {URL_VARIABLE}.")
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise Misconfigured("The server's URL cannot be read. It looks like https://support.example.org.") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Misconfigured("The server's URL must begin with https:// or http:// and name a host.")
    if url.userinfo or url.query or url.fragment:
        raise Misconfigured("The server's URL must not hold a user, a password, a query or a fragment.")
    return text.rstrip("/")


def _key(given: str | None) -> str:
    key = (given if given is not None else os.environ.get(KEY_VARIABLE, "")).strip()
    if not key:
        raise Misconfigured(f"There is no API key. Pass key=..., or set {KEY_VARIABLE}.")
    if not (key.isascii() and key.isprintable() and " " not in key):
        # Found here: the HTTP library's own error would show the header with the key in it.
        raise Misconfigured("The API key holds characters that no key has. Was more than the key copied?")
    return key

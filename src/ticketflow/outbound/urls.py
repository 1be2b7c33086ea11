"""A URL that somebody else wrote, read once and strictly: what is read here is what is connected to.

Whatever two parsers might read differently is refused instead of guessed at: user names, backslashes, white space,
numbers that some take for addresses, names outside ASCII that are no valid IDNA. Pure; names are not looked up.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urljoin

from ticketflow.errors import AddressRefused
from ticketflow.outbound.addresses import Address

MAX_CHARACTERS = 8_192
DEFAULT_PORTS = {"http": 80, "https": 443}

_FORM = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)(?:#.*)?")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::(?P<port>[1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNFIT = re.compile(r'[\x00-\x20\x7f\\"<>^`{|}]')
_TARGET = re.compile(r"(?:[!$&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]|%[0-9A-Fa-f]{2})*")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_NO_CHARACTER = "it holds a space, a backslash or another character that no URL has"
_REMEDY = "Write it as https://host/path, without a user name and with nothing but plain characters."


@dataclass(frozen=True)
class Destination:
    """Where a request goes.

    host    a name in small letters and ASCII, or an IP address as it is usually written, IPv6 without brackets
    target  path and query, as they are sent; without the fragment
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def address(self) -> Address | None:
        """The host where it is an IP address; None where it is a name."""
        return literal(self.host)

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in its one form."""
        return f"{self.scheme}://{self.authority}{self.target}"


def parse(url: str) -> Destination:
    """Where a URL leads. Raises AddressRefused, without the URL in it: that may hold a secret."""
    if len(url) > MAX_CHARACTERS:
        raise _refused(f"it is longer than {MAX_CHARACTERS} characters")
    if _UNFIT.search(url):
        raise _refused(_NO_CHARACTER)
    found = _FORM.fullmatch(url)
    scheme = found["scheme"].lower() if found else ""
    if found is None or scheme not in DEFAULT_PORTS:
        raise _refused("it does not begin with https://")
    if "@" in found["authority"]:
        raise _refused("it holds a user name")
    if not _TARGET.fullmatch(found["target"]):
        raise _refused("its path holds a character that must be written with %")
    authority = _AUTHORITY.fullmatch(found["authority"])
    if authority is None or int(authority["port"] or 1) > 65_535:
        raise _refused("its host or its port is none")
    host = parse_host(authority["host"])
    target = found["target"] if found["target"].startswith("/") else f"/{found['target']}"
    return Destination(scheme, host, int(authority["port"] or DEFAULT_PORTS[scheme]), target)


def follow(base: Destination, location: str) -> Destination:
    """Where a redirect from `base` leads. Raises AddressRefused."""
    if _UNFIT.search(location):
        raise _refused(_NO_CHARACTER)
    if _SCHEME.match(location):  # urljoin would take https:///path and https:path for a path on the same host
        return parse(location)
    if location.startswith("//"):
        return parse(f"{base.scheme}:{location}")
    return parse(urljoin(base.url, location))


def parse_host(given: str) -> str:
    """A host as Destination has it; IPv6 comes in brackets. Raises AddressRefused."""
    if given.startswith("["):
        address = literal(given[1:-1])
        if not given.endswith("]") or address is None or address.version != 6:
            raise _refused("its host is no IPv6 address")
        return str(address)
    host = _in_ascii(given).lower()
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refused("its host is no name that a machine can have")
    # Some take 127.1, 0177.0.0.1 and 0x7f000001 for addresses; we take the usual form alone.
    if _NUMBER.fullmatch(labels[-1]) and literal(host) is None:
        raise _refused("its host is a number that some would take for an address")
    return host


def literal(host: str) -> Address | None:
    """The IP address that a host is, None where it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _in_ascii(host: str) -> str:
    if host.isascii():
        return host
    import idna

    small = "".join(letter.lower() if letter.isascii() else letter for letter in host)
    try:  # without the mapping of look-alikes: digits in other shapes and other full stops are refused
        return idna.encode(small, strict=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise _refused("its host holds characters that no name has") from None


def _refused(why: str) -> AddressRefused:
    return AddressRefused(f"This URL is refused: {why}.", remedy=_REMEDY, field="url")

"""Ways in which somebody writes a URL that leads into our own network, and the names that resolve there.

In a URL, {s} stands for the scheme and {p} for a colon with the port, or nothing where it is the scheme's own.
"""

import ipaddress
from collections.abc import Sequence

from ticketflow.errors import AddressRefused, TicketFlowError
from ticketflow.outbound import AllowList, Answer, Client
from ticketflow.outbound.addresses import Address
from ticketflow.outbound.lookups import LookUp

PUBLIC = "93.184.215.14"

NAMES: dict[str, list[str]] = {
    "good.example": [PUBLIC],
    "hooks.example": [PUBLIC],
    "localhost": ["127.0.0.1", "::1"],
    "127.0.0.1.wildcard.example": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "kubernetes.default.svc": ["10.96.0.1"],
    "both.example": [PUBLIC, "10.0.0.1"],
    "both-reversed.example": ["10.0.0.1", PUBLIC],
    "six.example": ["::1"],
    "zero.example": ["0.0.0.0"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "scoped.example": ["fe80::1%1"],
    "xn--bcher-kva.example": ["192.168.0.5"],
}
"""What the names resolve to."""

BY_ADDRESS = (
    # loopback, private, shared
    *("127.0.0.1", "127.0.0.53", "127.255.255.254", "localhost", "LOCALHOST", "LocalHost"),
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254"),
    *("100.64.0.1", "100.127.255.254"),
    # clouds' metadata, link-local
    *("169.254.169.254", "169.254.170.2", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    # nobody's
    *("0.0.0.0", "0.1.2.3", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    # IPv6
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]", "[fc00::1]", "[fdff::1]", "[fe80::1]", "[fec0::1]"),
    *("[ff02::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[4000::1]", "[fd00:ec2::254]", "[fd20:ce::254]"),
    # IPv4 inside IPv6
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:169.254.169.254]", "[0:0:0:0:0:ffff:10.0.0.1]"),
    *("[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]"),
    *("[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]"),
    # names that lead there
    *("127.0.0.1.wildcard.example", "metadata.google.internal", "METADATA.google.internal", "instance-data"),
    *("kubernetes.default.svc", "both.example", "both-reversed.example", "six.example", "zero.example"),
    *("mapped.example", "nat64.example", "scoped.example", "bücher.example"),
)
"""Hosts that are well written: their address alone tells against them."""

BY_FORM = (
    # numbers that some take for 127.0.0.1, and others for names
    *("0", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001", "0X7F000001", "0x7f.1", "0x7f.0.0.0x1"),
    *("0177.0.0.1", "127.0.0.01", "0000127.0.0.1", "256.256.256.256", "1.2.3.4.127", "127.0.0.0x1", "0x"),
    # full stops at the end or twice
    *("127.0.0.1.", "127.0.0.1..", "127..0.0.1", "localhost.", ".localhost", "metadata.google.internal."),
    # letters, digits and full stops in other shapes, and some that are not seen
    *("１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "ⓛocalhost", "ｌocalhost", "localhost。", "lo\u00adcalhost"),
    *("local\u200bhost", "127.0.0.1\u2028", "\u0661\u0662\u0667.0.0.1", "loca\u212ahost"),
    # written with %
    *("127%2e0%2e0%2e1", "%31%32%37.0.0.1", "loc%61lhost", "127.0.0.1%00", "127.0.0.1%20", "localhost%0a"),
    # brackets
    *("[::1", "::1", "[127.0.0.1]", "[localhost]", "[::1%25lo]", "[fe80::1%lo]", "[::1]x", "[[::1]]", "[v1.x]"),
    # nothing, white space, what no name has
    *("", " 127.0.0.1", "127.0.0.1 ", "127.0.0.1\t", "local\nhost", "127.0.0.1\x00", "-localhost", "local!host"),
)
"""Hosts that are no hosts: two parsers might read them differently."""

WHOLE_BY_ADDRESS = (
    "{s}://127.0.0.1{p}#@good.example/",
    "{s}://127.0.0.1{p}?@good.example/",
    "{s}://127.0.0.1{p}/#good.example",
    "{s}://127.0.0.1{p}/../..//good.example",
)
"""Whole URLs that are well written, and look as if they led elsewhere."""

WHOLE_BY_FORM = (
    "{s}://good.example@127.0.0.1{p}/",
    "{s}://good.example:443@127.0.0.1{p}/",
    "{s}://good.example:x@127.0.0.1@127.0.0.1{p}/",
    "{s}://@127.0.0.1{p}/",
    "{s}://good.example%40127.0.0.1{p}/",
    "{s}://127.0.0.1{p}\\@good.example/",
    "{s}://good.example\\@127.0.0.1{p}/",
    "{s}:\\\\127.0.0.1{p}\\",
    "{s}:/\\127.0.0.1{p}/",
    "{s}:/127.0.0.1{p}/",
    "{s}:127.0.0.1{p}/",
    "{s}:///127.0.0.1{p}/",
    "//127.0.0.1{p}/",
    "127.0.0.1{p}/",
    " {s}://127.0.0.1{p}/",
    "\t{s}://127.0.0.1{p}/",
    "{s}://127.0.0.1{p}/ HTTP/1.1\r\nHost: good.example",
    "{s}://127.0.0.1:/",
    "{s}://127.0.0.1:0{p}/",
    "{s}://127.0.0.1:99999/",
    "{s}://127.0.0.1:443:80/",
    "{s}://[::1]good.example{p}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1{p}/",
    "ftp://127.0.0.1{p}/",
    "dict://127.0.0.1{p}/",
    "ws://127.0.0.1{p}/",
    "javascript:alert(1)",
    "",
)
"""Whole URLs that are none."""


def _hosted(hosts: Sequence[str]) -> list[str]:
    return [f"{{s}}://{host}{{p}}/hook" for host in hosts]


def by_address() -> list[str]:
    """The forms that are refused for their address."""
    return [*_hosted(BY_ADDRESS), *WHOLE_BY_ADDRESS]


def by_form() -> list[str]:
    """The forms that are refused for how they are written, whatever they lead to."""
    return [*_hosted(BY_FORM), *WHOLE_BY_FORM]


def all_forms() -> list[str]:
    """Every form there is."""
    return by_address() + by_form()


def secure(form: str) -> str:
    """The form with https, on its port."""
    return form.replace("{s}", "https").replace("{p}", "")


def plain(form: str, port: int) -> str:
    """The form with http, on another port."""
    return form.replace("{s}", "http").replace("{p}", f":{port}")


def look_up(host: str, _seconds: float) -> list[Address]:
    """What NAMES says."""
    if host not in NAMES:
        raise OSError(f"no such name: {host}")
    return [ipaddress.ip_address(address) for address in NAMES[host]]


def client(*allowed: str, dial: object = None, tls: object = None, look_up: LookUp = look_up) -> Client:
    """A client with these entries in its allow-list, to which NAMES is the world."""
    return Client(AllowList.of(allowed), look_up=look_up, dial=dial, tls=tls)  # pyright: ignore[reportArgumentType]


def outcome(asked: Client, url: str) -> Answer | TicketFlowError:
    """What a request comes to."""
    try:
        return asked.request("GET", url)
    except TicketFlowError as error:
        return error


def refused(asked: Client, url: str) -> bool:
    """Whether a request was refused for where it goes, and for nothing else."""
    return isinstance(outcome(asked, url), AddressRefused)

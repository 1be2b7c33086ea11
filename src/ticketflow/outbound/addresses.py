"""Which IP addresses may be connected to when somebody else chose them: public unicast ones. Pure.

The ranges are those of IANA's special-purpose registries, and the addresses at which clouds answer their own machines.
The standard library's own opinion counts besides, so that a range it learns of is refused here too.
"""

import ipaddress
from typing import NamedTuple

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Refusal(NamedTuple):
    """Why an address is refused, such as `a private address`.

    internal  whether a machine of the operator's own may well have it, so that allowing the machine's name is enough;
              any other address must be allowed itself
    """

    what: str
    internal: bool = False


_METADATA = Refusal("an address where a cloud tells machines their secrets")
_PRIVATE = Refusal("a private address", internal=True)
_LOOPBACK = Refusal("a loopback address", internal=True)
_SHARED = Refusal("a shared address behind a carrier's network", internal=True)
_LINK = Refusal("a link-local address")
_MULTICAST = Refusal("a multicast address")
_RESERVED = Refusal("a reserved address")
_UNSPECIFIED = Refusal("an unspecified address")
_DOCUMENTATION = Refusal("an address for documentation only")
_BENCHMARKING = Refusal("an address for benchmarks only")
_PROTOCOLS = Refusal("an address of a protocol, not of a machine")
_EMBEDDING = Refusal("an IPv6 address that stands for an IPv4 address")
_SCOPED = Refusal("an address with a scope")

_RANGES: tuple[tuple[Network, Refusal], ...] = tuple(
    (ipaddress.ip_network(network), refusal)
    for network, refusal in (
        # The narrow ones first: the first that holds an address tells why.
        ("169.254.169.254/32", _METADATA),
        ("100.100.100.200/32", _METADATA),  # Alibaba Cloud, inside the shared range
        ("168.63.129.16/32", _METADATA),  # Azure, inside a public range
        ("192.0.0.192/32", _METADATA),  # Oracle Cloud
        ("fd00:ec2::/32", _METADATA),  # AWS, inside the private range
        ("fd20:ce::254/128", _METADATA),  # Google Cloud, likewise
        ("0.0.0.0/8", _UNSPECIFIED),
        ("10.0.0.0/8", _PRIVATE),
        ("100.64.0.0/10", _SHARED),
        ("127.0.0.0/8", _LOOPBACK),
        ("169.254.0.0/16", _LINK),
        ("172.16.0.0/12", _PRIVATE),
        ("192.0.0.0/24", _PROTOCOLS),
        ("192.0.2.0/24", _DOCUMENTATION),
        ("192.88.99.0/24", _RESERVED),  # relays of 6to4, withdrawn
        ("192.168.0.0/16", _PRIVATE),
        ("198.18.0.0/15", _BENCHMARKING),
        ("198.51.100.0/24", _DOCUMENTATION),
        ("203.0.113.0/24", _DOCUMENTATION),
        ("224.0.0.0/4", _MULTICAST),
        ("240.0.0.0/4", _RESERVED),  # the broadcast address included
        ("::/128", _UNSPECIFIED),
        ("::1/128", _LOOPBACK),
        ("::/96", _EMBEDDING),  # IPv4-compatible
        ("::ffff:0:0/96", _EMBEDDING),  # IPv4-mapped
        ("::ffff:0:0:0/96", _EMBEDDING),  # IPv4-translated
        ("64:ff9b:1::/48", _EMBEDDING),  # NAT64 inside one network
        ("2001::/32", _EMBEDDING),  # Teredo
        ("2001:2::/48", _BENCHMARKING),
        ("2001::/23", _PROTOCOLS),
        ("2001:db8::/32", _DOCUMENTATION),
        ("2002::/16", _EMBEDDING),  # 6to4
        ("3fff::/20", _DOCUMENTATION),
        ("fc00::/7", _PRIVATE),
        ("fe80::/10", _LINK),
        ("fec0::/10", _PRIVATE),  # site-local, the predecessor
        ("ff00::/8", _MULTICAST),
    )
)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # of IPv6 nothing else has been given out


def refusal(address: Address) -> Refusal | None:
    """Why nobody else may choose this address; None where it is a public unicast one.

    An IPv6 address that stands for an IPv4 one is refused whatever it stands for, since nothing public needs one.
    Except NAT64's: where a network speaks IPv6 alone, names resolve to those, and the IPv4 address inside decides.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return _SCOPED
        if address in _NAT64:
            return refusal(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    for network, found in _RANGES:
        if address in network:
            return found
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return _RESERVED
    return None if address.is_global and not address.is_multicast else _RESERVED

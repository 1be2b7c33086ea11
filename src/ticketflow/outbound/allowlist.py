"""What the operator allows beyond public addresses on https and port 443: `TICKETFLOW_OUTBOUND_ALLOW`. Pure."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from ticketflow.errors import AddressRefused, Misconfigured
from ticketflow.outbound.addresses import Address, Network, refusal
from ticketflow.outbound.urls import Destination, literal, parse_host

VARIABLE = "TICKETFLOW_OUTBOUND_ALLOW"
SECURE = ("https", 443)
MAIL = "smtp"
"""The scheme of a mail server, which no URL has: its port may be any of MAIL_PORTS."""
MAIL_PORTS = frozenset({25, 465, 587, 2525})

_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]+):(?P<port>[1-9][0-9]{0,4})")
_ANY = "*"
_REMEDY = "Write a host, host:port, *:port, an IP address or a range such as 10.1.0.0/16."


@dataclass(frozen=True)
class AllowList:
    """What is allowed; empty by default.

    hosts      names that may have any internal address
    endpoints  hosts with a port that may be reached there, over http too; "*" stands for every host, and opens the port
               alone
    networks   addresses that may be connected to, whatever name leads there
    """

    hosts: frozenset[str] = frozenset()
    endpoints: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """The list that the entries make. Raises Misconfigured, which names the first that is none."""
        hosts: set[str] = set()
        endpoints: set[tuple[str, int]] = set()
        networks: list[Network] = []
        for entry in entries:
            network = _network(entry)
            found = _ENTRY.fullmatch(entry)
            if network is not None:
                networks.append(network)
            elif found is not None:
                endpoints.add(_endpoint(entry, found["host"], int(found["port"])))
            else:
                hosts.add(_host(entry, entry))
        return cls(frozenset(hosts), frozenset(endpoints), tuple(networks))

    def check(self, destination: Destination) -> None:
        """Raises AddressRefused where its scheme or port, or the address that its host is, are not allowed."""
        host, port = destination.host, destination.port
        opened = (host, port) in self.endpoints or (_ANY, port) in self.endpoints
        mail = destination.scheme == MAIL and port in MAIL_PORTS
        if (destination.scheme, port) != SECURE and not mail and not opened:
            usual = "a mail server's port, such as 587" if destination.scheme == MAIL else "https and port 443"
            raise AddressRefused(
                f"{host} may not be called over {destination.scheme} on port {port}.",
                remedy=f"Use {usual}, or have the operator add {_written(host)}:{port} to {VARIABLE}.",
                field="url",
            )
        if destination.address is not None:
            self.check_address(destination, destination.address)

    def check_address(self, destination: Destination, address: Address) -> None:
        """Raises AddressRefused where its host may not have this address.

        The error tells the kind of address and not the address: whoever named the host is not to learn our network.
        """
        host = destination.host
        found = refusal(address)
        if found is None or any(address in network for network in self.networks):
            return
        named = host in self.hosts or (host, destination.port) in self.endpoints
        if named and (found.internal or literal(host) is not None):
            return
        by_name = literal(host) is None
        added = "its address" if by_name and not found.internal else _written(host)
        raise AddressRefused(
            f"{host} may not be called: it {'has' if by_name else 'is'} {found.what}.",
            remedy=f"Name a host with a public address, or have the operator add {added} to {VARIABLE}.",
            field="url",
        )


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry[1:-1] if entry.startswith("[") and entry.endswith("]") else entry)
    except ValueError:
        return None


def _endpoint(entry: str, host: str, port: int) -> tuple[str, int]:
    if port > 65_535:
        raise _no_entry(entry)
    return (_ANY if host == _ANY else _host(entry, host)), port


def _host(entry: str, host: str) -> str:
    try:
        return parse_host(host)
    except AddressRefused:
        raise _no_entry(entry) from None


def _no_entry(entry: str) -> Misconfigured:
    return Misconfigured(f"{VARIABLE}: {entry!r} is neither a host nor a range of addresses.", remedy=_REMEDY)


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host

"""Addresses against the registries of special ones, typed here a second time and compared as plain numbers."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.outbound.addresses import refusal

SPECIAL_4 = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
)
SPECIAL_6 = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
"""Of 2000::/3; of everything else NAT64's prefix alone may be public."""


def bounds(network: str) -> tuple[int, int]:
    """First and last address, as numbers; by shifting, not by the library's own test."""
    start, length = network.split("/")
    size = 1 << ((32 if "." in start else 128) - int(length))
    first = int(ipaddress.ip_address(start))
    return first, first + size - 1


BOUNDS_4, BOUNDS_6 = [*map(bounds, SPECIAL_4)], [*map(bounds, SPECIAL_6)]


def special_4(number: int) -> bool:
    return any(first <= number <= last for first, last in BOUNDS_4)


def special_6(number: int) -> bool:
    if number >> 32 == int(ipaddress.IPv6Address("64:ff9b::")) >> 32:
        return special_4(number & 0xFFFF_FFFF)
    return number >> 125 != 0b001 or any(first <= number <= last for first, last in BOUNDS_6)


def beside(edges: list[tuple[int, int]], bits: int) -> list[int]:
    """The numbers at both sides of every edge."""
    numbers = {number for edge in edges for side in edge for number in (side - 1, side, side + 1)}
    return sorted(number for number in numbers if 0 <= number < 1 << bits)


def near(edges: list[tuple[int, int]], bits: int) -> st.SearchStrategy[int]:
    """Numbers beside the edges, between them, and anywhere."""
    inside = st.sampled_from(edges).flatmap(lambda edge: st.integers(*edge))
    return st.one_of(st.sampled_from(beside(edges, bits)), inside, st.integers(0, (1 << bits) - 1))


FOUR = near(BOUNDS_4, 32)
SIX = st.one_of(near(BOUNDS_6, 128), st.integers(1 << 125, (1 << 126) - 1))


def test_the_ranges_begin_and_end_where_the_registries_say() -> None:
    for number in beside(BOUNDS_4, 32):
        assert (refusal(ipaddress.IPv4Address(number)) is not None) == special_4(number), number
    for number in beside([*BOUNDS_6, (1 << 125, (1 << 126) - 1)], 128):
        assert (refusal(ipaddress.IPv6Address(number)) is not None) == special_6(number), number


@given(FOUR)
def test_an_ipv4_address_is_refused_exactly_where_it_is_special(number: int) -> None:
    assert (refusal(ipaddress.IPv4Address(number)) is not None) == special_4(number)


@given(SIX)
def test_an_ipv6_address_is_refused_exactly_where_it_is_special(number: int) -> None:
    assert (refusal(ipaddress.IPv6Address(number)) is not None) == special_6(number)


@given(FOUR)
def test_an_ipv4_address_inside_ipv6_is_refused_unless_nat64_leads_to_a_public_one(number: int) -> None:
    dressed = {
        "mapped": 0xFFFF << 32 | number,
        "compatible": number,
        "translated": 0xFFFF << 48 | number,
        "6to4": 0x2002 << 112 | number << 80,
        "teredo": 0x2001_0000 << 96 | number << 64 | (number ^ 0xFFFF_FFFF),
        "local nat64": 0x64_FF9B_0001 << 80 | number,
    }
    for name, there in dressed.items():
        assert refusal(ipaddress.IPv6Address(there)) is not None, name
    found = refusal(ipaddress.IPv6Address(0x64_FF9B << 96 | number))
    assert found == refusal(ipaddress.IPv4Address(number))


@given(near(BOUNDS_4, 32), st.sampled_from(["1", "eth0", "lo"]))
def test_an_address_with_a_scope_is_refused(number: int, scope: str) -> None:
    public = ipaddress.IPv6Address(0x2600 << 112 | number)
    assert refusal(public) is None
    assert refusal(ipaddress.IPv6Address(f"{public}%{scope}")) is not None


@given(st.one_of(FOUR.map(ipaddress.IPv4Address), SIX.map(ipaddress.IPv6Address)))
def test_what_the_standard_library_takes_for_special_is_refused(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert refusal(address) is not None
    if address.is_unspecified or (address.version == 4 and address.is_reserved):
        assert refusal(address) is not None


PUBLIC = "1.1.1.1 8.8.8.8 93.184.215.14 168.63.129.17 172.32.0.1 100.128.0.1 2606:4700::1111 2a00:1450::1"


@pytest.mark.parametrize("public", PUBLIC.split())
def test_public_addresses_pass(public: str) -> None:
    assert refusal(ipaddress.ip_address(public)) is None


KINDS = {
    "tells machines": "169.254.169.254 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254",
    "a loopback": "127.0.0.1 ::1",
    "a private": "10.0.0.1 172.31.255.255 192.168.0.1 fd12::1 fec0::1",
    "a shared": "100.64.0.1",
    "a link-local": "169.254.0.1 fe80::1",
    "an unspecified": "0.0.0.0 ::",
    "a multicast": "224.0.0.1 ff02::1",
    "a reserved": "240.0.0.1 255.255.255.255 192.88.99.1 100::1 4000::1",
    "for documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1",
    "for benchmarks": "198.18.0.1 2001:2::1",
    "of a protocol": "192.0.0.1 2001:20::1",
    "stands for an IPv4": "::7f00:1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b:1::1 2001:0:1::1 2002:808:808::1",
    "with a scope": "fe80::1%1",
}


@pytest.mark.parametrize(("kind", "addresses"), KINDS.items())
def test_a_refusal_tells_the_kind_of_address(kind: str, addresses: str) -> None:
    for address in addresses.split():
        found = refusal(ipaddress.ip_address(address))
        assert found is not None, address
        assert kind in found.what, address


INTERNAL = "10.1.2.3 127.0.0.1 172.20.0.1 192.168.1.1 100.64.0.1 ::1 fd12::1 fec0::1"
FOREIGN = (
    "169.254.169.254 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254 fe80::1 0.0.0.0 224.0.0.1"
)


def test_a_machine_of_ours_may_have_an_internal_address_but_none_of_a_clouds_secrets() -> None:
    assert {refusal(ipaddress.ip_address(one)).internal for one in INTERNAL.split()} == {True}  # pyright: ignore
    assert {refusal(ipaddress.ip_address(one)).internal for one in FOREIGN.split()} == {False}  # pyright: ignore

"""What an operator's entries allow, and nothing beyond; entries that are none are named."""

import ipaddress

import outbound_forms as forms
import pytest

from ticketflow.config import Config
from ticketflow.errors import AddressRefused, Misconfigured
from ticketflow.outbound import AllowList
from ticketflow.outbound.urls import parse
from ticketflow.runtime import build


def passes(entries: str, url: str, address: str = "") -> bool:
    """Whether a list lets a URL through whose host has that address; a refusal names the variable."""
    allowed, destination = AllowList.of(entries.split()), parse(url)
    try:
        allowed.check(destination)
        if address:
            allowed.check_address(destination, ipaddress.ip_address(address))
    except AddressRefused as error:
        return "TICKETFLOW_OUTBOUND_ALLOW" not in str(error)
    return True


ALLOWED = [
    ("", "https://a.example/", "8.8.8.8"),
    ("a.internal", "https://a.internal/", "10.0.0.1"),
    ("A.Internal", "https://a.INTERNAL:443/", "fd00::1"),
    ("a.internal", "https://a.internal/", "127.0.0.1"),
    ("bücher.example", "https://xn--bcher-kva.example/", "10.0.0.1"),
    ("a.internal:8080", "http://a.internal:8080/", "10.0.0.1"),
    ("a.internal:8080", "https://a.internal:8080/", "10.0.0.1"),
    ("a.internal:80", "http://a.internal/", "10.0.0.1"),
    ("10.1.0.0/16", "https://a.internal/", "10.1.2.3"),
    ("10.1.2.3", "https://10.1.2.3/", ""),
    ("10.1.2.3", "https://a.internal/", "10.1.2.3"),
    ("10.1.2.3:8080", "http://10.1.2.3:8080/", ""),
    ("[fd00::1]:8080", "http://[FD00:0::1]:8080/", ""),
    ("[fd00::1]", "https://[fd00::1]/", ""),
    ("fd00::/8", "https://a.internal/", "fd12::1"),
    ("169.254.169.254:80", "http://169.254.169.254/", ""),
    ("169.254.0.0/16", "https://a.example/", "169.254.169.254"),
    ("*:8443", "https://a.example:8443/", "8.8.8.8"),
    ("*:80", "http://a.example/", "8.8.8.8"),
    ("*:8080 10.0.0.0/8", "http://a.internal:8080/", "10.1.2.3"),
]

REFUSED = [
    ("", "https://a.internal/", "10.0.0.1"),
    ("", "http://a.example/", "8.8.8.8"),
    ("", "https://a.example:8443/", "8.8.8.8"),
    ("a.internal", "https://b.internal/", "10.0.0.1"),
    ("a.internal", "https://x.a.internal/", "10.0.0.1"),
    ("a.internal", "https://a.internal.example/", "10.0.0.1"),
    ("a.internal", "http://a.internal/", "10.0.0.1"),
    ("a.internal", "https://a.internal:8443/", "10.0.0.1"),
    ("a.internal:8080", "https://a.internal:8081/", "10.0.0.1"),
    ("a.internal:8080", "https://b.internal:8080/", "10.0.0.1"),
    ("a.internal", "https://a.internal/", "169.254.169.254"),
    ("a.internal", "https://a.internal/", "fd00:ec2::254"),
    ("a.internal", "https://a.internal/", "0.0.0.0"),
    ("a.internal:8080", "http://a.internal:8080/", "224.0.0.1"),
    ("10.1.0.0/16", "https://a.internal/", "10.2.0.1"),
    ("10.1.0.0/16", "http://10.1.2.3/", ""),
    ("10.1.0.0/16", "https://a.internal/", "::ffff:10.1.2.3"),
    ("10.1.2.3:8080", "http://a.internal:8080/", "10.1.2.3"),
    ("10.1.2.3:8080", "https://10.1.2.3/", ""),
    ("*:8443", "https://a.internal:8443/", "10.0.0.1"),
    ("*:8443", "https://10.0.0.1:8443/", ""),
    ("*:8443", "https://a.example:8444/", "8.8.8.8"),
]


@pytest.mark.parametrize(("entries", "url", "address"), ALLOWED)
def test_what_is_allowed(entries: str, url: str, address: str) -> None:
    assert passes(entries, url, address)


@pytest.mark.parametrize(("entries", "url", "address"), REFUSED)
def test_what_is_not(entries: str, url: str, address: str) -> None:
    assert not passes(entries, url, address)


@pytest.mark.parametrize("address", ["10.20.30.40", "169.254.169.254"])
def test_a_refusal_does_not_tell_which_address_a_name_has(address: str) -> None:
    with pytest.raises(AddressRefused) as raised:
        AllowList().check_address(parse("https://a.internal/"), ipaddress.ip_address(address))
    assert address not in str(raised.value)
    assert "a.internal may not be called" in str(raised.value)


NO_ENTRIES = ["*", "*.internal", "http://a.internal", "a.internal/", "10.1.2.3/8", "a.internal:0", "a.internal:65536"]


@pytest.mark.parametrize("entry", [*NO_ENTRIES, "10.1", "a b", "[::1", "user@a.internal", "::1:80:x", "a.internal:"])
def test_an_entry_that_is_none_is_named_before_anything_starts(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETFLOW_OUTBOUND_ALLOW", f"a.internal, {entry}")
    with pytest.raises(Misconfigured) as raised:
        build(Config())
    assert str(raised.value).startswith(f"TICKETFLOW_OUTBOUND_ALLOW: {entry!r} is neither")


def test_the_variable_reaches_the_client(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("TICKETFLOW_OUTBOUND_ALLOW", " 10.1.0.0/16 , a.internal:8080,, ")
    config = Config(home=tmp_path)  # pyright: ignore[reportArgumentType]
    assert config.outbound_allow == ("10.1.0.0/16", "a.internal:8080")
    runtime = build(config)
    assert runtime.outbound.check("http://a.internal:8080/x") == "http://a.internal:8080/x"
    assert runtime.outbound.check("https://10.1.2.3/") == "https://10.1.2.3/"
    assert forms.refused(runtime.outbound, "https://10.2.0.0/")
    runtime.close()

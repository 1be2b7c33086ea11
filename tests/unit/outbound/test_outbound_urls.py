"""URLs have one form here: what is well written is read as anyone would, and written back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.errors import AddressRefused
from ticketflow.outbound.urls import MAX_CHARACTERS, Destination, follow, parse

READ = [
    ("https://a.example", ("https", "a.example", 443, "/")),
    ("HTTPS://A.Example:443/P?q#f", ("https", "a.example", 443, "/P?q")),
    ("http://a.example:8080?x=1&y=%2F", ("http", "a.example", 8080, "/?x=1&y=%2F")),
    ("https://a_b.c-d.example/~x/;p=(1)!$'*,", ("https", "a_b.c-d.example", 443, "/~x/;p=(1)!$'*,")),
    ("https://8.8.8.8/", ("https", "8.8.8.8", 443, "/")),
    ("https://[2A00:1450:0::1]:8443/", ("https", "2a00:1450::1", 8443, "/")),
    ("https://Bücher.example/", ("https", "xn--bcher-kva.example", 443, "/")),
    ("https://例え.テスト/", ("https", "xn--r8jz45g.xn--zckzah", 443, "/")),
    ("https://a.example/@b:c//d/../e?[1]=:@/?", ("https", "a.example", 443, "/@b:c//d/../e?[1]=:@/?")),
    ("https://1and1.example.123a/", ("https", "1and1.example.123a", 443, "/")),
    ("https://internal/", ("https", "internal", 443, "/")),
]


@pytest.mark.parametrize(("url", "parts"), READ)
def test_a_url_is_read(url: str, parts: tuple[str, str, int, str]) -> None:
    assert parse(url) == Destination(*parts)


@pytest.mark.parametrize(("url", "parts"), READ)
def test_its_one_form_is_read_the_same(url: str, parts: tuple[str, str, int, str]) -> None:
    assert parse(parse(url).url) == Destination(*parts)


@pytest.mark.parametrize(
    "url",
    [
        *("https://a.example/ü", "https://a.example/%", "https://a.example/%2", "https://a.example/%zz"),
        *('https://a.example/"', "https://a.example/<b>", "https://a.example/|", "https://a.example/\x7f"),
        *("https://" + "a" * 64 + ".example/", "https://" + "a." * 127 + "example/", "https://a-.example/"),
        *("https://BÜCHER.example/", "https://a.example:+443/", "https://a.example:４４３/", "https://a.example:0443/"),
        *("https://a.example/# x", "https://a.example/#\\@b.example", "https://a.example#\t"),
        "https://a.example/" + "a" * MAX_CHARACTERS,
    ],
)
def test_what_is_not_well_written_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        parse(url)


@pytest.mark.parametrize("url", ["https://a@b.example/", "https://a:b@b.example/", "https://@b.example/"])
def test_a_user_name_is_told_as_such_and_not_repeated(url: str) -> None:
    with pytest.raises(AddressRefused, match="This URL is refused: it holds a user name") as raised:
        parse(url)
    assert "b.example" not in str(raised.value)


@given(st.text() | st.from_regex(r"https?://[^/]{0,20}(/.*)?", fullmatch=True))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except AddressRefused:
        return
    assert found.url.isascii()
    assert not set(found.url) & set(" \\\r\n\t\0")
    assert "@" not in found.authority
    assert parse(found.url) == found


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "https://a.example/b"),
        ("b?c", "https://a.example/x/b?c"),
        ("?c", "https://a.example/x/y?c"),
        ("../b", "https://a.example/b"),
        ("../../../b", "https://a.example/b"),
        ("//b.example/c", "https://b.example/c"),
        ("https://b.example:443/#f", "https://b.example/"),
        ("http://b.example", "http://b.example/"),
        ("", "https://a.example/x/y"),
        ("127.0.0.1:80/", "https://a.example/x/127.0.0.1:80/"),
    ],
)
def test_a_redirect_leads_where_it_says(location: str, url: str) -> None:
    assert follow(parse("https://a.example/x/y"), location).url == url


@pytest.mark.parametrize("location", ["https:///b", "https:b", "http:/b", "//", "/\\b", "\\\\b", "javascript:b", "/ b"])
def test_a_redirect_that_is_not_well_written_is_refused(location: str) -> None:
    with pytest.raises(AddressRefused):
        follow(parse("https://a.example/x/y"), location)

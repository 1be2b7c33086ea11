"""The guarded client against a real server: where it connects, what it sends, what it follows and where it stops."""

import gzip
import ipaddress
import itertools
import socket
import traceback
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import outbound_forms as forms
import pytest
from outbound_listener import Listener, Reply, ok, redirect, trusting

from ticketflow.errors import AddressRefused, InvalidInput, NoAnswer, NotSent, TicketFlowError, TooLarge
from ticketflow.outbound import Client, Limits
from ticketflow.outbound.addresses import Address
from ticketflow.outbound.reading import read

SECRET = "T0000-secret"
URL = f"https://hooks.example/{SECRET}"


class Net:
    """Stands for the way to public addresses: a connection to one ends at the listener, and each is on record."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.dialled: list[tuple[str, int]] = []

    def dial(self, address: Address, port: int, seconds: float) -> socket.socket:
        self.dialled.append((str(address), port))
        return self.listener.dial(address, port, seconds)


class World:
    """Names that resolve to another address at each look-up; the last answer stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.asked: list[str] = []

    def look_up(self, host: str, _seconds: float) -> list[Address]:
        self.asked.append(host)
        answers = self._answers[host]
        return [ipaddress.ip_address(one) for one in (answers.pop(0) if len(answers) > 1 else answers[0])]


@pytest.fixture
def start() -> Iterator[object]:
    with ExitStack() as stack:

        def start(reply: Reply = lambda _: ok(), *, tls: bool = True) -> Net:
            return Net(stack.enter_context(Listener(reply, tls=tls)))

        yield start


def over(net: Net, *allowed: str, world: World | None = None) -> Client:
    """A client in whose world public addresses lead to the listener."""
    look_up = world.look_up if world else forms.look_up
    return forms.client(*allowed, dial=net.dial, tls=trusting(), look_up=look_up)


def failure(client: Client, url: str = URL, **more: object) -> TicketFlowError:
    """The error of a request that must fail; nothing of it, chained errors included, tells the URL's secret."""
    with pytest.raises(TicketFlowError) as raised:
        client.request("GET", url, **more)  # pyright: ignore[reportArgumentType]
    assert SECRET not in "".join(traceback.format_exception(raised.value)) + repr(raised.value.__dict__)
    assert raised.value.remedy
    return raised.value


# Where it connects


def test_the_checked_address_is_connected_to_and_the_name_is_spoken(start) -> None:
    net = start()
    answer = over(net).request("POST", "HTTPS://Hooks.Example/a?b=[1]#c", content=b"{}", headers={"X-Id": "7"})
    assert (answer.status, answer.content, answer.url) == (200, b"here", "https://hooks.example/a?b=[1]")
    assert net.dialled == [(forms.PUBLIC, 443)]
    assert net.listener.names == ["hooks.example"]
    head, body = net.listener.requests[0].split("\n\n")
    lines = head.split("\r\n")
    assert lines[0] == "POST /a?b=[1] HTTP/1.1"
    assert {"host: hooks.example", "x-id: 7", "content-length: 2"} <= {line.lower() for line in lines}
    assert body == "{}"


def test_a_name_is_looked_up_once_for_each_request(start) -> None:
    net, world = start(), World(hooks_example=[[forms.PUBLIC], ["127.0.0.1"]])
    client = over(net, world=world)
    assert client.request("GET", URL).content == b"here"
    assert isinstance(failure(client), AddressRefused)
    assert world.asked == ["hooks.example"] * 2
    assert net.dialled == [(forms.PUBLIC, 443)]
    assert net.listener.settled() == 1


def test_a_name_that_turns_private_while_a_connection_is_tried_gets_no_second_one(start) -> None:
    net, world = start(), World(hooks_example=[[forms.PUBLIC, "8.8.8.8"], ["127.0.0.1"]])

    def dial(address: Address, port: int, seconds: float) -> socket.socket:
        net.dialled.append((str(address), port))
        raise ConnectionRefusedError

    client = forms.client(dial=dial, tls=trusting(), look_up=world.look_up)
    assert isinstance(failure(client), NotSent)
    assert world.asked == ["hooks.example"]
    assert net.dialled == [(forms.PUBLIC, 443), ("8.8.8.8", 443)]
    assert net.listener.settled() == 0


def test_one_private_address_among_public_ones_is_enough_to_refuse(start) -> None:
    addresses = [forms.PUBLIC, "1.1.1.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "10.0.0.1"]
    for order in (addresses, addresses[::-1]):
        net = start()
        assert isinstance(failure(over(net, world=World(hooks_example=[order]))), AddressRefused)
        assert net.dialled == []


def test_the_next_address_is_tried_where_the_first_refuses(start) -> None:
    net = start()

    def dial(address: Address, port: int, seconds: float) -> socket.socket:
        if str(address) == forms.PUBLIC:
            raise ConnectionRefusedError
        return net.dial(address, port, seconds)

    world = World(hooks_example=[[forms.PUBLIC, "8.8.8.8"]])
    client = forms.client(dial=dial, tls=trusting(), look_up=world.look_up)
    assert client.request("GET", URL).content == b"here"
    assert net.dialled == [("8.8.8.8", 443)]


def test_no_proxy_of_the_environment_is_asked(start, monkeypatch: pytest.MonkeyPatch) -> None:
    net, proxy = start(), start(tls=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.listener.port}")
    assert over(net).request("GET", URL).content == b"here"
    assert (net.listener.settled(), proxy.listener.settled()) == (1, 0)


def test_nothing_is_kept_between_requests(start) -> None:
    net = start(lambda _: ok(b"", "Set-Cookie: session=1; Path=/"))
    client = over(net)
    for _ in range(2):
        client.request("GET", URL)
    assert "cookie" not in net.listener.requests[1].lower()
    assert net.listener.settled() == 2


# Certificates


def test_a_certificate_of_another_name_is_refused_and_nothing_is_sent(start) -> None:
    net = start()
    error = failure(over(net), f"https://good.example/{SECRET}")
    assert isinstance(error, NotSent)
    assert "certificate of good.example is not accepted" in str(error)
    assert net.listener.requests == []


def test_a_certificate_of_nobodys_authority_is_refused(start) -> None:
    net = start()
    error = failure(forms.client(dial=net.dial))
    assert isinstance(error, NotSent)
    assert "certificate of hooks.example is not accepted" in str(error)
    assert net.listener.requests == []


def test_a_server_that_speaks_no_tls_gets_nothing(start) -> None:
    net = start(tls=False)
    assert isinstance(failure(over(net), limits=Limits(connect_seconds=0.2)), NotSent)
    assert SECRET not in "".join(net.listener.requests)


# Redirects


def test_a_redirect_is_an_answer_by_default(start) -> None:
    net = start(lambda _: redirect("https://127.0.0.1/"))
    answer = over(net).request("GET", URL)
    assert (answer.status, answer.headers["location"]) == (302, "https://127.0.0.1/")
    assert net.listener.settled() == 1


def test_a_redirect_to_any_form_is_refused_before_anything_is_connected(start) -> None:
    net = start()
    client, left = over(net), Limits(redirects=5)
    written = [form for form in forms.by_form() if form.startswith("{s}://") and not set(form) & set("\n\r\t\0")]
    for form in [*forms.by_address(), *written]:
        net.listener.reply = lambda _, form=form: redirect(forms.secure(form))
        assert isinstance(failure(client, limits=left), AddressRefused), form
    assert net.dialled == [(forms.PUBLIC, 443)] * (len(forms.by_address()) + len(written))
    assert net.listener.settled() == len(net.dialled)


@pytest.mark.parametrize("status", ["301 Moved", "303 See Other", "307 Temporary", "308 Permanent"])
def test_every_kind_of_redirect_is_checked(start, status: str) -> None:
    net = start(lambda _: redirect("http://hooks.example/", status))
    error = failure(over(net), limits=Limits(redirects=5))
    assert "hooks.example may not be called over http on port 80" in str(error)
    assert net.listener.settled() == 1


def test_a_redirect_to_a_name_that_has_turned_private_is_refused(start) -> None:
    net = start(lambda _: redirect("/next"))
    world = World(hooks_example=[[forms.PUBLIC], [forms.PUBLIC], ["10.0.0.1"]])
    assert isinstance(failure(over(net, world=world), limits=Limits(redirects=5)), AddressRefused)
    assert net.dialled == [(forms.PUBLIC, 443)] * 2


def test_redirects_are_followed_as_far_as_is_allowed(start) -> None:
    steps = itertools.count(1)
    net = start(lambda _: redirect(f"step{next(steps)}?{SECRET}"))
    client = over(net)
    error = failure(client, limits=Limits(redirects=2))
    assert isinstance(error, NoAnswer)
    paths = [request.split(" ")[1] for request in net.listener.requests]
    assert paths == [f"/{SECRET}", f"/step1?{SECRET}", f"/step2?{SECRET}"]
    net.listener.reply = lambda request: ok() if "/last" in request else redirect("https://hooks.example:443/last")
    answer = client.request("GET", URL, limits=Limits(redirects=1))
    assert (answer.content, answer.url) == (b"here", "https://hooks.example/last")


def test_a_secret_header_does_not_follow_to_another_host(start) -> None:
    headers = {"Authorization": "Bearer key", "X-Api-Key": "key", "Accept": "text/html"}
    net = start(lambda request: ok() if "/next" in request else redirect("/next"))
    net.listener.reply = lambda request: ok() if "/last" in request else redirect("https://hooks.example:8443/last")
    over(net, "*:8443").request("GET", URL, headers=headers, limits=Limits(redirects=1))
    first, second = net.listener.requests
    assert "bearer key" in first.lower()
    assert "key" not in second.lower()
    assert "accept: text/html" in second.lower()
    net.listener.reply = lambda request: ok() if "/near" in request else redirect("/near")
    over(net).request("GET", URL, headers=headers, limits=Limits(redirects=1))
    assert "bearer key" in net.listener.requests[-1].lower()


def test_a_post_is_never_sent_on(start) -> None:
    net = start(lambda _: redirect("https://good.example/", "307 Temporary"))
    assert over(net).request("POST", URL, content=b"x", limits=Limits(redirects=5)).status == 307
    assert net.listener.settled() == 1


# Limits


def test_an_answer_beyond_the_cap_is_an_error_or_cut(start) -> None:
    net = start(lambda _: ok(b"x" * 100_000))
    client = over(net)
    assert isinstance(failure(client, limits=Limits(most_bytes=99_999)), TooLarge)
    assert not client.request("GET", URL, limits=Limits(most_bytes=100_000)).cut
    answer = client.request("GET", URL, limits=Limits(most_bytes=1_000, cut=True))
    assert (answer.content, answer.cut) == (b"x" * 1_000, True)


def test_an_answer_without_end_is_cut_off(start) -> None:
    def endless(_: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * 65_536

    assert isinstance(failure(over(start(endless))), TooLarge)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
def test_what_is_small_and_decompresses_to_much_is_cut_off(start, coding: str) -> None:
    bomb = (zlib if coding == "deflate" else gzip).compress(b"0" * 50_000_000)
    assert len(bomb) < 100_000
    net = start(lambda _: ok(bomb, f"Content-Encoding: {coding}"))
    answer = over(net).request("GET", URL, limits=Limits(cut=True))
    assert (answer.content, answer.cut) == (b"0" * 1_000_000, True)
    assert isinstance(failure(over(net)), TooLarge)


def test_nothing_is_read_once_the_cap_is_passed() -> None:
    def pieces() -> Iterator[bytes]:
        yield gzip.compress(b"0" * 50_000_000)[:1_000]
        pytest.fail("read on")

    body = read("a.example", httpx2.Headers({"content-encoding": "gzip"}), pieces(), 10_000)
    assert body == (b"0" * 10_000, True)


def test_what_is_large_and_decompresses_to_nothing_is_cut_off(start) -> None:
    head, empty_block = gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff"
    net = start(lambda _: ok(head + empty_block * 400_000, "Content-Encoding: gzip"))
    assert isinstance(failure(over(net)), TooLarge)
    assert over(net).request("GET", URL, limits=Limits(most_bytes=3_000_000)).content == b""


def test_an_answer_that_is_compressed_is_read(start) -> None:
    net = start(lambda _: ok(gzip.compress(b"words " * 100), "Content-Encoding: GZIP"))
    assert over(net).request("GET", URL).content == b"words " * 100
    assert "accept-encoding: gzip\r\n" in net.listener.requests[0].lower()


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip\r\nContent-Encoding: gzip", "unheard-of"])
def test_a_compression_that_was_not_asked_for_is_not_read(start, coding: str) -> None:
    net = start(lambda _: ok(gzip.compress(b"words"), f"Content-Encoding: {coding}"))
    assert isinstance(failure(over(net)), NoAnswer)


def test_a_damaged_compression_is_not_read(start) -> None:
    net = start(lambda _: ok(b"no gzip", "Content-Encoding: gzip"))
    assert isinstance(failure(over(net)), NoAnswer)


@pytest.mark.parametrize("tls", [True, False])
def test_an_answer_that_trickles_ends_with_the_total_time(start, tls: bool) -> None:
    def trickle(_: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while not net.listener.closing.wait(0.02):
            yield b"x"

    net = start(trickle, tls=tls)
    client = over(net, "hooks.example:80")
    url = URL if tls else URL.replace("https", "http")
    error = failure(client, url, limits=Limits(total_seconds=0.3))
    assert isinstance(error, NoAnswer)
    assert "took too long" in str(error)


def test_a_head_that_trickles_ends_with_the_total_time(start) -> None:
    def trickle(_: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while not net.listener.closing.wait(0.02):
            yield b"X-More: x\r\n"

    net = start(trickle)
    assert isinstance(failure(over(net), limits=Limits(total_seconds=0.3)), NoAnswer)


def test_redirects_share_the_total_time(start) -> None:
    def slow(_: str) -> bytes:
        net.listener.closing.wait(0.1)
        return redirect("/again")

    net = start(slow)
    error = failure(over(net), limits=Limits(total_seconds=0.35, redirects=100))
    assert isinstance(error, NoAnswer | NotSent)
    assert 1 <= len(net.listener.requests) <= 4


@pytest.mark.parametrize("limits", [Limits(read_seconds=0.1), Limits(total_seconds=0.2)])
def test_a_silent_answer_ends_with_the_time_for_reading_or_for_everything(start, limits: Limits) -> None:
    def silent(_: str) -> bytes:
        net.listener.closing.wait(5)
        return ok()

    net = start(silent)
    assert isinstance(failure(over(net), limits=limits), NoAnswer)


def test_a_look_up_that_hangs_ends_with_the_time_for_connecting(monkeypatch: pytest.MonkeyPatch, start) -> None:
    net = start()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: net.listener.closing.wait(5))
    error = failure(Client(dial=net.dial), limits=Limits(connect_seconds=0.1))
    assert isinstance(error, NotSent)
    assert "took too long" in str(error)
    assert net.dialled == []


def test_a_name_that_is_not_known_is_told(start) -> None:
    net = start()
    error = failure(over(net), f"https://nowhere.example/{SECRET}")
    assert isinstance(error, NotSent)
    assert "nowhere.example has no address" in str(error)


@pytest.mark.parametrize("said", [b"", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_what_breaks_off_or_is_no_http_is_no_answer(start, said: bytes) -> None:
    assert isinstance(failure(over(start(lambda _: said))), NoAnswer)


# What is sent


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Accept-Encoding"])
def test_headers_that_follow_from_the_request_cannot_be_set(start, name: str) -> None:
    net = start()
    with pytest.raises(InvalidInput, match=f"header {name} cannot be set"):
        over(net).request("GET", URL, headers={name: "x"})
    assert net.dialled == []


@pytest.mark.parametrize("headers", [{"X-A": "1\r\nHost: other"}, {"X A": "1"}, {"X-A\r\n": "1"}, {"X-A": "ü"}])
def test_a_header_that_http_does_not_take_is_refused(start, headers: dict[str, str]) -> None:
    net = start()
    with pytest.raises(InvalidInput) as raised:
        over(net).request("GET", URL, headers=headers)
    assert "other" not in "".join(traceback.format_exception(raised.value))
    assert net.dialled == []


def test_a_url_is_judged_by_its_form_alone_where_nothing_is_called(start) -> None:
    net = start()
    client = over(net)
    assert client.check("HTTPS://Hooks.Example:443") == "https://hooks.example/"
    assert client.check("https://bücher.example/ü".replace("/ü", "/%C3%BC")) == "https://xn--bcher-kva.example/%C3%BC"
    for url in ("https://10.0.0.1/", "https://[::1]/", "http://hooks.example/", "https://hooks.example:8443/", "x"):
        with pytest.raises(AddressRefused):
            client.check(url)
    assert net.dialled == []

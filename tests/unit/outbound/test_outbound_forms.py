"""Each way of writing an address of ours is refused without a connection; where it is allowed, the same one arrives."""

from collections.abc import Iterator

import outbound_forms as forms
import pytest
from outbound_listener import Listener, trusting

from ticketflow.errors import AddressRefused
from ticketflow.outbound import Answer, Client

EVERYWHERE = ("0.0.0.0/0", "::/0")
TLS = trusting()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as started:
        yield started


def test_there_are_as_many_forms_as_were_promised() -> None:
    assert len(set(forms.all_forms())) == len(forms.all_forms()) >= 45


@pytest.mark.parametrize("form", forms.all_forms())
def test_a_form_is_refused_before_anything_is_connected(form: str) -> None:
    dialled: list[object] = []

    def dial(*given: object) -> None:
        dialled.append(given)
        raise OSError

    with pytest.raises(AddressRefused) as raised:
        forms.client(dial=dial, tls=TLS).request("GET", forms.secure(form))
    assert dialled == []
    assert raised.value.remedy
    assert raised.value.field == "url"


def test_no_form_makes_a_connection_neither_on_the_usual_port_nor_on_one_that_is_open(listener: Listener) -> None:
    diverted = forms.client(f"*:{listener.port}", dial=listener.dial, tls=TLS)
    direct = forms.client(f"*:{listener.port}")
    url = forms.plain("{s}://127.0.0.1{p}/hook", listener.port)
    before = listener.settled()
    for form in forms.all_forms():
        assert forms.refused(diverted, forms.secure(form)), form
        assert forms.refused(diverted, forms.plain(form, listener.port)), form
        assert forms.refused(direct, forms.plain(form, listener.port)), form
    assert listener.settled() == before
    assert isinstance(forms.outcome(forms.client(f"127.0.0.1:{listener.port}"), url), Answer)
    assert listener.settled() == before + 1


def test_the_systems_own_names_are_refused_too(listener: Listener) -> None:
    before = listener.settled()
    with pytest.raises(AddressRefused, match="localhost may not be called: it has a loopback address"):
        Client().request("GET", "https://localhost/")
    assert forms.refused(Client(forms.AllowList.of([f"*:{listener.port}"])), f"http://localhost:{listener.port}/")
    assert listener.settled() == before
    allowed = Client(forms.AllowList.of([f"localhost:{listener.port}"]))
    assert allowed.request("GET", f"http://localhost:{listener.port}/").content == b"here"
    assert listener.settled() == before + 1


@pytest.mark.parametrize("form", forms.by_address())
def test_a_well_written_form_is_stopped_by_its_address_alone(listener: Listener, form: str) -> None:
    """The control: with every address allowed the same request arrives, so it is the guard that stops it above."""
    allowed = forms.client(*EVERYWHERE, f"*:{listener.port}", dial=listener.dial, tls=TLS)
    assert allowed.request("GET", forms.plain(form, listener.port)).content == b"here"


@pytest.mark.parametrize("form", forms.by_form())
def test_a_badly_written_form_is_refused_though_every_address_is_allowed(listener: Listener, form: str) -> None:
    allowed = forms.client(*EVERYWHERE, f"*:{listener.port}", dial=listener.dial, tls=TLS)
    assert forms.refused(allowed, forms.plain(form, listener.port))

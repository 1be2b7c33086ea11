"""Whether the guarded client can be led into our own network: URL forms, rebinding and redirects against a real server.

Every form is asked for over https on its port and over http on an open one, in a network in which every address leads
to the server that counts; then over http in the system's own network, and those that are well written as a redirect.
"""

import argparse
import ipaddress
import itertools
import sys

from common import ROOT, Bar, report

sys.path.insert(0, str(ROOT / "tests" / "unit" / "outbound"))

import outbound_forms as forms
from outbound_listener import Listener, ok, redirect, trusting

from ticketflow.errors import AddressRefused
from ticketflow.outbound import AllowList, Answer, Client, Limits
from ticketflow.outbound.addresses import Address

FORMS = 45
ROUNDS = 50


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    tried = forms.all_forms()
    refused, connected, reached = _written(tried)
    turned, rebound = _rebinding()
    led, followed = _redirected()
    written = len(forms.by_address())
    bars = [
        Bar("forms", len(tried), FORMS, "", f"{written} by address, {len(tried) - written} by how they are written"),
        Bar("forms refused", refused, len(tried), "", "as AddressRefused, in all three ways of asking"),
        Bar("connections by forms", connected, 0, "", "accepted by the server", least=False),
        Bar("names that turn private", turned, ROUNDS, "", "refused at the look-up that tells the private address"),
        Bar("connections by turned names", rebound, 0, "", "to the private address", least=False),
        Bar("redirects to forms", led, written, "", "refused at the redirect"),
        Bar("connections by redirects", followed, 0, "", "beyond those to the host that redirects", least=False),
        Bar(
            "control: forms that arrive",
            reached,
            written,
            "",
            "of those by address, once all addresses are allowed",
        ),
    ]
    return report("Calls to the outside", bars, as_json=given.json)


def _written(tried: list[str]) -> tuple[int, int, int]:
    """Forms refused each time, connections, and forms that arrive once addresses are allowed."""
    with Listener() as listener:
        opened = f"*:{listener.port}"
        diverted = forms.client(opened, dial=listener.dial)
        own = Client(AllowList.of([opened]))
        refused = sum(
            forms.refused(diverted, forms.secure(form))
            and forms.refused(diverted, forms.plain(form, listener.port))
            and (not _resolved(form) or forms.refused(own, forms.plain(form, listener.port)))
            for form in tried
        )
        connected = listener.settled()
        allowed = forms.client(opened, "0.0.0.0/0", "::/0", dial=listener.dial)
        answers = [forms.outcome(allowed, forms.plain(form, listener.port)) for form in forms.by_address()]
        return refused, connected, sum(isinstance(answer, Answer) for answer in answers)


def _resolved(form: str) -> bool:
    """Whether the system itself knows where the form leads; it does not know the names that are made up."""
    return not any(f"//{name}{{p}}" in form.lower() for name in {*forms.NAMES, "bücher.example"} - {"localhost"})


def _rebinding() -> tuple[int, int]:
    """Rounds in which the second look-up was refused, and connections beyond the first ones."""
    answers = itertools.cycle((forms.PUBLIC, "127.0.0.1"))

    def look_up(_host: str, _seconds: float) -> list[Address]:
        return [ipaddress.ip_address(next(answers))]

    with Listener(tls=True) as listener:
        client = forms.client(dial=listener.dial, tls=trusting(), look_up=look_up)
        refused = 0
        for _ in range(ROUNDS):
            client.request("GET", "https://hooks.example/")
            refused += forms.refused(client, "https://hooks.example/")
        return refused, listener.settled() - ROUNDS


def _redirected() -> tuple[int, int]:
    """Redirects refused, and connections beyond those to the host that redirects."""
    with Listener(lambda _: ok(), tls=True) as listener:
        client = forms.client(dial=listener.dial, tls=trusting())
        refused = 0
        for form in forms.by_address():
            listener.reply = lambda _, form=form: redirect(forms.secure(form))
            try:
                client.request("GET", "https://hooks.example/", limits=Limits(redirects=5))
            except AddressRefused:
                refused += 1
        return refused, listener.settled() - len(forms.by_address())


if __name__ == "__main__":
    sys.exit(main())

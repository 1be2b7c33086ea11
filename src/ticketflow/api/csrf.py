"""What keeps other sites from acting through a browser that is signed in here.

A browser sends a session's cookie by itself, so a request that changes something must show two things more: that it
comes from our own pages (Origin, Sec-Fetch-Site), and a token that only our pages can read, bound to the session.
An API key is never sent by itself and needs neither.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ticketflow.errors import Forbidden

HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def token(installation_secret: bytes, session_id: str) -> str:
    """The token of a session: nobody else's, and the same as long as the session lives."""
    purpose = hmac.digest(installation_secret, b"ticketflow csrf", "sha256")
    return hmac.new(purpose, session_id.encode(), "sha256").hexdigest()


def require_token(installation_secret: bytes, session_id: str, headers: Mapping[str, str]) -> None:
    """Raises Forbidden unless the header carries the session's token."""
    sent = headers.get(HEADER, "")
    if not hmac.compare_digest(sent.encode(), token(installation_secret, session_id).encode()):
        raise Forbidden(
            f"The header {HEADER} does not hold this session's token.",
            remedy="Send `csrf_token` of GET /v1/me in it; API keys need none.",
        )


@dataclass(frozen=True)
class Origins:
    """Where our own pages come from: `public_url` where there is one, else whatever host was asked; and `allowed`."""

    public_url: str | None = None
    allowed: tuple[str, ...] = ()


def require_own_origin(headers: Mapping[str, str], origins: Origins, *, browser: bool = True) -> None:
    """Raises Forbidden when a page of another site sends this.

    A request that tells no origin is refused as well, unless it need not be a `browser`'s: browsers tell theirs with
    everything that is not safe.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if origin is not None and origin in origins.allowed:
        return
    if site is None and origin is None:
        if browser:
            raise _foreign("The request tells no origin.")
        return
    if site not in (None, "same-origin"):
        raise _foreign("A page of another site sent this request.")
    if origin is not None and not _own(origin, headers.get("host", ""), origins.public_url):
        raise _foreign("A page of another origin sent this request.")


def _own(origin: str, host: str, public_url: str | None) -> bool:
    if public_url is not None:
        ours = urlsplit(public_url)
        return origin.lower() == f"{ours.scheme}://{ours.netloc}".lower()
    # The scheme is left out: behind a proxy that ends TLS, this server does not know it.
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()


def _foreign(what: str) -> Forbidden:
    return Forbidden(
        what,
        remedy="Use the pages of this server; behind a proxy, let it pass Host on or set TICKETFLOW_PUBLIC_URL. "
        "Programs use an API key.",
    )

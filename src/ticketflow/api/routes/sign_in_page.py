"""The page that a sign-in link leads to: it hands over what stands behind the `#`, once somebody presses its button.

A button, because programs that look into mail open links before their readers do.
"""

import base64
import hashlib
import re
from importlib.resources import files

from fastapi.responses import HTMLResponse

from ticketflow.api.guard import public, router
from ticketflow.api.sign_in import PATH

routes = router("Sign-in", prefix="")

PAGE = (files("ticketflow.api") / "sign_in.html").read_text(encoding="utf-8")


def _hash_of(element: str) -> str:
    found = re.search(rf"<{element}>(.*?)</{element}>", PAGE, re.DOTALL)
    assert found is not None
    return base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()


CONTENT_POLICY = (
    f"default-src 'none'; script-src 'sha256-{_hash_of('script')}'; style-src 'sha256-{_hash_of('style')}'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Allows this page's own script and style, and requests to this server alone."""


@routes.get(PATH, include_in_schema=False)
@public
def sign_in_page() -> HTMLResponse:
    """The page; the same for everybody, since the server never sees what stands behind the `#`."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": CONTENT_POLICY})

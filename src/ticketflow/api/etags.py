"""Entity tags: a GET says which state it shows, and a change that names it in If-Match is refused when it is another.

Check a tag in the transaction that changes, or hand the version on to it: nobody may come between.
"""

import hashlib
import re
from typing import Annotated, Any

from fastapi import Header, Response

from ticketflow.api.documented import problem
from ticketflow.errors import TicketFlowError

HEADER = "ETag"
LONGEST = 1_000
_TAG = re.compile(r'(?:W/)?"[!#-~]*"')

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=LONGEST,
        description="The `ETag` that was read: when the object changed since, the request is refused with 412.",
    ),
]
"""The parameter of an operation that changes an object."""


class PreconditionFailed(TicketFlowError):
    """The object is in another state than the one that If-Match names."""

    code = "precondition_failed"
    status = 412


def of_version(version: int) -> str:
    """The tag of an object whose version grows with every change."""
    return f'"{version}"'


def of_state(*parts: object) -> str:
    """The tag of an object without a version, made from all that tells its states apart."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'


def mark(response: Response, tag: str) -> None:
    """Put the tag of what a response shows into its headers."""
    response.headers[HEADER] = tag


def require(if_match: str | None, tag: str) -> None:
    """Raises PreconditionFailed when If-Match was sent and does not name the object's `tag`; `*` is any state."""
    if if_match is None or if_match.strip() == "*":
        return
    if tag not in _TAG.findall(if_match):  # one that begins with W/ is never equal, as RFC 9110 has it
        raise PreconditionFailed(
            "The object is not in the state that If-Match names.",
            remedy="Read it again, look at what changed, and send its ETag of now.",
        )


def tagged(*, checked: bool = False) -> dict[int | str, dict[str, Any]]:
    """What the description says of an operation whose answer carries a tag; `checked` where it takes If-Match too."""
    told: dict[str, Any] = {"description": "Which state this is, for `If-Match`.", "schema": {"type": "string"}}
    return {200: {"headers": {HEADER: told}}, **({412: problem(412)} if checked else {})}

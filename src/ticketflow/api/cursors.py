"""Page cursors: where the next page starts, signed so that nobody makes one up or carries it to another list."""

import base64
import binascii
import hmac
import json
from typing import Any

from ticketflow.errors import InvalidInput

_TAG_BYTES = 16
LONGEST = 1_200
"""No cursor has more characters: a label of 190 characters takes 760 bytes, and four of ours stand for three."""

Position = tuple[int, str]
"""The last row's time in microseconds (or 0) and its id or label."""


class Cursors:
    """Signs and reads cursors for one installation."""

    def __init__(self, installation_secret: bytes) -> None:
        self._key = hmac.digest(installation_secret, b"ticketflow cursor", "sha256")

    def sign(self, workspace_id: str, listing: str, filters: dict[str, Any], position: Position) -> str:
        """An opaque text for `position` in this workspace's `listing` under these filters."""
        body = json.dumps(position, separators=(",", ":"), ensure_ascii=False).encode()
        return _text(self._tag(workspace_id, listing, filters, body) + body)

    def read(self, workspace_id: str, listing: str, filters: dict[str, Any], cursor: str) -> Position:
        """The position a cursor stands for. Raises InvalidInput unless it was signed for exactly this list."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if len(tag) < _TAG_BYTES or not hmac.compare_digest(tag, self._tag(workspace_id, listing, filters, body)):
            raise InvalidInput(
                "The cursor is not one of this list's.",
                remedy="Use `next_cursor` of the page before, with the same filters, or leave it out to start anew.",
                field="cursor",
            )
        micros, key = json.loads(body)
        return int(micros), str(key)

    def _tag(self, workspace_id: str, listing: str, filters: dict[str, Any], body: bytes) -> bytes:
        bound = json.dumps([workspace_id, listing, filters], sort_keys=True, separators=(",", ":")).encode()
        return hmac.digest(self._key, len(bound).to_bytes(8, "big") + bound + body, "sha256")[:_TAG_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

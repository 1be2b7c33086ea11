"""Secrets that sign webhooks, of endpoints and of sources alike: shown once, two at a time while one takes over.

An owner is named as in `webhook:ENDPOINT_ID` or `source:SOURCE_ID`. What is stored is encrypted (store/secrets).
"""

import base64
import json
import secrets as random_source
from typing import Any

from ticketflow.clock import HOUR
from ticketflow.db import Session
from ticketflow.store.secrets import Secrets

PREFIX = "whsec_"
LENGTH = 32
"""Bytes of a secret; Standard Webhooks asks for 24 to 64."""
OVERLAP = 24 * HOUR
"""How long the secret before stays good after a rotation."""


class SigningSecrets:
    """The signing secrets of every workspace."""

    def __init__(self, stored: Secrets) -> None:
        self._stored = stored

    def issue(self, session: Session, workspace_id: str, owner: str, author: str) -> str:
        """A new secret as its owner's first, or in place of the one before, which stays good for OVERLAP.

        Of an earlier rotation nothing is left then: there are never more than two.
        """
        numbers = self._numbers(session, workspace_id, owner)
        for number in numbers[:-1]:
            self._stored.remove(session, workspace_id, f"{owner}:{number}")
        latest = numbers[-1] if numbers else 0
        if latest:
            before, _ = self._read(session, workspace_id, owner, latest)
            self._put(session, workspace_id, f"{owner}:{latest}", before, session.now + OVERLAP, author)
        made = PREFIX + base64.b64encode(random_source.token_bytes(LENGTH)).decode()
        self._put(session, workspace_id, f"{owner}:{latest + 1}", made, None, author)
        return made

    def live(self, session: Session, workspace_id: str, owner: str) -> list[str]:
        """The secrets that are good now, the newest first. Raises Misconfigured where they cannot be read."""
        found = (
            self._read(session, workspace_id, owner, number)
            for number in reversed(self._numbers(session, workspace_id, owner))
        )
        return [secret for secret, until in found if until is None or until > session.now]

    def forget(self, session: Session, workspace_id: str, owner: str) -> None:
        """Remove all secrets of an owner that is no more."""
        for number in self._numbers(session, workspace_id, owner):
            self._stored.remove(session, workspace_id, f"{owner}:{number}")

    def _numbers(self, session: Session, workspace_id: str, owner: str) -> list[int]:
        names = self._stored.names(session, workspace_id, f"{owner}:")
        return sorted(int(name.rpartition(":")[2]) for name in names)

    def _read(self, session: Session, workspace_id: str, owner: str, number: int) -> tuple[str, int | None]:
        stored = self._stored.get(session, workspace_id, f"{owner}:{number}")
        if stored is None:  # removed by another transaction meanwhile
            return "", 0
        kept: dict[str, Any] = json.loads(stored)
        return kept["secret"], kept["until"]

    def _put(self, session: Session, workspace_id: str, name: str, secret: str, until: int | None, author: str) -> None:
        kept = json.dumps({"secret": secret, "until": until})
        self._stored.put(session, workspace_id, name, kept, author)

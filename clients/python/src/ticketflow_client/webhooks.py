"""Webhooks are taken for true only after their signature is checked. The signatures are Standard Webhooks 1.0."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import standardwebhooks
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from ticketflow_client.errors import Misconfigured, WebhookVerificationError

LONGEST_TOLERANCE = 300.0  # the library's own bound


@dataclass(frozen=True)
class Delivery:
    """A webhook that is genuine.

    id       stays the same when the server sends it again: whoever has seen it before must not act twice
    sent_at  when this try was signed, UTC
    payload  what it tells
    """

    id: str
    sent_at: datetime
    payload: dict[str, Any]


class WebhookVerifier:
    """Checks webhooks against one secret, or against several while secrets rotate: one that fits is enough.

    secrets            `whsec_...`, as the server showed them
    tolerance_seconds  how far the signing time may be from now, at most 300: an older webhook may be a replayed one

    Raises Misconfigured. Safe to use from several threads.
    """

    def __init__(
        self,
        *secrets: str,
        tolerance_seconds: float = LONGEST_TOLERANCE,
        now: Callable[[], float] = time.time,
    ) -> None:
        if not secrets:
            raise Misconfigured("A WebhookVerifier needs a secret at least.")
        if not 0 < tolerance_seconds <= LONGEST_TOLERANCE:
            raise Misconfigured(f"tolerance_seconds is more than 0 and at most {LONGEST_TOLERANCE:g}.")
        self._webhooks = [_webhook(secret) for secret in secrets]
        self._tolerance_seconds = tolerance_seconds
        self._now = now

    def verify(self, body: bytes | str, headers: Mapping[str, str]) -> Delivery:
        """The webhook in a request. `body` is what came over the wire, byte for byte: JSON that was parsed and written
        again does not fit its signature. Raises WebhookVerificationError, and nothing else.
        """
        try:
            named = {name.lower(): value for name, value in headers.items()}
            self._check_signature(body, named)
            sent_at = float(named["webhook-timestamp"])
            if abs(self._now() - sent_at) > self._tolerance_seconds:
                raise WebhookVerificationError("The webhook was signed too long ago, or in the future.")
            payload = json.loads(body)
        except (ValueError, OverflowError, RecursionError) as error:
            # The library raises ValueError for signatures it cannot take apart; a forger must not get a crash for it.
            raise WebhookVerificationError("The webhook cannot be read.") from error
        if not isinstance(payload, dict):
            raise WebhookVerificationError("The webhook's body is not a JSON object.")
        return Delivery(named["webhook-id"], datetime.fromtimestamp(sent_at, UTC), cast(dict[str, Any], payload))

    def _check_signature(self, body: bytes | str, headers: dict[str, str]) -> None:
        refused: Exception | None = None
        for webhook in self._webhooks:
            try:
                webhook.verify(body, headers, json_parse=False)
            except standardwebhooks.WebhookVerificationError as error:
                refused = error
            else:
                return
        raise WebhookVerificationError(f"{refused}.") from refused


def _webhook(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except (ValueError, EmptyWebhookSecretError, RuntimeError):
        raise Misconfigured("A webhook's secret is `whsec_` and Base64 after it.") from None

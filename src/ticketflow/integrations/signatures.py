"""Signatures as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, time and body, made by its own library.

The library's `verify` reads the machine's clock and raises ValueError for what it cannot take apart; here both sides
are compared under the clock of the product, and whatever does not fit is one refusal.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from ticketflow.clock import MINUTE, SECOND
from ticketflow.errors import Unauthenticated

TOLERANCE = 5 * MINUTE
"""How far a message's time may lie from ours, before and after."""
MOST_SIGNATURES = 20
NOBODYS = "whsec_" + base64.b64encode(bytes(32)).decode()
"""Verified against where there is no secret, so that the time taken tells nothing; it verifies nothing."""

_TIME = re.compile(r"[1-9][0-9]{0,11}")
_ID = re.compile(r"[!-~]{1,255}")


def signed(secrets: Sequence[str], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a message that is sent `at` (microseconds): one signature for each secret, the newest's first."""
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    signatures = [Webhook(secret).sign(message_id, moment, body.decode()) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at // SECOND),
        "webhook-signature": " ".join(signatures),
    }


def verified(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: int) -> str:
    """The id of a message that was signed with one of the secrets, at a time near `now` (microseconds).

    `headers` has names in small letters. Raises Unauthenticated, always with the same words: who forges learns nothing.
    Without a secret as much is computed as with one.
    """
    message_id, time = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    sent = headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    well_formed = bool(_ID.fullmatch(message_id)) and bool(_TIME.fullmatch(time))
    right = _matches(secrets or [NOBODYS], message_id, int(time) if well_formed else 0, body, sent)
    if not (secrets and well_formed and right) or abs(int(time) * SECOND - now) > TOLERANCE:
        raise refusal()
    return message_id


def refusal() -> Unauthenticated:
    """The one answer to everything that is not signed as it should be."""
    return Unauthenticated(
        "There is no such source, or the message is not signed with its secret and at this time.",
        remedy="Sign the body as it is sent, by Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature.",
    )


def _matches(secrets: Sequence[str], message_id: str, seconds: int, body: bytes, sent: Sequence[str]) -> bool:
    try:
        moment, text = datetime.fromtimestamp(seconds, UTC), body.decode()
    except (ValueError, OverflowError, OSError):  # a time beyond every calendar, or a body that is no text
        return False
    found = False
    for secret in secrets:
        ours = Webhook(secret).sign(message_id, moment, text).encode()
        for theirs in sent:  # all of them, also after one that is right
            found |= hmac.compare_digest(ours, theirs.encode("utf-8", "surrogateescape"))
    return found

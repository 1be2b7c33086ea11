"""When a webhook that was not taken is tried again, and when an endpoint is given up. Pure."""

import random
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from ticketflow.clock import DAY, HOUR, MINUTE, SECOND

WAITS = (
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""Between one attempt and the next; ten attempts in about three days."""
JITTER = 0.2
"""The largest share by which a wait is made longer, so that what failed together does not return together."""
LONGEST_ASKED = DAY
"""No endpoint can put an attempt off for longer by Retry-After."""
GIVEN_UP_AFTER = 120 * HOUR
"""An endpoint that took nothing for so long is disabled."""


def wait_us(failed: int, asked_us: int | None, rng: random.Random) -> int | None:
    """How long to wait after so many failed attempts, 1 for the first; None when there was the last.

    Never shorter than what the endpoint asked for, up to LONGEST_ASKED.
    """
    if failed > len(WAITS):
        return None
    planned = round(WAITS[failed - 1] * (1 + rng.uniform(0, JITTER)))
    return max(planned, min(asked_us or 0, LONGEST_ASKED))


def asked_us(headers: Mapping[str, str], now: int) -> int | None:
    """What Retry-After asks for, in microseconds from `now`: a number of seconds or a date. None without one."""
    given = headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit() and len(given) <= 9:
        return int(given) * SECOND
    try:
        moment = parsedate_to_datetime(given)
        return max(0, round(moment.timestamp() * SECOND) - now)
    except (TypeError, ValueError, OverflowError):
        return None

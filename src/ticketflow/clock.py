"""Time and identity: the only places where the product reads the wall clock or makes an id.

Times are integers, microseconds since 1970-01-01 UTC. Ids are UUIDv7 text, so they sort by creation.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

import uuid_utils

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """What the product asks of a clock. `testing.FrozenClock` is the other implementation."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000


def new_id() -> str:
    """A new UUIDv7 as 36 characters of text."""
    return str(uuid_utils.uuid7())


def to_iso(micros: int) -> str:
    """Microseconds since the epoch as ISO 8601 with a `Z`."""
    return datetime.fromtimestamp(micros / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """ISO 8601 text (a date alone is midnight UTC; no zone means UTC) as microseconds. ValueError when it is not."""
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * SECOND)

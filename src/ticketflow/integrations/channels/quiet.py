"""Quiet hours: whether a moment falls into them, and when they end. Pure, but for the system's time zones."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ticketflow.clock import DAY, SECOND
from ticketflow.errors import InvalidInput
from ticketflow.store.channels import Quiet, Window

LONGEST = 14 * DAY
"""Hours that are quiet for longer would never end: they cover every week."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def check(quiet: Quiet, now: int) -> None:
    """Raises InvalidInput where they cannot be kept, or never end."""
    try:
        ZoneInfo(quiet.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"There is no time zone {quiet.zone[:60]!r} on this machine.",
            remedy="Write an IANA name such as Europe/Berlin; the system's package tzdata must be installed.",
            field="quiet/zone",
        ) from None
    for window in quiet.hours:
        if not (_TIME.fullmatch(window.begins) and _TIME.fullmatch(window.ends)):
            raise InvalidInput("A time of day is written as in 18:00.", field="quiet/hours")
    if ends_at(quiet, now) >= now + LONGEST:
        raise InvalidInput("These quiet hours never end.", remedy="Disable the channel instead.", field="quiet/hours")


def ends_at(quiet: Quiet | None, now: int) -> int:
    """When the quiet hours end that `now` falls into, in microseconds; `now` itself outside of them.

    Windows that touch are one. At most LONGEST later.
    """
    moment = now
    while quiet is not None and moment < now + LONGEST:
        later = max((_end(quiet, window, moment) for window in quiet.hours), default=moment)
        if later <= moment:
            break
        moment = later
    return moment


def _end(quiet: Quiet, window: Window, at: int) -> int:
    """The end of the window that `at` falls into; `at` where it falls into none. The clock's changes are the zone's."""
    zone = ZoneInfo(quiet.zone)
    today = datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone).date()
    begins, ends = time.fromisoformat(window.begins), time.fromisoformat(window.ends)
    for day in (today - timedelta(days=1), today):
        if day.weekday() not in window.days:
            continue
        first = _micros(datetime.combine(day, begins, zone))
        last = _micros(datetime.combine(day if ends > begins else day + timedelta(days=1), ends, zone))
        if first <= at < last:
            return last
    return at


def _micros(moment: datetime) -> int:
    return round(moment.timestamp()) * SECOND

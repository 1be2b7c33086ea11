"""API keys on the wire. The secret goes out once, when it is made."""

from typing import Annotated, Literal

from pydantic import Field

from ticketflow.api.schemas.base import NO_TEXT, In, Moment, Name, Out, PageQuery, example
from ticketflow.api.scopes import Scope
from ticketflow.clock import DAY, SECOND
from ticketflow.store.keys import ApiKey

LONGEST_OVERLAP = 90 * DAY // SECOND

_KEY = {
    "id": "3k9x0qv7m2ab81tz",
    "name": "help desk",
    "last_four": "x7Qa",
    "scopes": ["tickets:read", "tickets:write"],
    "state": "live",
    "created_at": "2026-02-01T08:00:00.000Z",
    "expires_at": None,
    "revoked_at": None,
    "used_at": "2026-03-02T09:15:00.000Z",
    "replaces": None,
}
_TEXT = "tf_live_3k9x0qv7m2ab81tz_…_1c291ca3"


class KeyIn(In):
    """A new key."""

    model_config = example({"name": "help desk", "scopes": ["tickets:read", "tickets:write"], "expires_at": None})

    name: Name = Field(description="What the key is for.")
    scopes: list[Scope] = Field(
        min_length=1, max_length=len(Scope), description="What it may do, and at most what you may do."
    )
    expires_at: Moment | None = Field(None, description="When it ends by itself; null is never.")


class KeyRotation(In):
    """How one key takes another's place."""

    model_config = example({"overlap_seconds": 86400})

    overlap_seconds: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP), NO_TEXT] = Field(
        DAY // SECOND, description="How long the old key still opens the API; 0 ends it at once."
    )
    expires_at: Moment | None = Field(
        None, description="When the new one ends by itself; left out, it lasts as long as the old one was made to last."
    )


class KeyOut(Out):
    """A key without its secret."""

    model_config = example(_KEY)

    id: str = Field(description="The part of the key's text after `tf_live_`.")
    name: str
    last_four: str = Field(description="The last characters of its secret, to tell keys apart.")
    scopes: list[str]
    state: Literal["live", "expired", "revoked"]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    used_at: Moment | None = Field(description="The minute of its last use; null before the first.")
    replaces: str | None = Field(description="The key that it took, or takes, the place of.")

    @classmethod
    def of(cls, key: ApiKey, now: int) -> "KeyOut":
        """The key as it stands at `now` (microseconds)."""
        return cls.model_validate({**key.model_dump(exclude={"digest", "workspace_id"}), "state": _state(key, now)})


class KeyMade(KeyOut):
    """A new key, with its text: it is shown this once and kept nowhere."""

    model_config = example({**_KEY, "used_at": None, "key": _TEXT})

    key: str = Field(description="What goes behind `Authorization: Bearer`.")

    @classmethod
    def shown(cls, key: ApiKey, text: str, now: int) -> "KeyMade":
        """The key just made."""
        return cls.model_validate({**KeyOut.of(key, now).model_dump(), "key": text})


class KeyPage(Out):
    """Some keys, newest first, those that are over included."""

    model_config = example({"items": [_KEY], "next_cursor": None})

    items: list[KeyOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class KeyQuery(PageQuery):
    """Which keys."""


def _state(key: ApiKey, now: int) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "live" if key.live(now) else "expired"

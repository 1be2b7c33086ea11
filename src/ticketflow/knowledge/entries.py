"""The two things a record reader yields."""

from dataclasses import dataclass

KEPT_CHARACTERS = 64 << 10


@dataclass(frozen=True, slots=True)
class Record:
    """A record's fields by column name. `number` is the line it starts at."""

    number: int
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """What could not be used. `raw` is its text (at most KEPT_CHARACTERS) or, when it could be read, its fields."""

    number: int
    reason: str
    raw: str | dict[str, str]

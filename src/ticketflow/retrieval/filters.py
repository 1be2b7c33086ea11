"""Which chunks a search may return, beyond workspace and kind."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Filters:
    """Each attribute that is set must be equal; None does not filter."""

    status: str | None = None
    category: str | None = None
    language: str | None = None
    answer_id: str | None = None

    def active(self) -> dict[str, str]:
        """The attributes that are set."""
        found = {name: getattr(self, name) for name in ATTRIBUTES}
        return {name: value for name, value in found.items() if value is not None}


ATTRIBUTES = tuple(field.name for field in fields(Filters))

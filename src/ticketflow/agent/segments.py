"""Which certificate a ticket falls under: its category's own, or the one for all others. Pure functions of settings."""

import numpy as np

from ticketflow.domain import Level
from ticketflow.learning.holding_out import Graded
from ticketflow.store.settings import Settings

REST = ""
"""The segment of every category that has no accepted wrong share of its own."""


def segment_of(settings: Settings, category: str | None) -> str:
    """The segment of a category: its own name when it has a share of its own."""
    return category if category is not None and category in settings.category_max_wrong else REST


def segments(settings: Settings) -> list[str]:
    """Every segment there is; REST first."""
    return [REST, *sorted(settings.category_max_wrong)]


def alpha_of(settings: Settings, segment: str) -> float:
    """The accepted share of wrong automatic replies in a segment."""
    return settings.category_max_wrong.get(segment, settings.max_wrong) if segment else settings.max_wrong


def sensitive(settings: Settings, category: str | None) -> bool:
    """Whether the category may never be answered automatically. A share of its own says that it may."""
    if category is None or category in settings.category_max_wrong:
        return False
    return category.casefold() in {name.casefold() for name in settings.sensitive}


def excluded(settings: Settings) -> list[str]:
    """Categories that the certificate of REST leaves out, sorted: what is never automatic must not help to prove."""
    below = {name for name, level in settings.levels.items() if level is not Level.AUTO}
    return sorted(({name.casefold() for name in settings.sensitive} | below) - set(settings.category_max_wrong))


def labels_of(settings: Settings, segment: str, graded: Graded) -> Graded:
    """The labels that count for a segment."""
    chosen = [
        segment_of(settings, name) == segment and (segment != REST or not _never_automatic(settings, name))
        for name in (str(category) or None for category in graded.categories)
    ]
    return graded.rows(np.array(chosen, bool))


def _never_automatic(settings: Settings, category: str | None) -> bool:
    below = settings.levels.get(category or "", Level.AUTO) is not Level.AUTO
    return below or sensitive(settings, category)

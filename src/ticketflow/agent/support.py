"""Whether the sources that a sentence cites say it: by shared words, equal negation, and facts. Pure.

Words that agree do not prove a sentence; words that do not agree disprove it well enough to keep it from a reader.
"""

import re
from collections.abc import Sequence

from ticketflow.llm.facts import strangers, unsourced
from ticketflow.retrieval.analyzer import terms
from ticketflow.store.settings import Settings

SHARED = 0.6
"""Least share of a sentence's terms that occur in its sources."""
NEAREST = 0.6
"""Least share that occurs in a single sentence of them: words picked from all over support nothing.

Both are measured by bench/support_check.py: at 0.4, 39 % of sentences put together from a source's words passed.
"""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|nothing|cannot|without)\b|n['’]t\b", re.IGNORECASE)


def stray(settings: Settings, what: str, text: str) -> str | None:
    """What speaks against words for a customer that lead where the settings allow none to lead; None when nothing does.

    `what` begins the sentence: it names the words.
    """
    found = strangers(text, settings.link_hosts) if settings.link_hosts is not None else []
    return f"{what} leads to {found[0]!r}, which is not among the hosts that replies may name." if found else None


def sentences(text: str) -> list[str]:
    """A text's sentences, roughly: ends of sentences and of lines."""
    return [found for found in (part.strip() for part in _SENTENCE.split(text)) if found]


def doubt(sentence: str, sources: Sequence[str]) -> str | None:
    """What speaks against a sentence being what its sources say; None when nothing does."""
    invented = unsourced(sentence, sources)
    if invented:
        return f"It holds {invented[0]!r}, which its sources do not."
    wanted = set(terms(sentence))
    if not wanted:
        return "It says nothing."
    if _share(wanted, " ".join(sources)) < SHARED:
        return "Its sources use other words."
    nearest = max((part for source in sources for part in sentences(source)), key=lambda part: _share(wanted, part))
    if _share(wanted, nearest) < NEAREST:
        return "No sentence of its sources says it."
    if bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(nearest)):
        return "It denies what its source affirms, or the other way round."
    return None


def _share(wanted: set[str], text: str) -> float:
    return len(wanted & set(terms(text))) / len(wanted)

"""What a certificate covers and what it does not, in a paragraph with its numbers, for whoever relies on it."""

from ticketflow.agent.certifying import AUDIT, BOTH, HISTORY
from ticketflow.learning.percent import percent
from ticketflow.store.certificates import Certificate

_SOURCES = {
    HISTORY: "resolved tickets that learning had not seen, where right is the answer that people had used",
    AUDIT: "audited tickets, where right is what graders called right and everything not graded in time is wrong",
    BOTH: "resolved tickets that learning had not seen and audited ones, which graders called right or wrong",
}


def statement(certificate: Certificate) -> str:
    """The paragraph; of a refusal, what was asked and what is missing."""
    parts = _proven(certificate) if certificate.threshold is not None else _refused(certificate)
    if certificate.ended_because:
        parts.append(f"It has ended: {certificate.ended_because}")
    return " ".join(parts)


def place(segment: str) -> str:
    """A segment in words."""
    return f"category {segment!r}" if segment else "every category without a share of its own"


def _proven(one: Certificate) -> list[str]:
    assert one.threshold is not None
    left_out = f", except {', '.join(map(repr, one.excluded))}" if one.excluded else ""
    return [
        f"With {percent(1 - one.delta)} certainty, at most {percent(one.alpha)} of the automatic replies from "
        f"confidence {one.threshold:.3f} are wrong, in {place(one.segment)}{left_out}.",
        f"This rests on {one.labels:,} graded tickets: {_SOURCES[one.source]}.",
        f"Of these, {one.automatic:,} ({percent(one.coverage)}) reach the threshold, with {one.errors:,} wrong "
        f"({percent(one.wrong_share)}; with all caution at most {percent(one.upper_bound)}).",
        "It speaks of tickets like those, as long as tickets arrive as they did then; of errors that a grader can see; "
        f"and of score version {one.version} alone.",
        "It does not speak of tickets of a new kind: to notice those is the task of the watch and the audit.",
    ]


def _refused(one: Certificate) -> list[str]:
    return [
        f"Nothing is proven for {place(one.segment)}, where at most {percent(one.alpha)} of the automatic replies may "
        f"be wrong, with {percent(1 - one.delta)} certainty.",
        one.reason,
        f"{one.labels:,} graded tickets were looked at: {_SOURCES[one.source]}.",
        f"This speaks of score version {one.version} alone. Where no earlier certificate serves, people reply.",
    ]

"""A backtest in sentences, for the terminal and the report alike."""

from math import ceil

from ticketflow.backtest.result import Backtest
from ticketflow.learning.certificate import Standing

HAND_OVER = "Every ticket would have gone to a human."


def percent(share: float | None, digits: int = 1) -> str:
    """A measured share with so many decimals; a dash for none. The blank before the sign does not break."""
    return "–" if share is None else f"{100 * share:.{digits}f}\u00a0%"


def asked(share: float) -> str:
    """A share that somebody named, as short as it was given."""
    return f"{100 * share:.4g}\u00a0%"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 ticket`, `2,614 tickets`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def money(amount: float) -> str:
    """Whole units from 100 on, else two decimals; no currency."""
    return f"{amount:,.0f}" if abs(amount) >= 100 or amount == 0 else f"{amount:,.2f}"


def headline(found: Backtest) -> str:
    """The result in one or two sentences."""
    request, tickets = found.request, count(len(found.tickets), "ticket")
    if found.verdict.threshold is not None and not found.answered:
        return f"A threshold is proven, but none of {tickets} in the test part reached it. {HAND_OVER}"
    if not found.answered:
        return f"No automatic replies: at most {asked(request.max_wrong)} wrong could not be proven. {HAND_OVER}"
    return (
        f"Of {tickets} the agent had never seen, it would have answered {percent(found.coverage)} by itself. "
        f"{percent(found.wrong_rate)} of those replies were wrong; you allowed {asked(request.max_wrong)}."
    )


def proof(found: Backtest) -> str:
    """What the headline rests on, or what is missing for it."""
    verdict, request = found.verdict, found.request
    if verdict.threshold is None:
        return verdict.reason
    return (
        f"Proven with {asked(request.confidence)} confidence on {verdict.labels:,} other graded tickets: "
        f"{verdict.automatic:,} of them reached the threshold of {verdict.threshold:.3f}, {verdict.errors:,} of these "
        f"would have got a wrong answer, so that with all caution at most {percent(verdict.upper_bound, 2)} are wrong."
    )


def caution(found: Backtest) -> str | None:
    """A word where the test part came out worse than what was proven; None where it did not."""
    rate, most = found.wrong_rate, found.request.max_wrong
    if rate is None or rate <= most:
        return None
    low, _ = found.wrong_interval()
    if low <= most:
        return (
            f"The test part came out at {percent(rate, 2)}, above the {asked(most)} accepted. With "
            f"{count(found.answered, 'reply', 'replies')} that may be chance."
        )
    why = "Tickets have changed over time" if found.parts.in_time else "That is more than chance explains"
    return (
        f"The test part came out at {percent(rate, 2)}, clearly above the {asked(most)} accepted. {why}: do not "
        "automate on this history; certify on newer tickets."
    )


def next_step(found: Backtest) -> str:
    """What to do about the result."""
    verdict = found.verdict
    if verdict.standing is Standing.MORE_LABELS:
        share = found.request.shares.certify
        more = f"about {_rounded(verdict.needed / share):,} more" if verdict.needed else "more"
        return (
            f"Give {more} resolved tickets, of which {asked(share)} certify; or a larger second share in --split, or a "
            "larger --max-wrong."
        )
    if verdict.standing is Standing.UNREACHABLE:
        return "Accept a larger --max-wrong, or mend what the report lists under missing knowledge, then try again."
    return "Import the same file, start in shadow, and let graded tickets certify it on today's traffic."


def _rounded(number: float) -> int:
    """Two digits: an estimate should look like one."""
    step = 10 ** max(0, len(str(int(number))) - 2)
    return ceil(number / step) * step


def split_sentence(found: Backtest) -> str:
    """How the tickets were divided, and by what order."""
    learn, certify, test = found.spans
    sizes = f"Learned from {learn.tickets:,} tickets, certified on {certify.tickets:,}, tested on {test.tickets:,}."
    return f"{sizes} {found.parts.why}"


def notes(found: Backtest) -> list[str]:
    """What a reader should know of the file and the split; empty where all went in."""
    parts, reading = found.parts, found.reading
    said = list(reading.warnings)
    if reading.rejected:
        said.append(f"{count(reading.rejected, 'record')} could not be used; the first: {reading.problems[0]}.")
    if reading.duplicates:
        said.append(f"{count(reading.duplicates, 'record')} repeated an earlier text and answer and counted once.")
    if parts.repeated:
        said.append(
            f"Left out: {count(parts.repeated, 'ticket')} of the later parts with the text of one that was learned "
            "from. Nothing is proven on what was learned."
        )
    if parts.shared:
        said.append(f"{count(parts.shared, 'ticket')} of the test part had the text of one in the certify part.")
    if parts.undated:
        said.append(f"Left out: {count(parts.undated, 'ticket')} without a date.")
    if parts.older:
        said.append(f"Only the newest {len(parts.learn):,} tickets were learned from; {parts.older:,} older were not.")
    if found.unknown:
        said.append(
            f"{count(found.unknown, 'test ticket')} had an answer that the learn part never saw: whatever is proposed "
            "for these is wrong."
        )
    return said

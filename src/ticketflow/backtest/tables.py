"""The report's tables: by category, the usual rules, the worst cases, and what knowledge is missing."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ticketflow.backtest.charts import Bin
from ticketflow.backtest.html import Column, Markup, bar, breakable, facts, folded, joined, paragraph, shortened, table
from ticketflow.backtest.result import Backtest
from ticketflow.backtest.shares import interval
from ticketflow.backtest.wording import asked, count, money, percent

CATEGORIES_SHOWN, CATEGORIES_TOLD = 12, 200
WORST = 20
NONE_FITS = "(no answer fits)"


def by_category(found: Backtest) -> Markup:
    """Tickets, automatic replies and wrong ones of each category, or of each answer where there are no categories."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    has_categories = any(ticket.category for ticket in found.tickets)
    for row, ticket in enumerate(found.tickets):
        name = (ticket.category or "(none)") if has_categories else (ticket.label or NONE_FITS)
        rows_of[name].append(row)
    ordered = sorted(rows_of.items(), key=lambda item: (-len(item[1]), item[0]))
    columns = (
        Column("category" if has_categories else "answer people gave"),
        Column("tickets", number=True),
        Column("answered by itself"),
        Column("wrong", number=True),
        Column(f"wrong share, {asked(found.request.confidence)} interval"),
        Column("first proposal right", number=True),
    )
    shown = [_category(found, name, np.array(rows)) for name, rows in ordered[:CATEGORIES_TOLD]]
    first = table("The largest first.", columns, shown[:CATEGORIES_SHOWN])
    if len(shown) <= CATEGORIES_SHOWN:
        return first
    rest = table("Continued.", columns, shown[CATEGORIES_SHOWN:])
    more = len(ordered) - len(shown)
    tail = paragraph(f"{more:,} smaller ones are left out here; --predictions has them all.") if more else ""
    return joined(first, folded(f"Show {len(shown) - CATEGORIES_SHOWN} more", rest + tail))


def _category(found: Backtest, name: str, rows: NDArray[np.int64]) -> tuple[str | Markup, ...]:
    automated = int(found.automated[rows].sum())
    wrong = int((found.automated[rows] & ~found.right[rows]).sum())
    share = automated / len(rows)
    unsure = ""
    if automated:
        low, high = interval(wrong, automated, found.request.confidence)
        unsure = joined(percent(wrong / automated), " ", Markup(f'<span class="unsure">{_range(low, high)}</span>'))
    return (
        breakable(shortened(name, 60)),
        f"{len(rows):,}",
        joined(bar(share), percent(share, 0)),
        f"{wrong:,}",
        unsure or "–",
        percent(float(found.right[rows].mean()), 0),
    )


def rules(found: Backtest) -> Markup:
    """The same test tickets under the certified threshold and under the usual rules."""
    columns = (
        Column("rule"),
        Column("threshold", number=True),
        Column("answered by itself"),
        Column("wrong", number=True),
        Column("wrong share", number=True),
        Column(f"kept to {asked(found.request.max_wrong)}?"),
    )
    threshold, most = found.verdict.threshold, found.request.max_wrong
    rows: list[tuple[str | Markup, ...]] = [
        (
            "TicketFlow, certified",
            "–" if threshold is None else f"{threshold:.3f}",
            joined(bar(found.coverage), percent(found.coverage)),
            f"{found.wrong:,}",
            percent(found.wrong_rate, 2),
            _kept(found.wrong <= most * found.answered, found.answered),
        )
    ]
    for rule in found.baselines:
        rows.append(
            (
                rule.title,
                "–" if rule.threshold is None else f"{rule.threshold:.3f}",
                joined(bar(rule.coverage), percent(rule.coverage)),
                f"{rule.wrong:,}",
                percent(rule.wrong_rate, 2),
                _kept(rule.kept, rule.automated),
            )
        )
    return table(f"All rules on the same {len(found.tickets):,} test tickets.", columns, rows, marked=(0,))


def _kept(kept: bool, automated: int) -> Markup:
    if not automated:
        return Markup('<span class="tag">no replies</span>')
    return Markup('<span class="tag kept">✓ yes</span>' if kept else '<span class="tag">✕ no</span>')


def worst(found: Backtest) -> Markup:
    """Wrong automatic replies, the most confident first; filled up with wrong proposals that a human would have got."""
    wrong = np.flatnonzero(~found.right & (found.judged.proposed >= 0))
    ordered = wrong[np.lexsort((-found.judged.confidences[wrong], ~found.automated[wrong]))][:WORST]
    if not len(ordered):
        return paragraph("No proposal for a test ticket was wrong.", "nothing")
    columns = (
        Column("ticket", style="text"),
        Column("proposed"),
        Column("people answered"),
        Column("confidence", number=True),
        Column("would have been"),
    )
    rows = [
        (
            joined(
                shortened(found.tickets[row].text),
                Markup(' <span class="id">'),
                found.tickets[row].id,
                Markup("</span>"),
            ),
            breakable(found.proposed(row) or "–"),
            breakable(_answered(found, row)),
            f"{found.judged.confidences[row]:.3f}",
            "sent" if found.automated[row] else "handed over",
        )
        for row in ordered.tolist()
    ]
    return table("Most confident first; the small print is the ticket's id or its line in the file.", columns, rows)


def _answered(found: Backtest, row: int) -> str:
    ticket = found.tickets[row]
    if ticket.label is None:
        return f"{ticket.given} (not to be automated)" if ticket.given else NONE_FITS
    return ticket.label if found.judged.truth[row] >= 0 else f"{ticket.label} (never learned)"


def missing(found: Backtest) -> Markup:
    """Answers that are missed, answers never learned, and groups of tickets that none fits."""
    parts: list[str] = []
    if found.gaps:
        columns = (
            Column("answer"),
            Column("needed", number=True),
            Column("proposed first", number=True),
            Column("most often proposed instead"),
        )
        rows = [
            (breakable(gap.label), f"{gap.needed:,}", f"{gap.right:,}", breakable(gap.instead or "nothing"))
            for gap in found.gaps
        ]
        parts.append("<h3>Answers that are often missed</h3>")
        parts.append(
            paragraph("Merge those that say the same; for the others, more resolved tickets sharpen the difference.")
        )
        parts.append(table("Most missed first.", columns, rows))
    unknown = _unknown(found)
    if unknown:
        parts.append("<h3>Answers that were new</h3>")
        parts.append(paragraph("People gave these in the test part, but nothing could be learned of them before."))
        columns = (Column("answer"), Column("test tickets", number=True))
        parts.append(table("Most needed first.", columns, [(breakable(label), f"{size:,}") for label, size in unknown]))
    if found.groups:
        parts.append("<h3>What no answer fits</h3>")
        parts.append(paragraph("Each group may be worth an article or an answer of its own."))
        columns = (Column("typical words"), Column("tickets", number=True), Column("one of them", style="text"))
        groups = [(", ".join(one.words) or "–", f"{one.size:,}", shortened(one.example)) for one in found.groups]
        parts.append(table("Tickets alike, the largest group first.", columns, groups))
    elif unanswerable := sum(ticket.label is None for ticket in found.tickets):
        said = f"{count(unanswerable, 'test ticket')} had no answer that may be sent"
        parts.append(paragraph(f"{said}, too different from each other to form groups.", "nothing"))
    return Markup("".join(parts)) if parts else paragraph("No gap stands out in the test part.", "nothing")


def _unknown(found: Backtest) -> list[tuple[str, int]]:
    sizes: dict[str, int] = defaultdict(int)
    for ticket, truth in zip(found.tickets, found.judged.truth.tolist(), strict=True):
        if truth < 0 and ticket.label is not None:
            sizes[ticket.label] += 1
    return sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:10]


def certificate(found: Backtest) -> Markup:
    """What the proof rests on, number by number."""
    verdict, request = found.verdict, found.request
    certified = verdict.threshold is not None
    return facts(
        "The certificate" if certified else "Where the attempt came closest",
        (
            ("Wrong replies accepted", f"at most {asked(request.max_wrong)}"),
            ("Confidence asked for", asked(request.confidence)),
            ("Graded tickets", f"{verdict.labels:,}"),
            ("Confident enough", f"{verdict.automatic:,} ({percent(verdict.coverage)})"),
            ("Of these wrong", f"{verdict.errors:,} ({percent(verdict.wrong_share, 2)})"),
            ("Wrong share, upper bound", percent(verdict.upper_bound, 2)),
            ("Threshold", f"{verdict.threshold:.4f} or more" if verdict.threshold is not None else "none"),
            ("Score version", found.score_version),
        ),
    )


def points(found: Backtest) -> Markup:
    """The coverage curve in numbers."""
    curve = found.curve
    wanted = (
        [int(np.abs(curve.coverage - share).argmin()) for share in np.linspace(0.1, 1.0, 10)]
        if len(curve.sizes)
        else []
    )
    rows = [
        (
            percent(float(curve.coverage[place])),
            f"{curve.thresholds[place]:.3f}",
            f"{curve.sizes[place]:,}",
            f"{curve.errors[place]:,}",
            percent(float(curve.wrong[place]), 2),
        )
        for place in dict.fromkeys(wanted)
    ]
    columns = [Column("answered by itself", number=True), Column("threshold", number=True)]
    columns += [Column(name, number=True) for name in ("replies", "wrong", "wrong share")]
    return folded("The same in numbers", table("Every threshold answers a share of the test part.", columns, rows))


def bins(found: Backtest) -> list[Bin]:
    """Ten bins of confidence over the test part."""
    confidences, right = found.judged.confidences, found.right
    place = np.minimum((confidences * 10).astype(int), 9)
    made: list[Bin] = []
    for number in range(10):
        inside = place == number
        tickets = int(inside.sum())
        mean = float(confidences[inside].mean()) if tickets else (number + 0.5) / 10
        made.append(Bin(number / 10, tickets, mean, int(right[inside].sum())))
    return made


def bins_table(found: Backtest, made: Sequence[Bin]) -> Markup:
    """The reliability diagram in numbers."""
    columns = [Column(name, number=True) for name in ("confidence", "tickets", "mean", "right", "interval")]
    rows = [
        (
            f"{one.low:.1f} to {one.low + 0.1:.1f}",
            f"{one.tickets:,}",
            percent(one.confidence),
            percent(one.right / one.tickets) if one.tickets else "–",
            _range(*interval(one.right, one.tickets, found.request.confidence)) if one.tickets else "–",
        )
        for one in made
    ]
    return table("Confidence beside what came true.", columns, rows)


def savings(found: Backtest) -> Markup:
    """Money, for a thousand tickets and for the test part."""
    columns = (
        Column(""),
        Column("tickets", number=True),
        Column("answered by itself", number=True),
        Column("of these wrong", number=True),
        Column("cost by hand", number=True),
        Column("saved", number=True),
    )
    rows = [
        (name, f"{of.tickets:,}", f"{of.automated:,.0f}", f"{of.wrong:,.0f}", money(of.spent_without), money(of.saved))
        for name, of in (
            ("Per 1,000 tickets", found.savings()),
            ("The test part", found.savings(len(found.tickets))),
        )
    ]
    caption = f"At {found.request.cost_per_ticket:,.2f} for {count(1, 'ticket')} that a human handles."
    return table(caption, columns, rows)


def _range(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {percent(high)}"

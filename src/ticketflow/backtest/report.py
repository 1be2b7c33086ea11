"""The backtest as one self-contained HTML page: no script, nothing fetched, readable on paper."""

import platform
from html import escape
from importlib.metadata import version
from pathlib import Path

from ticketflow import __version__
from ticketflow.backtest import charts, tables, wording
from ticketflow.backtest.html import Markup, facts, folded, paragraph, section
from ticketflow.backtest.result import Backtest, Span
from ticketflow.backtest.wording import asked, count, money, percent
from ticketflow.clock import to_iso
from ticketflow.learning.certificate import Standing

STYLE = Path(__file__).with_name("page.css")
LIBRARIES = ("numpy", "scipy", "scikit-learn", "onnxruntime")
PARTS = (
    ("proof", "The proof"),
    ("curve", "Coverage"),
    ("rules", "Other rules"),
    ("confidence", "Confidence"),
    ("money", "Money"),
    ("categories", "Categories"),
    ("worst", "Worst cases"),
    ("missing", "Missing knowledge"),
    ("method", "Method"),
)
STANDING = {
    Standing.CERTIFIED: "Certified",
    Standing.MORE_LABELS: "Not certified: more tickets needed",
    Standing.UNREACHABLE: "Not certified: out of reach",
}


def page(found: Backtest, made_at: int) -> str:
    """The whole document; `made_at` in microseconds."""
    title = f"Backtest of {Path(found.reading.source).name}"
    links = "".join(f'<li><a href="#{anchor}">{name}</a></li>' for anchor, name in PARTS)
    body = "".join(
        part(found) for part in (_proof, _curve, _rules, _confidence, _money, _categories, _worst, _missing, _method)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
        f'{_top(found, title, made_at)}<nav aria-label="Parts of this report"><ul>{links}</ul></nav>'
        f"<main>{body}</main><footer><p>Made by TicketFlow {__version__} on {to_iso(made_at)[:10]}. "
        "Addresses, card and account numbers are taken out of all texts shown.</p></footer></body></html>\n"
    )


def _top(found: Backtest, title: str, made_at: int) -> str:
    certified = found.verdict.threshold is not None
    caution = wording.caution(found)
    return (
        f'<header><div class="brand"><b>TicketFlow</b><span>{escape(title)}</span><span>{to_iso(made_at)[:10]}</span>'
        f'<span class="pill{"" if certified else " refused"}">{STANDING[found.verdict.standing]}</span></div>'
        f"<h1>{_headline(found)}</h1>{paragraph(wording.proof(found), 'lead')}"
        f"{paragraph(caution, 'caution') if caution else ''}{_figures(found)}{_thousand(found)}</header>"
    )


def _headline(found: Backtest) -> str:
    """The headline with its figures in the accent colour."""
    sentence = escape(wording.headline(found))
    if found.answered:
        for figure in dict.fromkeys((percent(found.coverage), percent(found.wrong_rate))):
            sentence = sentence.replace(figure, f"<em>{figure}</em>", 1)
    return sentence


def _figures(found: Backtest) -> str:
    known = int((found.judged.truth >= 0).sum())
    figures = (
        *(_shares(found) if found.answered else _refusal(found)),
        ("First proposal right", percent(found.accuracy), f"of {count(known, 'ticket')} whose answer was known"),
        ("Saved per 1,000 tickets", money(found.savings().saved), _spent(found)),
    )
    cells = "".join(
        f'<div><dt>{name}</dt><dd><div class="big">{value}</div><div class="small">{escape(words)}</div></dd></div>'
        for name, value, words in figures
    )
    return f'<dl class="figures">{cells}</dl>'


def _shares(found: Backtest) -> tuple[tuple[str, str, str], ...]:
    sure = f"{asked(found.request.confidence)} interval"
    tickets = f"{found.answered:,} of {len(found.tickets):,} tickets"
    replies = f"{found.wrong:,} of {count(found.answered, 'reply', 'replies')}"
    return (
        ("Answered by itself", percent(found.coverage), f"{tickets}; {sure} {_range(*found.coverage_interval())}"),
        ("Wrong among these", percent(found.wrong_rate, 2), f"{replies}; {sure} {_range(*found.wrong_interval(), 2)}"),
    )


def _refusal(found: Backtest) -> tuple[tuple[str, str, str], ...]:
    needed = found.verdict.needed
    return (
        ("Answered by itself", percent(0.0, 0), "every ticket goes to a human"),
        ("Graded tickets missing", f"{needed:,}" if needed else "–", "for a proof, by estimate" if needed else ""),
    )


def _spent(found: Backtest) -> str:
    return f"of {money(found.savings().spent_without)} that they cost by hand"


def _thousand(found: Backtest) -> str:
    each = found.savings()
    kinds = (
        ("right-reply", each.automated - each.wrong, "right replies, sent by itself"),
        ("wrong-reply", each.wrong, "wrong replies, sent by itself"),
        ("by-human", each.tickets - each.automated, "handed over to a human"),
    )
    stack = "".join(f'<span class="{kind}" style="flex:{size:.2f}"></span>' for kind, size, _ in kinds if size)
    told = ", ".join(f"{size:,.0f} {words}" for _, size, words in kinds)
    keys = "".join(
        f'<li><span class="swatch {kind}"></span><b>{size:,.0f}</b> {words}</li>' for kind, size, words in kinds
    )
    return (
        f'<div class="thousand"><div class="stack" role="img" aria-label="Of 1,000 tickets: {told}">{stack}</div>'
        f'<ul class="keys"><li>Of 1,000 tickets:</li>{keys}</ul></div>'
    )


def _proof(found: Backtest) -> Markup:
    covers = (
        f"Tickets like those of this file: {wording.split_sentence(found)}",
        "Errors by the measure of this file: a reply is right when it is the answer that people gave.",
        f"This score, version {found.score_version}, with this encoder and this knowledge.",
        f"The luck of the draw: in at most {asked(1 - found.request.confidence)} of such certificates is the true "
        "wrong share above what was accepted.",
    )
    leaves = (
        "A future that differs: new products, new answers, other customers. The watch in production is there for that.",
        "Replies that are the usual answer and still do not help. Graded tickets in production count those.",
        "Another encoder, changed answers or a score learned anew: each needs its own certificate.",
        "Single categories: the share holds over all automatic replies together.",
    )
    text = (
        "The agent learned from the first part of the history. On the middle part a threshold was looked for at which "
        "the accepted share of wrong replies can be proven. Only then was the last part looked at: all figures at the "
        "top are from there."
    )
    certified = found.verdict.threshold is not None
    titles = ("What the proof covers", "What it does not cover")
    if not certified:
        titles = ("What a proof would cover", "What it would not cover")
    lists = "".join(
        f"<h3>{title}</h3><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
        for title, lines in zip(titles, (covers, leaves), strict=True)
    )
    after = f"<h3>What to do next</h3>{paragraph(wording.next_step(found))}"
    return section(
        "proof",
        "What is proven, and what is not",
        paragraph(text),
        f'<div class="two proof"><div>{tables.certificate(found)}{after}</div><div>{lists}</div></div>',
    )


def _curve(found: Backtest) -> Markup:
    point = (found.coverage, found.wrong_rate) if found.wrong_rate is not None else None
    drawing = charts.coverage_curve(found.curve, point, found.baselines, found.request.max_wrong, "coverage")
    keys = (
        ('<line class="line ours" x1="0" x2="30" y1="6" y2="6"/>', "TicketFlow"),
        ('<line class="line probability" x1="0" x2="30" y1="6" y2="6"/>', "classifier probability"),
        ('<line class="line cosine" x1="0" x2="30" y1="6" y2="6"/>', "nearest past ticket"),
        ('<circle class="rule" cx="15" cy="6" r="5"/>', "probability 0.85"),
        ('<rect class="rule" x="10" y="1" width="10" height="10"/>', "cosine 0.85"),
        ('<rect class="rule" x="11" y="2" width="8" height="8" transform="rotate(45 15 6)"/>', "cosine, tuned"),
    )
    legend = "".join(f'<li><svg viewBox="0 0 30 12" aria-hidden="true">{mark}</svg>{name}</li>' for mark, name in keys)
    text = "Every threshold is a trade: the more tickets are answered, the more replies are wrong. Lower is better."
    if point is None:
        loosest = found.curve.loosest(found.request.max_wrong)
        if loosest is not None:
            reached = float((found.curve.coverage[found.curve.thresholds >= loosest])[-1])
            text += (
                f" Nothing was certified. In hindsight {percent(reached)} of the test tickets could have been answered "
                f"within {asked(found.request.max_wrong)}, but nobody could have known where to stop."
            )
    return section(
        "curve",
        "How much could be automated, at what price",
        paragraph(text),
        f'<figure>{drawing}</figure><ul class="keys">{legend}</ul>',
        tables.points(found),
    )


def _rules(found: Backtest) -> Markup:
    text = (
        "The usual way: take the answer of the most similar past ticket, or a classifier's own probability, above a "
        "number that somebody picked. The tuned threshold is the loosest that kept to the accepted share on the graded "
        "tickets, with no margin for chance. None of them promises anything; here is what each would have done."
    )
    return section("rules", "The same tickets under the usual rules", paragraph(text), tables.rules(found))


def _confidence(found: Backtest) -> Markup:
    bins = tables.bins(found)
    drawing = charts.reliability(bins, found.request.confidence, "reliability")
    gap = found.calibration_error
    novel = found.auroc_novel
    words = [
        f"On average the confidence is {100 * gap:.1f} percentage points off what came true "
        f"(expected calibration error {gap:.4f}).",
        f"The mean wrong share over all coverages is {percent(found.curve.area, 2)} (area under the curve above).",
    ]
    if novel is not None:
        words.append(
            "A ticket with a known answer gets more confidence than one that no answer fits in "
            f"{percent(novel)} of pairs."
        )
    said = "".join(paragraph(sentence) for sentence in words)
    return section(
        "confidence",
        "Can the confidence be believed?",
        paragraph("Where the agent says 90 %, it should be right in 90 of 100 tickets: on the dashed line."),
        f'<div class="two wide"><figure>{drawing}</figure><div>{said}{tables.bins_table(found, bins)}</div></div>',
    )


def _money(found: Backtest) -> Markup:
    text = (
        "Assumed: a ticket that a human handles costs the same whatever it is about, a right automatic reply saves all "
        "of that, and a wrong one saves nothing because a human has the ticket after all. What a wrong reply costs in "
        "trust is not in here; --max-wrong is."
    )
    return section("money", "What it is worth", paragraph(text), tables.savings(found))


def _categories(found: Backtest) -> Markup:
    text = "Where automation works already, and where the agent hands over. Small numbers have wide intervals."
    return section("categories", "By category", paragraph(text), tables.by_category(found))


def _worst(found: Backtest) -> Markup:
    text = (
        "The twenty most confident mistakes. Some will be tickets that people filed under the wrong answer, or answers "
        "that say the same: both are worth mending before automation starts."
    )
    return section("worst", "The worst cases", paragraph(text), tables.worst(found))


def _missing(found: Backtest) -> Markup:
    text = "Where the knowledge base, not the agent, is what keeps tickets with humans."
    return section("missing", "Missing knowledge", paragraph(text), tables.missing(found))


def _method(found: Backtest) -> Markup:
    reading, request, parts = found.reading, found.request, found.parts
    rows: list[tuple[str, str]] = [
        ("File", Path(reading.source).name),
        ("Records read", f"{reading.read:,}"),
        ("Set aside as unusable", f"{reading.rejected:,}"),
        ("Repetitions", f"{reading.duplicates:,}"),
        ("Answers known", f"{len(found.labels):,}"),
        ("Order", "by time" if parts.in_time else f"shuffled (seed {request.seed})"),
    ]
    names = ("Learned from", "Certified on", "Tested on")
    rows += [(name, _span(span)) for name, span in zip(names, found.spans, strict=True)]
    if request.no_answer:
        rows.append(("Never to be automated", ", ".join(request.no_answer)))
    rows += [
        ("Expected to fit no answer", percent(found.novel_share)),
        ("Score version", found.score_version),
        ("Encoder", found.encoder),
        ("Seed", f"{request.seed}"),
        ("Seconds", f"{found.seconds:.0f}"),
        ("Versions", ", ".join([f"TicketFlow {__version__}", f"Python {platform.python_version()}", *_libraries()])),
    ]
    lines = "".join(f"<li>{escape(note)}</li>" for note in wording.notes(found))
    how = (
        "The score is fitted out of fold, with answers left out, so that it has met tickets that none fits. Thresholds "
        "are tested from strict to loose with exact binomial p-values up to the first that fails (fixed-sequence "
        "Learn-then-Test); their places were fixed on the learn part. Intervals are Clopper-Pearson's."
    )
    return section(
        "method",
        "How this was measured",
        paragraph(how),
        f"<h3>Worth knowing</h3><ul>{lines}</ul>" if lines else "",
        facts("Provenance", rows),
        folded("What the problems in the file were", _problems(found)) if reading.problems else "",
    )


def _problems(found: Backtest) -> str:
    return f"<ul>{''.join(f'<li>{escape(problem)}</li>' for problem in found.reading.problems)}</ul>"


def _libraries() -> list[str]:
    return [f"{name} {version(name)}" for name in LIBRARIES]


def _span(span: Span) -> str:
    if span.first is None or span.last is None:
        return count(span.tickets, "ticket")
    return f"{count(span.tickets, 'ticket')}, {to_iso(span.first)[:10]} to {to_iso(span.last)[:10]}"


def _range(low: float, high: float, digits: int = 1) -> str:
    return f"{100 * low:.{digits}f} to {percent(high, digits)}"

"""The report's drawings as inline SVG: coloured by the page, described in words for who cannot see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

import numpy as np

from ticketflow.backtest.baselines import Baseline
from ticketflow.backtest.shares import Curve, interval
from ticketflow.backtest.wording import asked, percent

POINTS = 300
"""A line of more points looks no finer."""
LEAST_TICKETS = 20
"""A share over fewer tickets jumps too much to be drawn as a line."""
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
MOST_LINES = 6


@dataclass(frozen=True)
class Plane:
    """A rectangle of the drawing, in its units, for values from 0 to (`right`, `top`)."""

    left: float
    upper: float
    width: float
    height: float
    right: float = 1.0
    top: float = 1.0

    def x(self, value: float) -> float:
        """From left to right."""
        return round(self.left + self.width * value / self.right, 1)

    def y(self, value: float) -> float:
        """From below upwards."""
        return round(self.upper + self.height * (1 - value / self.top), 1)

    def path(self, across: Sequence[float], up: Sequence[float]) -> str:
        """A line through points."""
        return "M" + "L".join(f"{self.x(a)},{self.y(b)}" for a, b in zip(across, up, strict=True))


@dataclass(frozen=True)
class Bin:
    """Tickets whose confidence lies in one tenth: how many, its mean, and how many of their proposals were right."""

    low: float
    tickets: int
    confidence: float
    right: int


def coverage_curve(
    ours: Curve, point: tuple[float, float] | None, rules: Sequence[Baseline], max_wrong: float, name: str
) -> str:
    """Wrong share against coverage; `point` is what the certified threshold did to the test part, None for none."""
    step, top = _scale(ours, point, rules, max_wrong)
    plane = Plane(58, 34, 812, 330, 1.0, top)
    right, limit = plane.left + plane.width, plane.y(max_wrong)
    marks = [_grid(plane, step, "share of tickets answered automatically", "share of these answered wrongly")]
    marks.append(f'<line class="limit" x1="{plane.left}" x2="{right}" y1="{limit}" y2="{limit}"/>')
    area = f'x="{plane.left}" y="{plane.upper - 4}" width="{plane.width}" height="{plane.height + 4}"'
    marks.append(f'<clipPath id="{name}-area"><rect {area}/></clipPath><g clip-path="url(#{name}-area)">')
    lines = [("line probability", rules[-1].curve), ("line cosine", rules[0].curve), ("line ours", ours)]
    marks += [f'<path class="{style}" d="{_line(plane, curve)}"/>' for style, curve in lines]
    marks.append("</g>")
    for rule, shape in zip(rules, ("diamond", "square", "circle"), strict=True):
        if rule.wrong_rate is not None:
            marks.append(_marker(plane, shape, rule.coverage, rule.wrong_rate))
    accepted = f"accepted: {asked(max_wrong)} wrong"
    marks.append(f'<text class="limit-label" x="{plane.left + 8}" y="{limit - 8}">{accepted}</text>')
    if point is not None:
        marks.append(_certified(plane, *point, limit))
    words = _curve_words(ours, point, rules, max_wrong)
    return _svg(name, "Wrong share at every coverage", words, 900, 412, marks)


def reliability(bins: Sequence[Bin], confidence: float, name: str) -> str:
    """Share of right proposals against confidence, with intervals, above the number of tickets in each tenth."""
    plane = Plane(52, 34, 390, 290)
    marks = [_grid(plane, 0.2, "confidence", "share of proposals that were right")]
    marks.append(f'<line class="limit" x1="{plane.x(0)}" y1="{plane.y(0)}" x2="{plane.x(1)}" y2="{plane.y(1)}"/>')
    filled = [one for one in bins if one.tickets]
    many = [one for one in filled if one.tickets >= LEAST_TICKETS]
    if len(many) > 1:
        line = plane.path([one.confidence for one in many], [one.right / one.tickets for one in many])
        marks.append(f'<path class="line ours" d="{line}"/>')
    for one in filled:
        low, high = interval(one.right, one.tickets, confidence)
        x, few = plane.x(one.confidence), one.tickets < LEAST_TICKETS
        marks.append(
            f'<line class="whisker{" few-whisker" if few else ""}" x1="{x}" x2="{x}" y1="{plane.y(low)}" '
            f'y2="{plane.y(high)}"/>'
        )
        style, y = ("few" if few else "ours-point"), plane.y(one.right / one.tickets)
        marks.append(f'<circle class="{style}" r="4.5" cx="{x}" cy="{y}"/>')
    marks.append(_counts(bins))
    told = "; ".join(
        f"{percent(one.confidence, 0)} said, {percent(one.right / one.tickets, 0)} right" for one in filled
    )
    title = "Confidence against the share of right proposals"
    return _svg(name, title, f"By tenth of confidence: {told}.", 460, 482, marks)


def _counts(bins: Sequence[Bin]) -> str:
    below = Plane(52, 404, 390, 56, 1.0, float(max(1, *(one.tickets for one in bins))))
    marks = [f'<text class="axis middle" x="{below.left + below.width / 2}" y="478">tickets</text>']
    for one in bins:
        x, y = below.x(one.low) + 3, below.y(one.tickets)
        height = max(below.y(0) - y, 1)
        marks.append(f'<rect class="count" x="{x:.1f}" y="{y}" width="33" height="{height:.1f}" rx="2"/>')
        marks.append(f'<text class="tick middle" x="{x + 16.5:.1f}" y="{y - 5:.1f}">{one.tickets:,}</text>')
    return "".join(marks)


def _svg(name: str, title: str, words: str, width: int, height: int, marks: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-words">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-words">{escape(words)}</desc>'
        f"{''.join(marks)}</svg>"
    )


def _scale(
    ours: Curve, point: tuple[float, float] | None, rules: Sequence[Baseline], max_wrong: float
) -> tuple[float, float]:
    """The distance of the grid's lines, and the highest wrong share drawn: above everything that matters."""
    heights = [1.7 * max_wrong, *(1.1 * (rule.wrong_rate or 0) for rule in rules), 1.1 * point[1] if point else 0]
    if len(ours.sizes):
        heights.append(1.05 * float(ours.wrong[-1]))
    wanted = min(max(heights), 1.0)
    step = next((step for step in STEPS if wanted <= MOST_LINES * step), STEPS[-1])
    return step, min(step * ceil(wanted / step - 1e-9), 1.0)


def _grid(plane: Plane, step: float, across: str, up: str) -> str:
    """Lines and numbers; up to the right end and the top in equal steps."""
    digits = 0 if step >= 0.01 and abs(step * 100 - round(step * 100)) < 1e-9 else 1 if step >= 0.005 else 2
    marks: list[str] = []
    for line in range(round(plane.top / step) + 1):
        right, y = plane.left + plane.width, plane.y(line * step)
        marks.append(f'<line class="grid" x1="{plane.left}" x2="{right}" y1="{y}" y2="{y}"/>')
        marks.append(f'<text class="tick end" x="{plane.left - 8}" y="{y + 4}">{percent(line * step, digits)}</text>')
    below = plane.upper + plane.height
    for fifth in range(6):
        x = plane.x(fifth / 5)
        marks.append(f'<text class="tick middle" x="{x}" y="{below + 19}">{percent(fifth / 5, 0)}</text>')
    middle = plane.left + plane.width / 2
    marks.append(f'<text class="axis middle" x="{middle}" y="{below + 42}">{across}</text>')
    marks.append(f'<text class="axis" x="8" y="{plane.upper - 18}">{up}</text>')
    return "".join(marks)


def _line(plane: Plane, curve: Curve) -> str:
    drawn = np.flatnonzero(curve.sizes >= min(LEAST_TICKETS, curve.total))
    if not len(drawn):
        return "M0,0"
    chosen = drawn[np.unique(np.linspace(0, len(drawn) - 1, POINTS).astype(int))]
    return plane.path(curve.coverage[chosen].tolist(), np.minimum(curve.wrong[chosen], 2 * plane.top).tolist())


def _marker(plane: Plane, shape: str, across: float, up: float) -> str:
    x, y = plane.x(across), plane.y(min(up, plane.top))
    if shape == "circle":
        return f'<circle class="rule" cx="{x}" cy="{y}" r="6"/>'
    turn = f' transform="rotate(45 {x} {y})"' if shape == "diamond" else ""
    return f'<rect class="rule" x="{x - 5.5:.1f}" y="{y - 5.5:.1f}" width="11" height="11"{turn}/>'


def _certified(plane: Plane, across: float, up: float, limit: float) -> str:
    """The certified point with its figures in two lines, clear of the line that tells the limit."""
    x, y = plane.x(across), plane.y(min(up, plane.top))
    last = y - 14 if not limit - 8 < y - 14 < limit + 46 else min(limit, y) - 12
    end = across > 0.4
    place = f'x="{x - 6 if end else x + 6}" class="point-label{" end" if end else ""}"'
    return (
        f'<line class="drop" x1="{x}" x2="{x}" y1="{y}" y2="{plane.y(0)}"/>'
        f'<circle class="ours-point" cx="{x}" cy="{y}" r="8"/>'
        f'<text {place} y="{last - 18}">certified: {percent(across)}</text>'
        f'<text {place} y="{last}">{percent(up, 2)} wrong</text>'
    )


def _curve_words(ours: Curve, point: tuple[float, float] | None, rules: Sequence[Baseline], max_wrong: float) -> str:
    said = [f"The accepted wrong share is {asked(max_wrong)}."]
    if point is not None:
        said.append(f"The certified threshold answers {percent(point[0])} with {percent(point[1], 2)} wrong.")
    if len(ours.sizes):
        said.append(f"Answering everything would be wrong in {percent(float(ours.wrong[-1]))}.")
    for rule in rules:
        said.append(f"{rule.title}: {percent(rule.coverage)} answered, {percent(rule.wrong_rate, 2)} wrong.")
    return " ".join(said)

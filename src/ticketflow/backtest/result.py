"""What a backtest found: the verdict, what it did to the test part, and its figures as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.backtest.baselines import Baseline
from ticketflow.backtest.gaps import Group, Missed
from ticketflow.backtest.reading import Reading, Ticket
from ticketflow.backtest.shares import Curve, interval, upper
from ticketflow.backtest.splitting import USUAL, Parts, Shares
from ticketflow.clock import to_iso
from ticketflow.errors import InvalidInput
from ticketflow.learning.certificate import Verdict
from ticketflow.learning.figures import auroc, calibration_error
from ticketflow.learning.judging import Judged


@dataclass(frozen=True)
class Request:
    """What is asked of a backtest. Raises InvalidInput, naming the option, for a value that makes no sense."""

    max_wrong: float = 0.05
    confidence: float = 0.95
    cost_per_ticket: float = 6.0
    shares: Shares = USUAL
    no_answer: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for option, value, example in (
            ("max-wrong", self.max_wrong, "Give 0.05 to accept that 5 % of automatic replies are wrong."),
            ("confidence", self.confidence, "Give 0.95 to be 95 % sure."),
        ):
            if not 0 < value < 1:
                raise InvalidInput(
                    f"--{option} is a share between 0 and 1, which {value:g} is not.",
                    remedy=example,
                    field=option.replace("-", "_"),
                )
        if not (isfinite(self.cost_per_ticket) and self.cost_per_ticket >= 0):
            raise InvalidInput(
                f"--cost-per-ticket cannot be {self.cost_per_ticket:g}.",
                remedy="Give what a ticket costs that a human handles, such as 6.",
                field="cost_per_ticket",
            )


@dataclass(frozen=True)
class Span:
    """The first and the last moment of a part in microseconds, None where dates did not order the tickets."""

    tickets: int
    first: int | None
    last: int | None

    def to_json(self) -> dict[str, Any]:
        """Moments as ISO 8601."""
        moments = {"from": self.first, "to": self.last}
        return {"tickets": self.tickets} | {
            name: None if moment is None else to_iso(moment) for name, moment in moments.items()
        }


@dataclass(frozen=True)
class Savings:
    """What automatic replies save: a right one the cost of a ticket, a wrong one nothing, for a human has it then.

    Counts and money are for `tickets` tickets like those of the test part.
    """

    tickets: int
    automated: float
    wrong: float
    cost_per_ticket: float

    @property
    def saved(self) -> float:
        """Money, in the currency of `cost_per_ticket`."""
        return (self.automated - self.wrong) * self.cost_per_ticket

    @property
    def spent_without(self) -> float:
        """Money that the tickets cost while a human handles each."""
        return self.tickets * self.cost_per_ticket


@dataclass(frozen=True)
class Backtest:
    """Everything found. `tickets` and `judged` (n,) are the test part in one order; `labels` name the answers.

    `certified` are the judged tickets of the middle part; `groups` and `gaps` tell what knowledge is missing.
    """

    request: Request
    reading: Reading
    parts: Parts
    spans: tuple[Span, Span, Span]
    labels: list[str]
    tickets: list[Ticket]
    certified: Judged
    judged: Judged
    verdict: Verdict
    baselines: tuple[Baseline, ...]
    gaps: list[Missed]
    groups: list[Group]
    novel_share: float
    score_version: str
    encoder: str
    seconds: float

    @cached_property
    def automated(self) -> NDArray[np.bool_]:
        """(n,) which test tickets the certified threshold answers; none after a refusal."""
        if self.verdict.threshold is None:
            return np.zeros(len(self.tickets), bool)
        return (self.judged.confidences >= self.verdict.threshold) & (self.judged.proposed >= 0)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether the first proposal is what people answered."""
        return self.judged.right

    @property
    def answered(self) -> int:
        """Test tickets that would have been answered automatically."""
        return int(self.automated.sum())

    @property
    def wrong(self) -> int:
        """Those of them that would have got a wrong answer."""
        return int((self.automated & ~self.right).sum())

    @property
    def coverage(self) -> float:
        """The share of the test part that would have been answered automatically."""
        return self.answered / len(self.tickets)

    @property
    def wrong_rate(self) -> float | None:
        """The share of the automatic replies that would have been wrong; None where there are none."""
        return self.wrong / self.answered if self.answered else None

    @property
    def wrong_upper(self) -> float | None:
        """The one-sided upper bound of `wrong_rate` at the confidence asked for."""
        return upper(self.wrong, self.answered, self.request.confidence) if self.answered else None

    @property
    def accuracy(self) -> float | None:
        """The share of right first proposals among the test tickets whose answer was known; None without any."""
        known = self.judged.truth >= 0
        return float(self.right[known].mean()) if known.any() else None

    @property
    def calibration_error(self) -> float:
        """How far, on average, the confidences lie from the share of right proposals."""
        return calibration_error(self.judged.confidences, self.right)

    @property
    def auroc_novel(self) -> float | None:
        """The chance that a ticket with a known answer gets more confidence than one without; None without both."""
        known = self.judged.truth >= 0
        found = auroc(self.judged.confidences[known], self.judged.confidences[~known])
        return found if isfinite(found) else None

    @cached_property
    def curve(self) -> Curve:
        """What every other threshold would have done with the test part."""
        return Curve.of(self.judged.confidences, self.right, self.judged.proposed >= 0)

    @property
    def unknown(self) -> int:
        """Test tickets whose answer the learn part never saw."""
        return int(sum(ticket.label is not None for ticket in self.tickets) - (self.judged.truth >= 0).sum())

    def savings(self, tickets: int = 1_000) -> Savings:
        """For so many tickets like those of the test part."""
        factor = tickets / len(self.tickets)
        return Savings(tickets, self.answered * factor, self.wrong * factor, self.request.cost_per_ticket)

    def expected(self, row: int) -> str | None:
        """What people answered to a test ticket, None where nothing may be sent."""
        return self.tickets[row].label

    def proposed(self, row: int) -> str | None:
        """The first proposal for a test ticket."""
        answer = int(self.judged.proposed[row])
        return self.labels[answer] if answer >= 0 else None

    def predictions(self) -> Iterator[dict[str, Any]]:
        """One record for each test ticket, in the order of the split."""
        for row, ticket in enumerate(self.tickets):
            yield {
                "id": ticket.id,
                "proposed": self.proposed(row),
                "score": float(self.judged.confidences[row]),
                "automated": bool(self.automated[row]),
                "right": bool(self.right[row]),
                "expected": self.expected(row),
            }

    def to_json(self) -> dict[str, Any]:
        """The figures; what there is no figure for is None."""
        verdict, request = self.verdict, self.request
        area = self.curve.area
        return {
            "status": verdict.standing.value,
            "threshold": verdict.threshold,
            "coverage": self.coverage,
            "wrong_rate": self.wrong_rate,
            "wrong_upper": self.wrong_upper,
            "n_test": len(self.tickets),
            "n_certify": len(self.certified.truth),
            "n_learn": len(self.parts.learn),
            "accuracy": self.accuracy,
            "ece": self.calibration_error,
            "aurc": area if isfinite(area) else None,
            "auroc_novel": self.auroc_novel,
            "score_version": self.score_version,
            "reason": verdict.reason,
            "needed": verdict.needed,
            "max_wrong": request.max_wrong,
            "confidence": request.confidence,
            "certificate": self._certificate(),
            "split": self._split(),
            "file": self._file(),
            "savings": self._savings(),
            "baselines": {
                rule.name: {
                    "threshold": rule.threshold,
                    "coverage": rule.coverage,
                    "wrong_rate": rule.wrong_rate,
                    "kept_promise": rule.kept,
                }
                for rule in self.baselines
            },
            "encoder": self.encoder,
            "seed": request.seed,
            "seconds": round(self.seconds, 1),
            "warnings": self.reading.warnings,
        }

    def _certificate(self) -> dict[str, Any]:
        """What the middle part showed: at the threshold or, after a refusal, where it came closest."""
        verdict = self.verdict
        return {
            "labels": verdict.labels,
            "automatic": verdict.automatic,
            "errors": verdict.errors,
            "coverage": verdict.coverage,
            "wrong_rate": verdict.wrong_share,
            "wrong_upper": verdict.upper_bound,
        }

    def _split(self) -> dict[str, Any]:
        parts, names = self.parts, ("learn", "certify", "test")
        spans = {name: span.to_json() for name, span in zip(names, self.spans, strict=True)}
        moments = [moment for span in self.spans for moment in (span.first, span.last) if moment is not None]
        return {
            "order": "time" if parts.in_time else "shuffled",
            "from": to_iso(min(moments)) if moments else None,
            "to": to_iso(max(moments)) if moments else None,
            "why": parts.why,
            **spans,
            "left_out": {"undated": parts.undated, "older": parts.older, "text_was_learned": parts.repeated},
            "texts_in_certify_and_test": parts.shared,
            "test_answers_never_learned": self.unknown,
        }

    def _file(self) -> dict[str, Any]:
        reading = self.reading
        return {
            "path": reading.source,
            "read": reading.read,
            "duplicates": reading.duplicates,
            "rejected": reading.rejected,
            "problems": reading.problems,
        }

    def _savings(self) -> dict[str, Any]:
        each = self.savings()
        return {
            "cost_per_ticket": each.cost_per_ticket,
            "per_tickets": each.tickets,
            "automated": each.automated,
            "wrong": each.wrong,
            "saved": each.saved,
            "cost_without": each.spent_without,
        }

    def coverage_interval(self) -> tuple[float, float]:
        """The two-sided interval of `coverage` at the confidence asked for."""
        return interval(self.answered, len(self.tickets), self.request.confidence)

    def wrong_interval(self) -> tuple[float, float]:
        """The two-sided interval of `wrong_rate` at the confidence asked for."""
        return interval(self.wrong, self.answered, self.request.confidence)

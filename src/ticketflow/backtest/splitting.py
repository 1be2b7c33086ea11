"""Which tickets are learned from, which certify and which test: the past before the future wherever dates tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

import numpy as np
from numpy.typing import NDArray

from ticketflow.backtest.reading import Ticket
from ticketflow.errors import InvalidFile, InvalidInput
from ticketflow.learning.refitting import MOST_CASES

DATED_SHARE = 0.8
"""From this share of dated tickets on, time orders them and the others are left out."""
EXAMPLE = "Give three shares above zero that add up to 1, such as --split 0.6,0.2,0.2."

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """The shares of the tickets to learn from, to certify with and to test on; they add up to 1."""

    learn: float
    certify: float
    test: float

    @classmethod
    def parse(cls, given: str) -> "Shares":
        """From `0.6,0.2,0.2`. Raises InvalidInput for anything else."""
        try:
            values = [float(part) for part in given.split(",")]
        except ValueError:
            values = []
        if len(values) != 3:
            raise InvalidInput(f"--split {given!r} is not three numbers.", remedy=EXAMPLE, field="split")
        if not all(0 < value < 1 for value in values):
            raise InvalidInput(
                f"--split {given!r} leaves a part without tickets, or has a share that is none.",
                remedy=EXAMPLE,
                field="split",
            )
        if not isclose(sum(values), 1, abs_tol=1e-6):
            raise InvalidInput(f"--split {given!r} adds up to {sum(values):g}.", remedy=EXAMPLE, field="split")
        return cls(*values)


USUAL = Shares(0.6, 0.2, 0.2)


@dataclass(frozen=True)
class Parts:
    """Row numbers of the tickets in each part, in order. `in_time` tells whether time ordered them; `why` says it.

    Left out were `undated` tickets, `older` ones beyond what learning takes, and `repeated` ones of the later parts
    whose text is in the learn part. `shared` texts of the test part also certify, which harms no proof.
    """

    learn: Rows
    certify: Rows
    test: Rows
    in_time: bool
    why: str
    undated: int
    older: int
    repeated: int
    shared: int


def split(tickets: Sequence[Ticket], shares: Shares, seed: int) -> Parts:
    """Order the tickets by time, equal times shuffled by `seed`, or shuffle all; then cut.

    Raises InvalidFile when a part stays empty or there is nothing to choose between in the learn part.
    """
    order, in_time, why = _ordered(tickets, np.random.default_rng(seed))
    first = round(len(order) * shares.learn)
    second = round(len(order) * (shares.learn + shares.certify))
    learn, certify, test = np.split(order, [first, second])
    known = {same_text(tickets[row]) for row in learn}
    fresh_certify = _without(certify, tickets, known)
    fresh_test = _without(test, tickets, known)
    _refuse(tickets, learn, fresh_certify, fresh_test)
    certified = {same_text(tickets[row]) for row in fresh_certify}
    return Parts(
        learn=learn[-MOST_CASES:],
        certify=fresh_certify,
        test=fresh_test,
        in_time=in_time,
        why=why,
        undated=len(tickets) - len(order),
        older=max(0, len(learn) - MOST_CASES),
        repeated=len(certify) + len(test) - len(fresh_certify) - len(fresh_test),
        shared=sum(same_text(tickets[row]) in certified for row in fresh_test),
    )


def same_text(ticket: Ticket) -> str:
    """Equal for tickets that differ in case and white space only."""
    return " ".join(ticket.text.casefold().split())


def _ordered(tickets: Sequence[Ticket], rng: np.random.Generator) -> tuple[Rows, bool, str]:
    shuffled = rng.permutation(len(tickets))
    times = [tickets[row].resolved_at for row in shuffled]
    dated = np.array([time is not None for time in times])
    count = int(dated.sum())
    if not count:
        return shuffled, False, "The file has no dates, so the tickets were shuffled."
    if count < DATED_SHARE * len(tickets):
        return shuffled, False, f"Only {count:,} of {len(tickets):,} tickets have a date, so all were shuffled."
    kept = np.array([time for time in times if time is not None], np.int64)
    if kept.min() == kept.max():
        return shuffled, False, "All tickets have the same date, so they were shuffled."
    return shuffled[dated][np.argsort(kept, kind="stable")], True, "Every part lies later in time than the one before."


def _without(rows: Rows, tickets: Sequence[Ticket], known: set[str]) -> Rows:
    return np.array([row for row in rows if same_text(tickets[row]) not in known], np.int64)


def _refuse(tickets: Sequence[Ticket], learn: Rows, certify: Rows, test: Rows) -> None:
    answers = {tickets[row].label for row in learn}
    if answers == {None}:
        raise InvalidFile(
            f"None of the {len(learn):,} tickets to learn from has an answer that may be sent.",
            remedy="Give a longer history, or a larger first share in --split.",
        )
    if len(answers) < 2:
        raise InvalidFile(
            f"All {len(learn):,} tickets to learn from have one answer, {next(iter(answers))!r}: there is nothing to "
            "choose between, and nothing to be wrong about.",
            remedy="Check the column that --answer names; a history with several answers is needed.",
        )
    for name, rows in (("certify", certify), ("test", test)):
        if not len(rows):
            raise InvalidFile(
                f"Nothing is left to {name} with: every such ticket has the text of one that was learned from, and "
                "what was learned proves nothing.",
                remedy="Give a history with more different tickets.",
            )

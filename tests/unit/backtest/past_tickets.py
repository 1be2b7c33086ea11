"""Files of past tickets whose answers can be told by their words, but for some noise."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ticketflow.backtest.result import Backtest, Request
from ticketflow.backtest.running import run
from ticketflow.knowledge.mapping import Mapping
from ticketflow.testing import HashEncoder

COLUMNS = ("number", "question", "macro", "area", "solved")
MAPPING = Mapping(id="number", text="question", answer="macro", category="area", created_at="solved")
NEVER = "by hand"
DAY = 86_400

Row = dict[str, Any]


def rows(count: int, *, answers: int = 8, never: int = 0, mixed: float = 0.04, seed: int = 0) -> list[Row]:
    """So many tickets, `never` of them for humans only, `mixed` of them with the words of another answer."""
    rng = np.random.default_rng(seed)
    made: list[Row] = []
    for number in range(count):
        hard = number < never
        label = int(rng.integers(answers))
        about = answers + int(rng.integers(3)) if hard else label
        if rng.random() < mixed:
            about = int(rng.integers(answers))
        words = [f"subject{about}x{rng.integers(6)}" for _ in range(3)]
        words += [f"common{rng.integers(40)}" for _ in range(3)]
        made.append(
            {
                "number": f"T{number}",
                "question": f"{' '.join(words)} number {number}",
                "macro": NEVER if hard else f"answer_{label}",
                "area": f"area {label % 3}",
                "solved": "",
            }
        )
    rng.shuffle(made)
    return made


def dated(given: Sequence[Row], start: int = 1_700_000_000) -> list[Row]:
    """The same, one solved each day, in their order."""
    return [{**row, "solved": str(start + place * DAY)} for place, row in enumerate(given)]


def write(path: Path, given: Sequence[Row]) -> Path:
    """As a CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(given)
    return path


def backtested(path: Path, given: Sequence[Row], **asked: Any) -> Backtest:
    """Backtest these tickets with an encoder that only knows words."""
    told: list[float] = []
    found = run(write(path, given), MAPPING, Request(**asked), HashEncoder(), lambda share, _: told.append(share))
    assert told == sorted(told)
    assert told[-1] <= 1
    return found

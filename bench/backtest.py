"""`ticketflow backtest` on public intent sets: what it proves, whether the promise holds, and what it costs to run.

"The right intent" stands for "the right answer". Prints one table with its conditions; needs ../shared/data.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from common import Bar, data, report

Rows = list[tuple[str, str]]
MEGABYTE = 1024  # ru_maxrss counts kilobytes


class Done(NamedTuple):
    """What a run of the command printed, how long it took and how much memory it held at most."""

    figures: dict[str, Any]
    seconds: float
    megabytes: float


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--short", action="store_true", help="3,000 tickets, and wide bars; under 40 s.")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bars = _short(Path(folder)) if given.short else _full(Path(folder))
    return report("Backtests by the command line", bars, as_json=given.json) if bars else 0


def _short(folder: Path) -> list[Bar]:
    rows = _banking77()
    if not rows:
        return []
    done = _run(_written(folder, _some(rows, 3_000)), "--max-wrong", "0.05")
    where = f"Banking77, {done.figures['n_test']} test tickets, 5 % setting"
    return [
        Bar("seconds", done.seconds, 60, "s", "Banking77, 3,000 rows", least=False),
        Bar("memory", done.megabytes, 600, "MB", "the same, at most", least=False),
        Bar("accuracy", done.figures["accuracy"], 0.80, "share", where),
        Bar("coverage", done.figures["coverage"], 0.30, "share", where),
        Bar("wrong share", done.figures["wrong_rate"] or 0, 0.06, "share", where, least=False),
    ]


def _full(folder: Path) -> list[Bar]:
    bars: list[Bar] = []
    banking, clinc = _banking77(), _clinc150()
    if banking:
        done = _run(_written(folder, _some(banking, 10_000)), "--max-wrong", "0.02")
        bars += [
            Bar("seconds", done.seconds, 120, "s", "Banking77, 10,000 rows, start and report included", least=False),
            Bar("memory", done.megabytes, 600, "MB", "the same, at most", least=False),
        ]
        whole = _written(folder, banking)
        for setting, coverage in ((0.02, 0.85), (0.05, 0.93)):
            done = _run(whole, "--max-wrong", str(setting))
            bars += _kept(f"Banking77, {setting:.0%} setting", done, setting, coverage)
        bars += [
            Bar("accuracy", done.figures["accuracy"], 0.93, "share", f"Banking77, learned {done.figures['n_learn']}"),
            Bar("calibration error", done.figures["ece"], 0.02, "", "Banking77", least=False),
            Bar("seconds, all", done.seconds, None, "s", f"Banking77, {done.figures['file']['read']} rows"),
            Bar("memory, all", done.megabytes, None, "MB", "the same, at most"),
        ]
    if clinc:
        done = _run(_written(folder, clinc), "--max-wrong", "0.01", "--no-answer", "oos")
        bars += _kept("CLINC150 + oos, 1% setting", done, 0.01, 0.55)
        bars += [
            Bar("accuracy in scope", done.figures["accuracy"], 0.955, "share", "CLINC150"),
            Bar("AUROC out of scope", done.figures["auroc_novel"], 0.97, "", "CLINC150"),
            Bar("calibration error", done.figures["ece"], 0.05, "", "CLINC150 + oos", least=False),
            Bar("memory", done.megabytes, None, "MB", f"CLINC150 + oos, {done.figures['file']['read']} rows"),
        ]
    return bars


def _kept(where: str, done: Done, setting: float, coverage: float) -> list[Bar]:
    """Coverage and realised wrong share of the certified threshold, and those of the usual rules beside them."""
    figures = done.figures
    bars = [
        Bar("coverage", figures["coverage"], coverage, "share", f"{where}, {figures['n_test']} test tickets"),
        Bar("wrong share", figures["wrong_rate"] or 0, setting, "share", where, least=False),
    ]
    for name, rule in figures["baselines"].items():
        bars.append(Bar(f"  {name}: coverage", rule["coverage"], None, "share", where))
        bars.append(Bar(f"  {name}: wrong", rule["wrong_rate"] or 0, None, "share", where))
    return bars


def _run(path: Path, *options: str) -> Done:
    """Run the command to its end, with a report, in a process of its own."""
    out, page = path.with_suffix(".json"), path.with_suffix(".html")
    arguments = ["backtest", str(path), "--text", "text", "--answer", "category", *options, "--report", str(page)]
    command = [sys.executable, "-m", "ticketflow", *arguments, "--json"]
    began = time.perf_counter()
    with out.open("wb") as file:
        redirected = [(os.POSIX_SPAWN_DUP2, file.fileno(), 1)]
        child = os.posix_spawn(sys.executable, command, os.environ, file_actions=redirected)
        _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return Done(json.loads(out.read_text(encoding="utf-8")), seconds, used.ru_maxrss / MEGABYTE)


def _banking77() -> Rows:
    """Train and test as one."""
    folder = data("banking77")
    if folder is None:
        return []
    rows: Rows = []
    for name in ("train.csv", "test.csv"):
        with (folder / name).open(encoding="utf-8") as file:
            rows += [(row["text"], row["category"]) for row in csv.DictReader(file)]
    return rows


def _clinc150() -> Rows:
    """Train and validation with their out-of-scope parts."""
    folder = data("clinc150")
    if folder is None:
        return []
    parts = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    return [(text, label) for name in ("train", "val", "oos_train", "oos_val") for text, label in parts[name]]


def _some(rows: Rows, count: int) -> Rows:
    chosen = np.random.default_rng(0).permutation(len(rows))[:count]
    return [rows[row] for row in chosen]


def _written(folder: Path, rows: Rows) -> Path:
    path = folder / f"{len(rows)}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "category"))
        writer.writerows(rows)
    return path


if __name__ == "__main__":
    sys.exit(main())

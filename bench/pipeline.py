"""A history imported and a test set processed by the command line, as a user would: accuracy, speed, latency.

Prints one table with its conditions. Needs the Banking77 set (see bench/README.md).
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from common import Bar, data, report, sample


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--short", action="store_true", help="A fifth of the data, and wide bars.")
    options.add_argument("--json", action="store_true")
    options.add_argument("--workers", type=int, default=3)
    given = options.parse_args()
    folder = data("banking77")
    if folder is None:
        return 0
    with tempfile.TemporaryDirectory() as home:
        train = sample(folder / "train.csv", Path(home) / "train.csv", 5 if given.short else 1)
        test = sample(folder / "test.csv", Path(home) / "test.csv", 10 if given.short else 1)
        bars = _measure(train, test, Path(home) / "home", given.workers, short=given.short)
    return report("Banking77 by the command line", bars, as_json=given.json)


def _measure(train: Path, test: Path, home: Path, workers: int, *, short: bool) -> list[Bar]:
    imported = _run("import", train, "--text", "text", "--answer", "category", "--no-refit", "--json", home=home)
    told = json.loads(imported.stdout)
    began = time.perf_counter()
    learned = _run("import", train, "--text", "text", "--answer", "category", "--json", home=home)
    refit = time.perf_counter() - began
    figures = json.loads(learned.stdout)["learned"]["figures"]
    began = time.perf_counter()
    processed = _run("process", test, "--text", "text", "--workers", str(workers), "--json", home=home)
    seconds = time.perf_counter() - began
    decided = [json.loads(line) for line in processed.stdout.splitlines()]
    with test.open(encoding="utf-8") as file:
        wanted = [row["category"] for row in csv.DictReader(file)]
    right = [(made["answer"] or {}).get("label") == label for made, label in zip(decided, wanted, strict=True)]
    times = np.array([sum(made["timings_ms"].values()) for made in decided[20:]])
    return [
        Bar(
            "top answer right", float(np.mean(right)), 0.80 if short else 0.92, "share", f"{len(right)} test questions"
        ),
        Bar(
            "import",
            told["rows_per_second"],
            100 if short else 500,
            "rows/s",
            f"{told['read']} rows, embedding included",
        ),
        Bar("refit", refit, 60, "s", f"{told['added']} cases, {told['answers_added']} answers", least=False),
        Bar("latency p50", float(np.percentile(times, 50)), None, "ms", f"{workers} processes, five steps, durable"),
        Bar("latency p95", float(np.percentile(times, 95)), 400 if short else 60, "ms", "the same", least=False),
        Bar("throughput", len(decided) / seconds, 5 if short else 60, "tickets/s", "with start-up, end to end"),
        Bar("out-of-fold accuracy", figures["accuracy"], None, "share", "what the product itself reports"),
        Bar("out-of-fold calibration error", figures["calibration_error"], None, "", "the same"),
    ]


def _run(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ticketflow", *map(str, arguments), "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")
    return done


if __name__ == "__main__":
    sys.exit(main())

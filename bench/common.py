"""What the benches share: where the data sets are, and how a figure is printed beside its bar."""

import csv
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("TICKETFLOW_SHARED", ROOT.parent / "shared"))


@dataclass(frozen=True)
class Bar:
    """A measured figure, the bar it must reach (None: only told), its unit and its conditions.

    `least` tells whether the bar is a minimum or a maximum.
    """

    name: str
    figure: float
    bar: float | None
    unit: str
    conditions: str
    least: bool = True

    @property
    def met(self) -> bool:
        """Whether the figure reaches the bar."""
        return self.bar is None or (self.figure >= self.bar if self.least else self.figure <= self.bar)


def data(name: str) -> Path | None:
    """The folder of a data set; None, with a word of explanation, where it is not at hand."""
    folder = SHARED / "data" / name
    if folder.is_dir():
        return folder
    print(f"skipped: there is no {folder}; TICKETFLOW_SHARED names the folder that holds data/")
    return None


def sample(source: Path, target: Path, every: int) -> Path:
    """Write every so many of a CSV file's rows to another file; its path."""
    with source.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows[::every])
    return target


def report(title: str, bars: list[Bar], *, as_json: bool) -> int:
    """Print the figures; 1 when one of them misses its bar."""
    if as_json:
        print(json.dumps({"title": title, "figures": [asdict(bar) | {"met": bar.met} for bar in bars]}))
    else:
        print(f"\n{title}  ({platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()})")
        for bar in bars:
            wanted = "" if bar.bar is None else f"{'>=' if bar.least else '<='} {bar.bar:g}"
            mark = "    " if bar.bar is None else "ok  " if bar.met else "MISS"
            figure = f"{bar.figure:,.0f}" if abs(bar.figure) >= 10_000 else f"{bar.figure:.4g}"
            print(f"  {mark} {bar.name:32} {figure:>10} {bar.unit:10} {wanted:10} {bar.conditions}")
    return int(not all(bar.met for bar in bars))

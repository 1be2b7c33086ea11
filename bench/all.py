"""Every bench after the other, each in a process of its own. `--short` is what CI runs: small data and wide bars."""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

FULL = (
    ("pipeline.py",),
    ("search_quality.py",),
    ("search_scale.py", "--rows", "100000"),
    ("search_scale.py", "--rows", "1000000"),
    ("startup.py",),
    ("ticket_lists.py",),
    ("decision.py",),
    ("backtest.py",),
    ("refit.py",),
    ("scale.py",),
    ("durability.py",),
    ("support_check.py",),
    ("outbound.py",),
    ("erase.py",),
    ("archive.py",),
    ("webhooks.py",),
    ("live.py",),
    ("observe.py",),
    ("safety.py",),
)
SHORT = (
    ("pipeline.py", "--short"),
    ("search_quality.py", "--queries", "600"),
    ("startup.py", "--short"),
    ("ticket_lists.py", "--short"),
    ("decision.py", "--short"),
    ("backtest.py", "--short"),
    ("durability.py", "--short"),
    ("support_check.py",),
    ("outbound.py",),
    ("erase.py", "--short"),
    ("archive.py", "--short"),
    ("webhooks.py", "--short"),
    ("live.py", "--short"),
    ("observe.py", "--rounds", "10"),
    ("safety.py", "--short"),
)


def main() -> int:
    """Run the benches; 1 when one of them missed a bar."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--short", action="store_true")
    missed: list[str] = []
    for name, *arguments in SHORT if options.parse_args().short else FULL:
        command = " ".join([name, *arguments])
        print(f"\n== bench/{command}", flush=True)
        if subprocess.run([sys.executable, str(HERE / name), *arguments], check=False).returncode != 0:
            missed.append(command)
    print(f"\nmissed a bar: {', '.join(missed)}" if missed else "\nevery bar is met")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())

"""How long a user waits: importing the package, the command's help, a serving process, and a set-up demo."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from common import Bar, report

TRIES = 5


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--short", action="store_true", help="Wide bars, for a busy machine.")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    slack = 4 if given.short else 1
    imported = min(_seconds("-c", "import ticketflow") for _ in range(TRIES)) - min(
        _seconds("-c", "pass") for _ in range(TRIES)
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shown = _seconds("-m", "ticketflow", "--help")
        began = time.perf_counter()
        told = _demo(home / "demo")
        demo = time.perf_counter() - began
        cold = sorted(_cold_start(home / "demo") for _ in range(1 if given.short else 3))
    bars = [
        Bar(
            "import ticketflow",
            imported * 1000,
            150 * slack,
            "ms",
            f"best of {TRIES}, without Python itself",
            least=False,
        ),
        Bar("ticketflow --help", shown, None, "s", "one try"),
        Bar(
            "serve, cold start",
            cold[len(cold) // 2],
            3 * slack,
            "s",
            "process start to /readyz, demo's database",
            least=False,
        ),
        Bar("demo --once", demo, 120 * slack, "s", "set-up, learning and all tickets", least=False),
        Bar("demo: answered", told["resolved"] / told["tickets"], None, "share", f"{told['tickets']} tickets"),
        Bar(
            "demo: wrong of answered", told["wrong"] / max(told["resolved"], 1), None, "share", f"{told['wrong']} wrong"
        ),
        Bar("demo: p95", told["p95_ms"], None, "ms", "all steps of a ticket"),
    ]
    return report("Waiting", bars, as_json=given.json)


def _seconds(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def _demo(home: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "ticketflow", "demo", "--once", "--json", "--home", str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _cold_start(home: Path) -> float:
    port = 18_484
    command = [sys.executable, "-m", "ticketflow", "serve", "--port", str(port), "--home", str(home)]
    began = time.perf_counter()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - began < 60:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - began
            except OSError:
                time.sleep(0.02)
        raise SystemExit("serve was not ready within a minute")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())

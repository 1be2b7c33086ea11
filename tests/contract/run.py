"""`make contract`: schemathesis over every operation of the real server. `--short` tries fewer cases, for CI.

The exit status is 1 where a check fails, an operation is left out, or none of an operation's requests succeeds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from company import Served, serving

FOLDER = Path(__file__).resolve().parent
SEED = 6
CASES = {"short": 400, "full": 8_000}  # of fuzzing, shared out among the operations; the other phases have their own
LONGEST_SECONDS = {"short": 240, "full": 600}
NEVER_TAKEN = {  # of a key, and of data that is made up; tests/api/test_api_sessions.py shows that they work
    "POST /v1/sessions",
    "DELETE /v1/sessions/current",
    "POST /v1/tickets/{ticket_id}/links",  # for want of a second ticket in the body; tests/api/test_api_ticket_life.py
    "POST /v1/tickets/{ticket_id}/merge",
    "POST /v1/intake/{source}",  # for want of a signature; tests/api/test_api_intake.py signs
}
REAL_ID_SHARE = 0.8  # of paths; the others name nothing that exists


def main(arguments: list[str]) -> int:
    """Run it, say what was covered, and give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer cases of each operation")
    parser.add_argument("--seed", type=int, default=SEED, help="where random data starts; 0 draws one")
    parser.add_argument("--keep", type=Path, help="an existing folder for configuration and reports")
    parser.add_argument("more", nargs="*", help="further options of `schemathesis run`, after --")
    asked = parser.parse_args(arguments)
    size = "short" if asked.short else "full"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="contract-") as scratch, serving(Path(scratch)) as served:
        folder = asked.keep or Path(scratch)
        config = folder / "schemathesis.toml"
        each = max(1, CASES[size] // served.operations)
        config.write_text(configuration(served, asked.seed, each), encoding="utf-8")
        status = run(served.url, config, asked.more)
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return told(report, status, time.monotonic() - began, LONGEST_SECONDS[size])


def configuration(served: Served, seed: int, cases: int) -> str:
    """What schemathesis is to do: every check and phase there is, with real ids in most paths."""
    lines = [
        f"seed = {seed}" if seed else "",
        "continue-on-failure = true",
        "cache.enabled = false",
        f'auth.openapi.api_key.bearer = "{served.key}"',
        f"generation.max-examples = {cases}",
        # A key that may do everything is never refused for itself, whatever else the check takes by default. 412: an
        # `If-Match` made up is hardly ever the state that an object is in.
        'checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "412", "413"]',
        # 413: a body of too many bytes is not read, so that nobody sees whether it fits.
        'checks.negative_data_rejection.expected-statuses = ["400", "401", "404", "405", "413", "415", "422"]',
        # It runs as a part of hooks.fitting_requests_are_taken, which knows the few refusals that are meant.
        "checks.positive_data_acceptance.enabled = false",
        'reports.json = { enabled = true, path = "report.json" }',
    ]
    for name, ids in served.ids.items():
        lines.append(f"dictionaries.{name}.values = {json.dumps(ids)}")
        lines.append(f'parameters."path.{name}" = {{ dictionary = "{name}", probability = {REAL_ID_SHARE} }}')
    return "\n".join(lines) + "\n"


def run(url: str, config: Path, more: list[str]) -> int:
    """Schemathesis' exit status; what it prints goes through."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{url}/openapi.json"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(FOLDER)}
    return subprocess.run(
        [*command, "--no-color", "--report-dir", str(config.parent), *more],
        env=environment,
        cwd=config.parent,
        check=False,
    ).returncode


def told(report: dict[str, Any], status: int, seconds: float, longest: float) -> int:
    """Print the figures; 1 where one of them is not as it must be."""
    operations, cases = report["operations"], report["test_cases"]
    taken = {
        label: sum(rate["accepted"] for rate in phases.values()) for label, phases in report["valid_rates"].items()
    }
    never = sorted(label for label, count in taken.items() if not count and label not in NEVER_TAKEN)
    phases = [name for name, phase in report["phases"].items() if phase["status"] != "skip"]
    print(f"operations       {operations['tested']} of {operations['total']}, {len(taken) - len(never)} with success")
    print(f"phases           {', '.join(phases)}")
    print(f"cases            {cases['generated']:,}, {sum(taken.values()):,} of them valid and taken")
    print(f"failures         {cases['unique_failures']}, errors {len(report['errors'])}")
    print(f"seconds          {seconds:.0f} (at most {longest:.0f})")
    for label in never:
        print(f"NEVER SUCCEEDED  {label}: seed what it needs in tests/api/seeding.py, or correct its example")
    whole = operations["tested"] == operations["total"] and len(phases) == 4
    return int(bool(status) or not whole or bool(never) or seconds > longest)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

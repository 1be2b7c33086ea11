"""A large workspace out of one database and into another: seconds, and memory that does not grow with it."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from common import Bar, report
from ticketflow import runtime as wiring
from ticketflow.archive import restoring, targets, writing
from ticketflow.clock import new_id
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.db.tables import message
from ticketflow.domain import Author
from ticketflow.runtime import Runtime
from ticketflow.store import tickets
from ticketflow.store.tickets import NewTicket
from ticketflow.testing import HashEncoder

TOGETHER = 2_000
BODY = "The parcel has not moved for a week, and nobody at the depot knows anything of it. " * 4


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tickets", type=int, default=100_000)
    options.add_argument("--short", action="store_true", help="3,000 tickets.")
    options.add_argument("--json", action="store_true")
    options.add_argument("--export", type=Path, help=argparse.SUPPRESS)  # in a process of its own
    given = options.parse_args()
    if given.export is not None:
        return _export(given.export)
    count = 3_000 if given.short else given.tickets
    with tempfile.TemporaryDirectory() as name:
        home, few = Path(name, "one"), Path(name, "few")
        _fill(home, count)
        _fill(few, 100)
        small, large = _measured(few), _measured(home)
        began = time.perf_counter()
        restored = _restore(Path(name, "two"), home / "out.zip")
        seconds = time.perf_counter() - began
    told = f"{count:,} tickets, {2 * count:,} messages"
    bars = [
        Bar("export", large["seconds"], None, "s", told),
        Bar("memory that it takes more", large["mb"] - small["mb"], 64, "MB", "than for 100 tickets", least=False),
        Bar("restore", seconds, None, "s", f"{told}, hashed vectors"),
        Bar("tickets restored", float(restored), float(count), "tickets", told),
    ]
    return report("Archive", bars, as_json=given.json)


def _opened(home: Path) -> Runtime:
    built = wiring.build(Config(home=home), encoder=HashEncoder())
    if migrations.current(built.database) is None:
        migrations.upgrade(built.database)
    return built


def _fill(home: Path, count: int) -> None:
    built = _opened(home)
    workspace_id = built.workspace().id
    for start in range(0, count, TOGETHER):
        with built.database.write() as session:
            for number in range(start, min(start + TOGETHER, count)):
                new = NewTicket(subject=f"Parcel {number}", body=f"{BODY}{number}", requester_email=f"{number}@a.org")
                made = tickets.add(session, workspace_id, new)
                said = {"author": Author.USER, "author_name": "Eve", "body": BODY, "internal": False, "headers": {}}
                row = {"workspace_id": workspace_id, "id": new_id(), "ticket_id": made.id, "created_at": session.now}
                session.execute(insert(message), {**row, **said})
    built.close()


def _measured(home: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--export", str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _export(home: Path) -> int:
    import resource

    built = _opened(home)
    workspace = built.workspace()
    began = time.perf_counter()
    with (home / "out.zip").open("wb") as file, built.database.read() as session:
        target = targets.Zip(file)
        writing.write(session, workspace, target, _quiet)
        target.close()
    seconds = time.perf_counter() - began
    told: dict[str, Any] = {"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    print(json.dumps(told))
    return 0


def _restore(home: Path, path: Path) -> int:
    built = _opened(home)
    with targets.origin_at(path) as origin:
        made = restoring.restore(built.database, built.encoder, built.workspace(), origin, "bench", _quiet)
    built.close()
    return made.counts["tickets"]


def _quiet(_share: float, _doing: str) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())

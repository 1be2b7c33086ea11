"""Makes the database that a release leaves to those after it: tests/db/kept/REVISION.db.gz.

Run once for each release, and by any release: `python tools/keep_database.py`. A small company is set up through the
command line; its last tickets are left in every state in which an upgrade may find them.
"""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "tests" / "db" / "kept"

TOPICS = {
    "Reset the password": ("I cannot sign in", "My password does not work", "The login page refuses me"),
    "Send a new lid": ("The lid of my kettle broke", "The lid does not close", "My kettle came without a lid"),
    "Refund the order": ("I want my money back", "Please refund my order", "I returned it and wait for the refund"),
}
DETAILS = ("since Monday", "again", "after the update", "— 東京", "für das Büro", "and nobody answers", "today 🙂", "")
WAITING = ("My kettle has no lid", "Refund please", "I cannot log in", "The lid broke again", "Where is my money?")


def main() -> int:
    """Write the database."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        said = [(answer, words, detail) for answer, some in TOPICS.items() for words in some for detail in DETAILS]
        cases = [
            {"id": f"old-{number}", "text": f"{words} {detail}", "answer": answer, "category": answer.split()[-1]}
            for number, (answer, words, detail) in enumerate(said)
        ]
        columns = ("--text", "text", "--answer", "answer", "--category", "category", "--id", "id")
        run("import", lines(home / "cases.jsonl", cases), *columns, home=home)
        done = [{"id": f"done-{number}", "text": words} for number, words in enumerate(TOPICS["Send a new lid"])]
        run("process", lines(home / "done.jsonl", done), "--text", "text", "--id", "id", home=home)
        leave_tickets(home)
        revision = kept(home / "ticketflow.db")
    print(f"{KEPT.relative_to(ROOT)}/{revision}.db.gz is written.")
    return 0


def leave_tickets(home: Path) -> None:
    """Tickets that nobody has decided, and runs as a worker's death, a failure and a wait leave them."""
    from ticketflow.agent import pipeline
    from ticketflow.config import Config
    from ticketflow.runtime import build
    from ticketflow.store.tickets import NewTicket

    built = build(Config(home=home))
    workspace = built.workspace()
    with built.database.write() as session:
        for number, words in enumerate(WAITING):
            pipeline.start(session, workspace.id, NewTicket(external_id=f"waiting-{number}", subject="", body=words))
    built.database.close()
    with sqlite3.connect(home / "ticketflow.db") as database:
        of = "id = (SELECT r.id FROM run r JOIN ticket t ON t.id = r.ticket_id WHERE t.external_id = ?)"
        claimed = "UPDATE run SET fence = 1, attempt = 1, due_at = due_at + 30000000 WHERE "  # its worker died
        database.execute(claimed + of, ("waiting-0",))
        failed = "UPDATE run SET fence = 2, attempt = 2, error = 'search: no', due_at = due_at + 900000 WHERE "
        database.execute(failed + of, ("waiting-1",))
        database.execute("UPDATE run SET due_at = due_at + 3600000000 WHERE " + of, ("waiting-2",))
    database.close()


def kept(file: Path) -> str:
    """Store the database and return its revision."""
    with sqlite3.connect(file) as database:
        (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{revision}.db.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    return str(revision)


def run(*arguments: str, home: Path) -> None:
    """A command of the release that is to be kept."""
    command = [sys.executable, "-m", "ticketflow", *arguments, "--home", str(home)]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")


def lines(file: Path, rows: list[dict[str, Any]]) -> str:
    """A JSONL file of the rows; its path."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(file)


if __name__ == "__main__":
    raise SystemExit(main())

"""Lists of tickets: a first and a later page under every filter, alone and together, with many tickets to list."""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from common import Bar, report
from ticketflow.clock import HOUR, SECOND, new_id
from ticketflow.config import Config
from ticketflow.db import Database, migrations
from ticketflow.db.tables import ticket, ticket_tag
from ticketflow.domain import Priority, TicketStatus, Workspace
from ticketflow.runtime import open_database
from ticketflow.store import ticket_lists, workspaces
from ticketflow.store.ticket_lists import Wanted

FULL, SHORT = 100_000, 5_000
WORST_MS = 100
REPEATS = 5

LISTS = {
    "all": Wanted(),
    "a status of most": Wanted(statuses=[TicketStatus.CLOSED]),
    "a status of few": Wanted(statuses=[TicketStatus.REOPENED]),
    "all that are open": Wanted(statuses=[one for one in TicketStatus if one not in ("resolved", "closed")]),
    "a big team": Wanted(team="support"),
    "a small team": Wanted(team="legal"),
    "an assignee": Wanted(assignee="person 7"),
    "an assignee's open ones": Wanted(assignee="person 7", statuses=[TicketStatus.ESCALATED, TicketStatus.WAITING]),
    "a requester": Wanted(requester="customer77@example.org"),
    "a requester of nobody": Wanted(requester="nobody@example.org"),
    "a category": Wanted(category="delivery"),
    "urgent": Wanted(priority=Priority.URGENT),
    "urgent in a category, open": Wanted(
        priority=Priority.URGENT, category="delivery", statuses=[TicketStatus.ESCALATED]
    ),
    "a tag of many": Wanted(tag="web"),
    "a tag of few": Wanted(tag="recall"),
    "a tag of few in a big team": Wanted(tag="recall", team="support"),
    "snoozed": Wanted(snoozed=True),
    "not snoozed in a big team": Wanted(snoozed=False, team="support"),
    "two common ones that never meet": Wanted(team="support", category="billing"),
}


def fill(database: Database, workspace: Workspace, count: int) -> None:
    """Tickets of a usual workspace: most are closed, a few people have many, and one combination never occurs."""
    rng = random.Random(1)
    now = database.clock.now()
    weights = {"closed": 90, "resolved": 5, "escalated": 3, "waiting": 1, "new": 0.5, "reopened": 0.1}
    for start in range(0, count, 1_000):
        rows: list[dict[str, Any]] = []
        tags: list[tuple[str, str]] = []
        for number in range(start, min(count, start + 1_000)):
            team = rng.choices(["support", "money", "legal"], [60, 39.9, 0.1])[0]
            row: dict[str, Any] = {
                "workspace_id": workspace.id,
                "id": new_id(),
                "external_id": None,
                "channel": "email",
                "subject": f"Ticket {number}",
                "requester_name": None,
                "requester_email": f"customer{rng.randrange(count // 4)}@example.org",
                "status": rng.choices(list(weights), list(weights.values()))[0],
                "category": "delivery" if team == "support" else "billing",
                "priority": rng.choices(list(Priority), [10, 80, 9, 1])[0],
                "language": "en",
                "sentiment": "neutral",
                "team": team,
                "assignee": f"person {rng.randrange(30)}" if rng.random() < 0.5 else None,
                "tags": ["web"] if number % 2 else [],
                "snoozed_until": now + HOUR if rng.random() < 0.002 else None,
                "merged_into": None,
                "resolved_at": None,
                "version": 1,
                "created_at": now - (count - number) * SECOND,
                "updated_at": now - (count - number) * SECOND,
            }
            rows.append(row)
            tags += [(row["id"], tag) for tag in row["tags"]]
            if number % 1_000 == 7:
                tags.append((row["id"], "recall"))
        listed = [{"workspace_id": workspace.id, "ticket_id": one, "tag": tag} for one, tag in tags]
        with database.write() as session:
            session.execute(insert(ticket), rows)
            session.execute(insert(ticket_tag), listed)


def timed(action: Callable[[], object]) -> float:
    """The median of some repeats, in milliseconds."""
    spent: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        action()
        spent.append((time.perf_counter() - began) * 1_000)
    return sorted(spent)[REPEATS // 2]


def look(database: Database, workspace: Workspace, wanted: Wanted, before: tuple[int, str] | None) -> int:
    """Read one page; how long it is."""
    with database.read() as session:
        return len(ticket_lists.page(session, workspace.id, wanted, before=before, limit=51))


def main() -> int:
    """Fill a database and time each list; 1 when one is slower than it may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    count = SHORT if options.short else FULL
    bars: list[Bar] = []
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Config(home=Path(folder)))
        migrations.upgrade(database)
        with database.write() as session:
            workspace = workspaces.ensure(session, "bench")
        fill(database, workspace, count)
        middle = (database.clock.now() - count // 2 * SECOND, "")
        for name, wanted in LISTS.items():
            first = timed(lambda wanted=wanted: look(database, workspace, wanted, None))
            later = timed(lambda wanted=wanted: look(database, workspace, wanted, middle))
            found = look(database, workspace, wanted, None)
            kept = f"{count:,} tickets, {found} on the first page; a page in the middle {later:.1f} ms"
            bars.append(Bar(name, first, WORST_MS, "ms", kept, least=False))
        database.close()
    return report("Lists of tickets", bars, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())

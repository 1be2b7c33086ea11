"""Whether TiDB ranks as SQLite does: the share of the ten best that both have in common, on the same real tickets.

`TICKETFLOW_TEST_DATABASE_URL=… python bench/same_ranking.py [--short] [--json]`; `make tidb` starts a server.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from common import ROOT, Bar, data, report
from search_quality import banking77

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "db"))

import ranking_harness

import databases
from ticketflow.clock import SystemClock
from ticketflow.db import migrations
from ticketflow.domain import ChunkKind
from ticketflow.embeddings import BundledEncoder, CachedEncoder
from ticketflow.retrieval import Filters, Source

LANGUAGES = ("en", "de", "fr")  # given to the tickets in turn, so that there is something to filter by


def main() -> int:
    """Print the overlaps; 1 when one is below its bar."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--short", action="store_true", help="2,000 tickets and 100 queries.")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    if data("banking77") is None:
        return 0
    if databases.SERVER is None:
        print("skipped: TICKETFLOW_TEST_DATABASE_URL names no TiDB")
        return 0
    held, asked = (2_000, 100) if chosen.short else (10_003, 500)
    rows, queries = ([text for text, _ in part] for part in banking77())
    rows = rows[::-1][:held]
    queries = queries[:: len(queries) // asked][:asked]
    sources = [
        Source(ChunkKind.CASE, f"case-{number}", "", text, language=LANGUAGES[number % 3])
        for number, text in enumerate(rows)
    ]
    encoder = CachedEncoder(BundledEncoder(), 20_000)
    with tempfile.TemporaryDirectory() as place:
        embedded = databases.open_url(f"sqlite:///{place}/sqlite.db", SystemClock())
        migrations.upgrade(embedded)
        server = databases.migrated(Path(place, "tidb.db"), SystemClock())
        sides = tuple(ranking_harness.filled(database, encoder, sources) for database in (embedded, server))
        plain = ranking_harness.overlaps(sides, encoder, queries, lambda _number: Filters())
        filtered = ranking_harness.overlaps(
            sides, encoder, queries, lambda number: Filters(language=LANGUAGES[number % 3])
        )
        for side in sides:
            side.database.close()
    databases.drop_all()
    conditions = f"banking77, {len(rows):,} tickets, {len(queries)} queries, {encoder.id}"
    bars = [Bar(f"overlap@10, {way}", share, 0.99, "", conditions) for way, share in plain.items()]
    bars += [
        Bar(f"overlap@10, {way}, filtered", share, 0.99, "", f"{conditions}, by language")
        for way, share in filtered.items()
    ]
    return report("The same ranking on SQLite and TiDB", bars, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())

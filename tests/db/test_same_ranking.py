"""Both databases rank the same data alike; bench/same_ranking.py measures it on real tickets."""

from itertools import product
from pathlib import Path

import ranking_harness
from search_harness import ENCODER, case

import databases
from ticketflow.clock import SystemClock
from ticketflow.db import Database, migrations
from ticketflow.retrieval import Filters

pytestmark = databases.on_tidb_only

THINGS = ("kettle", "parcel", "invoice", "login", "warranty", "card", "lid", "refund")
TROUBLES = ("never came", "leaks when it boils", "was charged twice", "stopped working", "is lost", "needs a change")
PLACES = ("", " since Monday", " in the shop", " — 東京 branch", " für die Küche", " after the update", " again")


def test_the_ten_best_are_the_same(database: Database, tmp_path: Path) -> None:
    texts = [f"My {thing} {trouble}{place}." for thing, trouble, place in product(THINGS, TROUBLES, PLACES)]
    sources = [
        case(f"c{number}", text, language=("en", "de")[number % 2], status=("open", "done", "held")[number % 3])
        for number, text in enumerate(texts)
    ]
    embedded = databases.open_url(f"sqlite:///{tmp_path}/other.db", SystemClock())
    migrations.upgrade(embedded)
    sides = (ranking_harness.filled(embedded, ENCODER, sources), ranking_harness.filled(database, ENCODER, sources))
    queries = [f"the {thing} {trouble}" for thing, trouble in product(THINGS, TROUBLES)][::2]
    for filters in (Filters(), Filters(language="de"), Filters(language="en", status="held")):
        found = ranking_harness.overlaps(sides, ENCODER, queries, lambda _number, chosen=filters: chosen)
        assert all(share >= 0.99 for share in found.values()), (filters, found)
    embedded.close()

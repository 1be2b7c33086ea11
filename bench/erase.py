"""A customer out of a company with many tickets: bytes left in the files, seconds, and how long writers waited.

Marks stand in every field of the customer's tickets; afterwards every file of the home folder is searched for them, in
plain, capitals, UTF-16, JSON escapes, hex and base64.
"""

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

from common import ROOT, Bar, report

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "db"))
sys.path.insert(0, str(ROOT / "tests" / "pipeline"))

import agent_harness
from agent_harness import TOPICS, Company, words
from erase_harness import erase, imported, marked, plant, traces

from ticketflow.agent import pipeline
from ticketflow.agent.erasing import ERASE
from ticketflow.store.tickets import NewTicket

HUNG = 20
"""Tickets of the customer that have a row in every table; the others are worked off and no more."""


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tickets", type=int, default=3_000, help="Tickets of everybody.")
    options.add_argument("--mine", type=int, default=300, help="Of them the customer's.")
    options.add_argument("--short", action="store_true", help="400 tickets, 60 of the customer.")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    tickets, mine = (400, 60) if given.short else (given.tickets, given.mine)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        company = Company(home, agent_harness.made(agent_harness.teach))
        company.set(refit_after=1_000_000, audit_share=0.5)
        _fill(company, tickets, mine)
        before = len(traces(home))
        erase(company)
        waits: list[float] = []
        began = time.perf_counter()
        _erase_beside_a_writer(company, waits)
        seconds = time.perf_counter() - began
        left = traces(home)
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) / 1e6
        company.close()
    for found in left:
        print(found)
    told = f"{mine:,} of {tickets:,} tickets, files of {size:.0f} MB"
    bars = [
        Bar("canary forms found before", float(before), 1, "forms", "so that the search finds them"),
        Bar("canary bytes found", float(len(left)), 0, "places", told, least=False),
        Bar("erasing", seconds, None, "s", f"{told}; beside a writer"),
        Bar("longest wait of the writer", max(waits) * 1_000, 2_000, "ms", f"{len(waits):,} writes", least=False),
    ]
    return report("Erase", bars, as_json=given.json)


def _fill(company: Company, tickets: int, mine: int) -> None:
    imported(company)
    plant(company, min(HUNG, mine))
    texts = [text for topic in TOPICS for text in words(topic)]
    for number in range(tickets - min(HUNG, mine)):
        theirs = NewTicket(subject="Help", body=f"{texts[number % len(texts)]} Number {number}.")
        new = marked(1_000 + number) if number < mine - HUNG else theirs
        with company.database.write() as session:
            pipeline.start(session, company.id, new)
    company.work()


def _erase_beside_a_writer(company: Company, waits: list[float]) -> None:
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            began = time.perf_counter()
            with company.database.write() as session:
                pipeline.start(session, company.id, NewTicket(body="Where is my parcel?"))
            waits.append(time.perf_counter() - began)
            over.wait(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        company.runtime.runner.run_one([ERASE])
    finally:
        over.set()
        writer.join()


if __name__ == "__main__":
    sys.exit(main())

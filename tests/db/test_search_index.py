"""The index against brute force, after any sequence of writes."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_harness import CASE, ENCODER, case, counted, drop, put

from ticketflow.clock import new_id
from ticketflow.db import Database
from ticketflow.retrieval import Filters, Search
from ticketflow.store import workspaces

NAMES = st.sampled_from([f"case-{number}" for number in range(25)])
WORDS = ["kettle", "card", "parcel", "invoice", "refund", "login", "leaks", "lost"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)
CATEGORIES = st.sampled_from(["red", "green", None])
WRITES = st.dictionaries(NAMES, st.tuples(TEXTS.map(" ".join), CATEGORIES), min_size=1, max_size=8)
STEPS = st.lists(st.one_of(WRITES, st.sets(NAMES, min_size=1, max_size=6)), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, query=TEXTS.map(" ".join), looks=st.integers(1, 3))
def test_the_index_equals_brute_force(
    database: Database, steps: list[dict[str, tuple[str, str | None]] | set[str]], query: str, looks: int
) -> None:
    with database.write() as session:
        workspace = workspaces.ensure(session, new_id())
    search = Search(database, ENCODER)
    known: dict[str, tuple[str, str | None]] = {}
    for number, step in enumerate(steps):
        if isinstance(step, dict):
            known.update(step)
            put(database, workspace, [case(name, text, category=colour) for name, (text, colour) in step.items()])
        else:
            for name in step:
                known.pop(name, None)
            drop(database, workspace, *step)
        if number % looks == 0:
            search.load()  # so that some changes come one by one and others together
    vector = ENCODER.encode([query])[0]
    for colour in (None, "red"):
        with database.read() as session:
            hits = search.neighbours(session, workspace, vector, CASE, 30, Filters(category=colour))
        right = [name for name, (_, found) in known.items() if colour in (None, found)]
        exact = ENCODER.encode([known[name][0] for name in right]) @ vector if right else np.zeros(0)
        assert {hit.source_id for hit in hits} == set(right)
        assert np.allclose([hit.similarity for hit in hits], np.sort(exact)[::-1], atol=2e-3)
    assert counted(database, workspace, search) == len(known)

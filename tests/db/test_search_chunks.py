"""Chunks as they are written: what full text and the index find follows every change, and nothing is written twice."""

import numpy as np
import pytest
from search_harness import ANSWER, CASE, ENCODER, case, drop, put
from sqlalchemy import func, select

import databases
from ticketflow.db import Database
from ticketflow.db.tables import chunk
from ticketflow.domain import Workspace
from ticketflow.retrieval import Search, Source, chunks
from ticketflow.testing import HashEncoder

LONG = "\n\n".join(
    f"Paragraph {number} speaks of topic{number}. " + "It goes on for long. " * 20 for number in range(12)
)


def worded(database: Database, workspace: Workspace, search: Search, text: str) -> list[str]:
    with database.read() as session:
        return [hit.source_id for hit in search.lexical(session, workspace, text, CASE)]


def nearest(database: Database, workspace: Workspace, search: Search, text: str) -> list[str]:
    vector = ENCODER.encode([text])[0]
    with database.read() as session:
        return [hit.source_id for hit in search.neighbours(session, workspace, vector, CASE)]


def rows(database: Database) -> list[tuple[int, str, int]]:
    with database.read() as session:
        found = session.execute(select(chunk.c.id, chunk.c.source_id, chunk.c.ordinal).order_by(chunk.c.id)).all()
    return [(row[0], row[1], row[2]) for row in found]


def test_a_written_case_is_found_by_words_and_by_meaning(database: Database, workspace: Workspace) -> None:
    search = Search(database, ENCODER)
    put(database, workspace, [case("kettle", "The kettle leaks"), case("card", "My card was declined")])
    assert worded(database, workspace, search, "leaking kettles") == ["kettle"]
    assert nearest(database, workspace, search, "card declined")[0] == "card"


def test_replacing_changes_what_is_found(database: Database, workspace: Workspace) -> None:
    search = Search(database, ENCODER)
    put(database, workspace, [case("one", "The kettle leaks"), case("two", "Parcel lost")])
    assert nearest(database, workspace, search, "kettle leaks")[0] == "one"
    put(database, workspace, [case("one", "Invoice missing")])
    assert worded(database, workspace, search, "kettle") == []
    assert worded(database, workspace, search, "invoice") == ["one"]
    assert nearest(database, workspace, search, "invoice missing")[0] == "one"


def test_deleting_forgets_in_both_halves(database: Database, workspace: Workspace) -> None:
    search = Search(database, ENCODER)
    put(database, workspace, [case("one", "The kettle leaks"), case("two", "The kettle hums")])
    assert set(nearest(database, workspace, search, "kettle")) == {"one", "two"}
    drop(database, workspace, "one")
    assert worded(database, workspace, search, "kettle") == ["two"]
    assert nearest(database, workspace, search, "kettle") == ["two"]


def test_a_source_that_became_shorter_leaves_no_chunk_behind(database: Database, workspace: Workspace) -> None:
    search = Search(database, ENCODER)
    put(database, workspace, [case("long", LONG)])
    before = rows(database)
    assert len(before) > 3
    assert worded(database, workspace, search, "topic11") == ["long"]
    put(database, workspace, [case("long", LONG[:400])])
    assert [row[2] for row in rows(database)] == [0]
    assert worded(database, workspace, search, "topic11") == []


@databases.on_sqlite_only
def test_unchanged_content_is_not_written_again(database: Database, workspace: Workspace) -> None:
    put(database, workspace, [case("one", "The kettle leaks"), case("two", "Parcel lost")])
    with database.read() as session:
        before = session.dialect.last_change(session.connection)
    put(database, workspace, [case("one", "The kettle leaks"), case("two", "Parcel lost")])
    with database.read() as session:
        assert session.dialect.last_change(session.connection) == before


def test_a_changed_attribute_keeps_the_chunk_and_moves_it_to_its_filter(
    database: Database, workspace: Workspace
) -> None:
    search = Search(database, ENCODER)
    put(database, workspace, [case("one", "The kettle leaks", category="returns")])
    before = rows(database)
    put(database, workspace, [case("one", "The kettle leaks", category="repairs")])
    assert rows(database) == before
    with database.read() as session:
        hits = search.lexical(session, workspace, "kettle", CASE)
    assert [hit.category for hit in hits] == ["repairs"]


def test_known_vectors_spare_the_encoder(database: Database, workspace: Workspace) -> None:
    put(database, workspace, [case("one", "The kettle leaks")])
    encoder = HashEncoder()
    sources = [case("one", "The kettle leaks"), case("two", "Parcel lost")]
    with database.read() as session:
        known = chunks.stored_vectors(session, workspace, encoder.id, sources)
    prepared = chunks.prepare(encoder, sources, known=known)
    assert encoder.encoded == 1
    assert np.allclose(chunks.from_bytes([prepared[0].vector])[0], ENCODER.encode(["The kettle leaks"])[0], atol=1e-3)


def test_a_chunk_of_another_encoder_is_found_by_words_alone(database: Database, workspace: Workspace) -> None:
    put(database, workspace, [case("old", "The kettle leaks")], HashEncoder(32))
    put(database, workspace, [case("new", "The kettle hums")])
    search = Search(database, ENCODER)
    assert nearest(database, workspace, search, "kettle") == ["new"]
    with database.read() as session:
        vector = ENCODER.encode(["kettle leaks"])[0]
        hits = {hit.source_id: hit for hit in search.find(session, workspace, "kettle leaks", vector=vector)}
    assert hits["old"].similarity is None
    assert hits["new"].similarity is not None


def test_a_rolled_back_write_leaves_nothing(database: Database, workspace: Workspace) -> None:
    prepared = chunks.prepare(ENCODER, [case("one", "The kettle leaks")])
    with pytest.raises(RuntimeError), database.write() as session:  # noqa: PT012  the block is the transaction
        chunks.replace(session, workspace, prepared)
        raise RuntimeError("the disk caught fire")
    search = Search(database, ENCODER)
    assert worded(database, workspace, search, "kettle") == []
    assert nearest(database, workspace, search, "kettle") == []


def test_kinds_and_bulk_have_ids_of_their_own(database: Database, workspace: Workspace) -> None:
    put(database, workspace, [case(f"case-{number}", f"text number {number}") for number in range(1_200)])
    put(database, workspace, [Source(ANSWER, "case-1", "Title", "An answer with the same id")])
    with database.read() as session:
        count, distinct = session.execute(select(func.count(), func.count(chunk.c.id.distinct()))).one()
    assert count == distinct == 1_201
    first, last = chunks.id_range(workspace, CASE)
    assert [first <= row[0] <= last for row in rows(database)] == [True] * 1_200 + [False]

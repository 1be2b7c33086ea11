"""Search that TiDB does itself, on the real server: what PyTiDB words must be what the database answers."""

from dataclasses import replace

import numpy as np
import pytest
from search_harness import CASE, ENCODER, case, put
from sqlalchemy import select

import databases
from ticketflow.db import Database, tidb_indexes
from ticketflow.db.tables import chunk
from ticketflow.db.tidb import TiDB
from ticketflow.domain import Workspace
from ticketflow.retrieval import Filters, Search
from ticketflow.retrieval.chunks import id_range
from ticketflow.retrieval.vectors import vectors_of

pytestmark = databases.on_tidb_only
TEXTS = [
    f"The {thing} {verb}" for thing in ("kettle", "lid", "parcel", "card") for verb in ("leaks", "is lost", "broke")
]


@pytest.fixture
def filled(database: Database, workspace: Workspace) -> Database:
    put(database, workspace, [case(f"c{number}", text) for number, text in enumerate(TEXTS)])
    return database


def vector_of(text: str) -> np.ndarray:
    return ENCODER.encode([text])[0]


def nearest(database: Database, workspace: Workspace, text: str, limit: int, **filters: str) -> list[int]:
    with database.read() as session:
        vectors = vectors_of(database, ENCODER)
        return vectors.nearest(session, workspace, CASE, vector_of(text), limit, Filters(**filters))


def expected(database: Database, workspace: Workspace, text: str) -> list[int]:
    """By numpy, from what is stored."""
    first, last = id_range(workspace, CASE)
    with database.read() as session:
        rows = session.execute(select(chunk.c.id, chunk.c.vector).where(chunk.c.id.between(first, last))).all()
    stored = np.stack([np.frombuffer(row.vector, "<f2").astype(np.float32) for row in rows])
    return [rows[place].id for place in np.argsort(-(stored @ vector_of(text)), kind="stable")]


def means(database: Database) -> tidb_indexes.Means:
    with database.read() as session:
        return tidb_indexes.probe(session.connection)


def test_the_nearest_are_those_of_the_stored_vectors(filled: Database, workspace: Workspace) -> None:
    for text in ("The kettle leaks", "A lost card"):
        assert nearest(filled, workspace, text, 5) == expected(filled, workspace, text)[:5]


def test_the_query_for_an_index_gives_the_same(filled: Database, workspace: Workspace) -> None:
    dialect = filled.dialect
    assert isinstance(dialect, TiDB)
    exact = nearest(filled, workspace, "The parcel is lost", 5)
    dialect._search._means = replace(means(filled), indexed=frozenset({"vector"}), vectors_ready=True)
    assert nearest(filled, workspace, "The parcel is lost", 5) == exact
    assert nearest(filled, workspace, "The parcel is lost", 50) == expected(filled, workspace, "The parcel is lost")
    assert nearest(filled, workspace, "The parcel is lost", 5, language="xx") == []


def test_a_search_sees_what_its_own_transaction_wrote(filled: Database, workspace: Workspace) -> None:
    first, last = id_range(workspace, CASE)
    vectors = vectors_of(filled, ENCODER)
    with filled.write() as session:
        session.execute(chunk.delete().where(chunk.c.id.between(first, last), chunk.c.id != first + 3))
        found = vectors.nearest(session, workspace, CASE, vector_of("The kettle leaks"), 5, Filters())
        session.connection.rollback()
    assert found == [first + 3]
    assert len(nearest(filled, workspace, "The kettle leaks", 50)) == len(TEXTS)


def test_a_search_takes_no_second_connection(filled: Database, workspace: Workspace) -> None:
    search = Search(filled, ENCODER)
    vector = vector_of("The kettle leaks")
    with filled.read() as session:
        search.find(session, workspace, "The kettle leaks", vector=vector)
        assert filled.engine.pool.checkedout() == 1  # type: ignore[attr-defined]


def test_a_cluster_without_tiflash_is_told_so_and_nothing_is_made(filled: Database) -> None:
    assert not means(filled).indexed
    assert filled.dialect.index(filled.engine, "vector", ENCODER.dimension) == []
    with filled.read() as session:
        told = filled.dialect.search_means(session.connection)
    assert told[0].startswith("TiDB v")
    assert told[1:] == [
        "vectors exactly; an HNSW index needs TiFlash, which this cluster does not have",
        "words by postings; the cluster has no full text that ranks",
    ]


def test_the_column_takes_the_dimension_that_an_index_needs(filled: Database, workspace: Workspace) -> None:
    before = nearest(filled, workspace, "The kettle leaks", 5)
    with filled.engine.connect() as connection:
        tidb_indexes._one_dimension(connection, "vector", ENCODER.dimension)
        (_, made) = connection.exec_driver_sql("SHOW CREATE TABLE chunk").one()
    assert f"`vector` vector({ENCODER.dimension}) NOT NULL" in made
    assert nearest(filled, workspace, "The kettle leaks", 5) == before
    with filled.engine.connect() as connection:  # as the next test wants it
        connection.exec_driver_sql("ALTER TABLE chunk MODIFY COLUMN vector VECTOR NOT NULL")


def test_vectors_of_another_encoder_are_named(filled: Database) -> None:
    with filled.engine.connect() as connection, pytest.raises(Exception, match="no vector of this encoder yet"):
        tidb_indexes._one_dimension(connection, "vector", ENCODER.dimension + 1)

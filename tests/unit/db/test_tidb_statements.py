"""What PyTiDB words for clusters that no test can start: HNSW and ranked full text need TiFlash or TiDB Cloud.

The statements are taken off the engine before they reach a server; no server is there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from pytidb.orm.sql.ddl import TiDBSchemaGenerator
from sqlalchemy import Engine, create_engine, event

from ticketflow.db import tidb_indexes
from ticketflow.db.tidb import TiDB
from ticketflow.db.tidb_indexes import Means
from ticketflow.db.tidb_search import TiDBSearch

CLOUD = "mysql+pymysql://u:p@gateway01.eu-central-1.prod.aws.tidbcloud.com:4000/d"
OWN = "mysql+pymysql://u:p@tidb.internal:4000/d"
NONE = Means("v8.5.6", False, False, frozenset(), False, False)
ALL = Means("v8.5.6", True, True, frozenset({"vector"}), True, True)
OFFERED = replace(NONE, indexes_vectors=True, ranks_words=True)


class Asked:
    """A connection that notes what it is asked and answers with the ids it is given, once each."""

    def __init__(self, engine: Engine, *answers: list[int]) -> None:
        self.statements: list[str] = []
        self._answers = list(answers)
        self._engine = engine

    def answer(self, wanted: Any) -> list[int]:
        compiled = wanted.compiled_vector_query_sql() if wanted._search_type == "vector" else None
        self.statements.append(" ".join((compiled or wanted.compiled_fulltext_query_sql()).split()))
        return self._answers.pop(0)


@pytest.fixture
def engine() -> Engine:
    return TiDB().engine(OWN)


def asked(monkeypatch: pytest.MonkeyPatch, engine: Engine, means: Means, *answers: list[int]) -> tuple[Any, Asked]:
    search, noted = TiDBSearch(engine), Asked(engine, *answers)
    monkeypatch.setattr(search, "_means", means)
    monkeypatch.setattr(search, "_run", lambda _connection, wanted: noted.answer(wanted))
    return search, noted


def test_without_an_index_every_vector_that_passes_the_filters_is_compared(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    search, noted = asked(monkeypatch, engine, NONE, [7, 8])
    assert search.nearest(None, (5, 9), "vector", [0.5, -0.25], {"encoder": "mini", "language": "de"}, 2) == [7, 8]
    (statement,) = noted.statements
    assert "VEC_COSINE_DISTANCE(_hit.vector, '[0.5, -0.25]') AS _distance" in statement
    assert statement.endswith(
        "FROM chunk AS _hit WHERE _hit.id >= 5 AND _hit.id <= 9 AND _hit.encoder = 'mini' AND _hit.language = 'de' "
        "ORDER BY _distance ASC LIMIT 2"
    )
    assert statement.count("SELECT") == 1


def test_the_index_is_asked_without_a_filter_and_for_more_than_wanted(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    search, noted = asked(monkeypatch, engine, ALL, [7, 8])
    assert search.nearest(None, (5, 9), "vector", [0.5, -0.25], {"encoder": "mini"}, 2) == [7, 8]
    (statement,) = noted.statements
    inner = statement[statement.index("FROM (") : statement.index(") AS candidates")]
    assert inner.endswith("FROM chunk AS _inner_hit ORDER BY _distance ASC LIMIT 20")
    assert "WHERE" not in inner  # any filter makes TiFlash compare every vector
    assert "candidates.id >= 5 AND candidates.id <= 9 AND candidates.encoder = 'mini'" in statement
    assert statement.endswith("LIMIT 2")


def test_where_the_index_leaves_too_few_all_are_compared(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    search, noted = asked(monkeypatch, engine, ALL, [7], [7, 8])
    assert search.nearest(None, (5, 9), "vector", [0.5, -0.25], {"encoder": "mini", "status": "published"}, 2) == [7, 8]
    assert ["candidates" in statement for statement in noted.statements] == [True, False]


@pytest.mark.parametrize(("limit", "fetched"), [(3, 30), (1_000, 2_000)])
def test_how_many_the_index_is_asked_for_has_a_bound(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, limit: int, fetched: int
) -> None:
    search, noted = asked(monkeypatch, engine, ALL, list(range(limit)))
    search.nearest(None, (5, 9), "vector", [1.0], {"encoder": "mini"}, limit)
    assert f"LIMIT {fetched})" in noted.statements[0]


def test_ranked_full_text_stays_within_the_workspace(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    search, noted = asked(monkeypatch, engine, ALL, [8])
    assert search.ranked(None, (5, 9), ["lost", "parcel"], 4) == [8]
    (statement,) = noted.statements
    assert statement.endswith(
        "FROM chunk AS _hit WHERE FTS_MATCH_WORD('lost parcel', _hit.terms) AND _hit.id >= 5 AND _hit.id <= 9 "
        "ORDER BY _match_score DESC LIMIT 4"
    )


def test_where_nothing_ranks_words_the_postings_are_left_to_do_it(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    search, noted = asked(monkeypatch, engine, NONE)
    assert search.ranked(None, (5, 9), ["lost"], 4) is None
    assert noted.statements == []


@contextmanager
def ddl(url: str, monkeypatch: pytest.MonkeyPatch, means: Means) -> Iterator[tuple[Engine, list[str]]]:
    """An engine that carries nothing out, and the statements it was given."""

    given: list[str] = []
    engine = create_engine(url, creator=Mock, _initialize=False)

    def take(_connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        given.append(" ".join(statement.split()))
        cursor.description = None
        return statement, parameters

    event.listen(engine, "before_cursor_execute", take, retval=True)
    monkeypatch.setattr(tidb_indexes, "probe", lambda _connection: means)
    monkeypatch.setattr(tidb_indexes, "_dimensions", lambda _connection, _column: {2})
    monkeypatch.setattr(TiDBSchemaGenerator, "_has_tiflash_replica", lambda *_: False)
    yield engine, given
    engine.dispose()


def test_a_cluster_of_ones_own_gets_a_replica_before_its_index(monkeypatch: pytest.MonkeyPatch) -> None:
    with ddl(OWN, monkeypatch, replace(OFFERED, ranks_words=False)) as (engine, given):
        (sentence,) = tidb_indexes.create(engine, "vector", 2)
    assert sentence.startswith("Vectors of 2 dimensions are indexed")
    assert given == [
        "ALTER TABLE chunk MODIFY COLUMN vector VECTOR(2) NOT NULL",
        "ALTER TABLE chunk SET TIFLASH REPLICA 1",
        "CREATE VECTOR INDEX vx_chunk_vector ON chunk ((VEC_COSINE_DISTANCE(vector))) USING HNSW",
    ]


def test_in_the_cloud_the_indexes_bring_their_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    with ddl(CLOUD, monkeypatch, OFFERED) as (engine, given):
        assert len(tidb_indexes.create(engine, "vector", 2)) == 2
    assert given[1:] == [
        "CREATE VECTOR INDEX vx_chunk_vector ON chunk ((VEC_COSINE_DISTANCE(vector))) USING HNSW "
        "ADD_COLUMNAR_REPLICA_ON_DEMAND",
        "CREATE FULLTEXT INDEX fx_chunk_terms ON chunk (terms) WITH PARSER STANDARD ADD_COLUMNAR_REPLICA_ON_DEMAND",
    ]


@pytest.mark.parametrize("means", [NONE, ALL])
def test_what_is_there_or_cannot_be_is_not_made(monkeypatch: pytest.MonkeyPatch, means: Means) -> None:
    with ddl(OWN, monkeypatch, means) as (engine, given):
        assert tidb_indexes.create(engine, "vector", 2) == []
    assert given == []


def test_an_operator_is_told_what_is_used_and_what_could_be() -> None:
    assert tidb_indexes.told(NONE) == [
        "TiDB v8.5.6",
        "vectors exactly; an HNSW index needs TiFlash, which this cluster does not have",
        "words by postings; the cluster has no full text that ranks",
    ]
    assert all("`ticketflow db index`" in sentence for sentence in tidb_indexes.told(OFFERED)[1:])
    assert "HNSW index, exact where" in tidb_indexes.told(ALL)[1]

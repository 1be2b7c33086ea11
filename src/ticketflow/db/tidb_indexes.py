"""What a TiDB cluster can do for search, and the indexes that make use of it.

A vector index needs TiFlash, ranked full text is offered by TiDB Cloud. Without them search is exact and complete all
the same: every vector in question is compared, and words come from the postings.
"""

from dataclasses import dataclass

from pytidb.orm.indexes import FullTextIndex, VectorIndex
from pytidb.orm.types import VECTOR
from pytidb.utils import TIDB_SERVERLESS_HOST_PATTERN
from sqlalchemy import BigInteger, Column, Connection, Engine, MetaData, Table, Text, text
from sqlalchemy.exc import DBAPIError

from ticketflow.errors import NotReady

VECTOR_INDEXES = {"vx_chunk_vector": "vector", "vx_chunk_second_vector": "second_vector"}
"""The column that each index is over: encoders have one or the other."""
TEXT_INDEX = "fx_chunk_terms"

_INDEXES = text("SELECT key_name FROM information_schema.tidb_indexes WHERE table_schema = database()")
_REPLICA = text(
    "SELECT count(*) FROM information_schema.tiflash_replica "
    "WHERE table_schema = database() AND table_name = 'chunk' AND available = 1"
)
_TIFLASH = text("SELECT 1 FROM information_schema.cluster_info WHERE type = 'tiflash' LIMIT 1")


@dataclass(frozen=True)
class Means:
    """What a cluster offers, and which of it is in use.

    indexes_vectors, ranks_words   it could, given the index
    indexed, text_index            the columns of vectors that have an index, and whether the words have one
    vectors_ready                  TiFlash holds what the vector index needs, so that it can be searched
    """

    version: str
    indexes_vectors: bool
    ranks_words: bool
    indexed: frozenset[str]
    text_index: bool
    vectors_ready: bool


def probe(connection: Connection) -> Means:
    """Look at what the cluster offers and what is there of it."""
    managed = TIDB_SERVERLESS_HOST_PATTERN.match(connection.engine.url.host or "") is not None
    indexes = {str(name) for name in connection.execute(_INDEXES).scalars()}
    # Looked at first: a cluster without TiFlash takes its time over the replica.
    indexed = frozenset(column for name, column in VECTOR_INDEXES.items() if name in indexes)
    return Means(
        version=str(connection.execute(text("SELECT tidb_version()")).scalar()).splitlines()[0].rpartition(" ")[2],
        indexes_vectors=managed or connection.execute(_TIFLASH).scalar() is not None,
        ranks_words=_ranks_words(connection),
        indexed=indexed,
        text_index=TEXT_INDEX in indexes,
        vectors_ready=bool(indexed) and bool(connection.execute(_REPLICA).scalar()),
    )


def told(means: Means) -> list[str]:
    """The means of a cluster, a sentence each."""
    if means.vectors_ready:
        vectors = "vectors by the HNSW index, exact where filters leave it too little"
    elif means.indexed:
        vectors = "vectors exactly, until TiFlash holds what the HNSW index needs"
    elif means.indexes_vectors:
        vectors = "vectors exactly; `ticketflow db index` makes an HNSW index"
    else:
        vectors = "vectors exactly; an HNSW index needs TiFlash, which this cluster does not have"
    if means.text_index:
        words = "words by the cluster's full text"
    elif means.ranks_words:
        words = "words by postings; `ticketflow db index` makes a full-text index"
    else:
        words = "words by postings; the cluster has no full text that ranks"
    return [f"TiDB {means.version}", vectors, words]


def create(engine: Engine, column: str, dimension: int) -> list[str]:
    """See Dialect.index. Searches go on meanwhile."""
    with engine.connect() as connection:
        means = probe(connection)
        makes_vectors = means.indexes_vectors and column not in means.indexed
        if makes_vectors:
            _one_dimension(connection, column, dimension)
    table = _chunk(column, dimension)
    done: list[str] = []
    if makes_vectors:
        name = next(name for name, indexed in VECTOR_INDEXES.items() if indexed == column)
        VectorIndex(name, table.c[column]).create(engine)
        done.append(f"Vectors of {dimension} dimensions are indexed (HNSW) as soon as TiFlash holds them.")
    if means.ranks_words and not means.text_index:
        FullTextIndex(TEXT_INDEX, table.c.terms, fts_parser="STANDARD").create(engine)
        done.append("Words are ranked by the cluster's own full text.")
    return done


def drop(engine: Engine) -> list[str]:
    """See Dialect.unindex."""
    with engine.connect() as connection:
        indexed = sorted(probe(connection).indexed)
        for column in indexed:
            name = next(name for name, of in VECTOR_INDEXES.items() if of == column)
            connection.exec_driver_sql(f"ALTER TABLE chunk DROP INDEX {name}")
            connection.exec_driver_sql(f"ALTER TABLE chunk MODIFY COLUMN {column} VECTOR {_NULLS[column]}")
    return [f"The vector index over {column} is gone: search compares every vector." for column in indexed]


_NULLS = {"vector": "NOT NULL", "second_vector": "NULL"}


def _one_dimension(connection: Connection, column: str, dimension: int) -> None:
    """Give the column the number of dimensions that an index asks for. Raises NotReady where it holds others."""
    others = _dimensions(connection, column) - {dimension}
    if others:
        raise NotReady(
            f"Some chunks have no vector of this encoder yet: theirs have {', '.join(map(str, sorted(others)))} "
            f"dimensions, not {dimension}.",
            remedy="Wait until every chunk has one; `ticketflow encoder list` tells.",
        )
    connection.exec_driver_sql(f"ALTER TABLE chunk MODIFY COLUMN {column} VECTOR({dimension}) {_NULLS[column]}")


def _dimensions(connection: Connection, column: str) -> set[int]:
    held = connection.execute(text(f"SELECT DISTINCT vec_dims({column}) FROM chunk WHERE {column} IS NOT NULL"))
    return {int(found) for found in held.scalars()}


def _chunk(column: str, dimension: int) -> Table:
    vector = Column(column, VECTOR(dimension))
    return Table("chunk", MetaData(), Column("id", BigInteger, primary_key=True), Column("terms", Text), vector)


def _ranks_words(connection: Connection) -> bool:
    try:
        connection.execute(text("SELECT fts_match_word('word', terms) FROM chunk LIMIT 0"))
    except DBAPIError as error:
        return "does not exist" not in str(error.orig)
    return True

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

VECTOR_INDEX, TEXT_INDEX = "vx_chunk_vector", "fx_chunk_terms"

_INDEXES = text("SELECT key_name FROM information_schema.tidb_indexes WHERE table_schema = database()")
_REPLICA = text(
    "SELECT count(*) FROM information_schema.tiflash_replica "
    "WHERE table_schema = database() AND table_name = 'chunk' AND available = 1"
)
_TIFLASH = text("SELECT 1 FROM information_schema.cluster_info WHERE type = 'tiflash' LIMIT 1")
_DIMENSIONS = text("SELECT DISTINCT vec_dims(vector) FROM chunk")


@dataclass(frozen=True)
class Means:
    """What a cluster offers, and which of it is in use.

    indexes_vectors, ranks_words   it could, given the index
    vector_index, text_index       the index is there
    vectors_ready                  and TiFlash holds what it needs, so that it can be searched
    """

    version: str
    indexes_vectors: bool
    ranks_words: bool
    vector_index: bool
    text_index: bool
    vectors_ready: bool


def probe(connection: Connection) -> Means:
    """Look at what the cluster offers and what is there of it."""
    managed = TIDB_SERVERLESS_HOST_PATTERN.match(connection.engine.url.host or "") is not None
    indexes = {str(name) for name in connection.execute(_INDEXES).scalars()}
    indexed = VECTOR_INDEX in indexes  # asked first: a cluster without TiFlash takes its time over the replica
    return Means(
        version=str(connection.execute(text("SELECT tidb_version()")).scalar()).splitlines()[0].rpartition(" ")[2],
        indexes_vectors=managed or connection.execute(_TIFLASH).scalar() is not None,
        ranks_words=_ranks_words(connection),
        vector_index=indexed,
        text_index=TEXT_INDEX in indexes,
        vectors_ready=indexed and bool(connection.execute(_REPLICA).scalar()),
    )


def told(means: Means) -> list[str]:
    """The means of a cluster, a sentence each."""
    if means.vectors_ready:
        vectors = "vectors by the HNSW index, exact where filters leave it too little"
    elif means.vector_index:
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


def create(engine: Engine, dimension: int) -> list[str]:
    """See Dialect.index. Raises NotReady where vectors of several encoders are stored. Searches go on meanwhile."""
    with engine.connect() as connection:
        means = probe(connection)
        makes_vectors = means.indexes_vectors and not means.vector_index
        if makes_vectors:
            _one_dimension(connection, dimension)
    table = _chunk(dimension)
    done: list[str] = []
    if makes_vectors:
        VectorIndex(VECTOR_INDEX, table.c.vector).create(engine)
        done.append(f"Vectors of {dimension} dimensions are indexed (HNSW) as soon as TiFlash holds them.")
    if means.ranks_words and not means.text_index:
        FullTextIndex(TEXT_INDEX, table.c.terms, fts_parser="STANDARD").create(engine)
        done.append("Words are ranked by the cluster's own full text.")
    return done


def _one_dimension(connection: Connection, dimension: int) -> None:
    """Give the column the number of dimensions that an index asks for."""
    others = _dimensions(connection) - {dimension}
    if others:
        raise NotReady(
            f"Chunks of another encoder are stored, with {', '.join(map(str, sorted(others)))} dimensions.",
            remedy="Embed everything with one encoder first.",
        )
    connection.exec_driver_sql(f"ALTER TABLE chunk MODIFY COLUMN vector VECTOR({dimension}) NOT NULL")


def _dimensions(connection: Connection) -> set[int]:
    return {int(dimension) for dimension in connection.execute(_DIMENSIONS).scalars()}


def _chunk(dimension: int) -> Table:
    columns = [Column("id", BigInteger, primary_key=True), Column("terms", Text), Column("vector", VECTOR(dimension))]
    return Table("chunk", MetaData(), *columns)


def _ranks_words(connection: Connection) -> bool:
    try:
        connection.execute(text("SELECT fts_match_word('word', terms) FROM chunk LIMIT 0"))
    except DBAPIError as error:
        return "does not exist" not in str(error.orig)
    return True

"""Search that TiDB does itself, through PyTiDB: nearest vectors, and ranked full text on clusters that have it.

PyTiDB only words the queries. They run on the caller's connection, inside its transaction; vectors come ready made.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pytidb import TiDBClient
from pytidb.client import SESSION
from pytidb.orm.types import VECTOR
from pytidb.schema import FullTextField, TableModel, VectorField
from pytidb.search import Search
from pytidb.table import Table
from sqlalchemy import BigInteger, Column, Connection, Engine, Text
from sqlalchemy.orm import Session, deferred
from sqlmodel import Field

from ticketflow.db import tidb_indexes
from ticketflow.db.dialect import IdRange

OVERFETCH = 10  # neighbours that the vector index is asked for a wanted one: it knows no filter
MOST_FETCHED = 2_000

# Compared, never fetched.
_TERMS, _VECTOR, _SECOND = Column("terms", Text), Column("vector", VECTOR()), Column("second_vector", VECTOR())


class _Chunk(TableModel):
    """The columns of the chunk table that a search reads or filters by; what it finds are ids."""

    __tablename__: Any = "chunk"
    __mapper_args__: Any = {"properties": {column.name: deferred(column) for column in (_TERMS, _VECTOR, _SECOND)}}

    id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    encoder: str
    second_encoder: str | None = None
    status: str | None = None
    category: str | None = None
    language: str | None = None
    answer_id: str | None = None
    terms: str = FullTextField(index=False, sa_column=_TERMS)
    vector: Any = VectorField(1, index=False, sa_column=_VECTOR)
    second_vector: Any = VectorField(1, index=False, sa_column=_SECOND)


class TiDBSearch:
    """The queries of one database. What its cluster can do is looked at once, at the first search."""

    def __init__(self, engine: Engine) -> None:
        self._means: tidb_indexes.Means | None = None
        self._table: Table[_Chunk] = Table(client=TiDBClient(engine, {}), schema=_Chunk)

    def nearest(
        self,
        connection: Connection,
        ids: IdRange,
        column: str,
        vector: Sequence[float],
        required: Mapping[str, str],
        limit: int,
    ) -> list[int]:
        """The chunks whose `column` is nearest to `vector` by cosine, nearest first: `limit` of them, or all there are.

        The vector index, where there is one, is asked first; where its answer leaves too few after the filters, and
        where there is none, every vector that passes them is compared.
        """
        wanted = self._table.search(list(vector)).vector_column(column).limit(limit)
        filters = {**_within(ids), **required}
        means = self._known(connection)
        if means.vectors_ready and column in means.indexed:
            fetched = min(OVERFETCH * limit, MOST_FETCHED)
            found = self._run(connection, wanted.filter(filters).num_candidate(fetched))
            if len(found) == limit:
                return found
        return self._run(connection, wanted.filter(filters, prefilter=True))

    def ranked(self, connection: Connection, ids: IdRange, terms: Sequence[str], limit: int) -> list[int] | None:
        """The chunks that the cluster's own full text ranks highest; None where it has none."""
        if not self._known(connection).text_index:
            return None
        wanted: Any = self._table.search(" ".join(terms), search_type="fulltext")
        return self._run(connection, wanted.filter(_within(ids)).limit(limit))

    def _known(self, connection: Connection) -> tidb_indexes.Means:
        if self._means is None:
            self._means = tidb_indexes.probe(connection)
        return self._means

    def _run(self, connection: Connection, wanted: Search) -> list[int]:
        # PyTiDB takes the session it finds here; its own would be a second connection and another transaction.
        with Session(bind=connection, join_transaction_mode="rollback_only") as session:
            token = SESSION.set(session)
            try:
                return [int(row[0].id) for row in wanted.to_rows()]
            finally:
                SESSION.reset(token)


def _within(ids: IdRange) -> dict[str, Any]:
    return {"id": {"$gte": ids[0], "$lte": ids[1]}}

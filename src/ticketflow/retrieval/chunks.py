"""The chunk aggregate: every row that full text and the vector index read is written here.

`prepare` computes outside of any transaction; `replace` and `delete` write inside the caller's.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy import delete as sql_delete

from ticketflow.db import Session
from ticketflow.db.tables import chunk, chunk_counter
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.embeddings import Encoder, Vectors
from ticketflow.retrieval import analyzer, chunking
from ticketflow.retrieval.chunking import Passage
from ticketflow.retrieval.encoding import ASKING, ChunkText, encode
from ticketflow.retrieval.slots import NOBODY, SLOTS, Slot, slot_of

KIND_BITS = 36  # the counter's width; the kind stands above it, the workspace's number above that
WORKSPACE_BITS = 40
BATCH = 500  # bound parameters a statement

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be found: a case, article, answer or ticket, with the attributes that searches filter by.

    The vector and the search terms are made of `title` and `text`; leave `title` empty where it repeats the text.
    """

    kind: ChunkKind
    id: str
    title: str
    text: str
    status: str | None = None
    category: str | None = None
    language: str | None = None
    answer_id: str | None = None


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """A chunk ready to be written. `vector` is little-endian float16; without one, `encoder` is NOBODY."""

    source: Source
    ordinal: int
    passage: Passage
    terms: str
    content_hash: str
    encoder: str
    vector: bytes


def id_range(workspace: Workspace, kind: ChunkKind) -> tuple[int, int]:
    """First and last chunk id that a workspace's chunks of one kind may have."""
    first = workspace.number << WORKSPACE_BITS | int(kind) << KIND_BITS
    return first, first + (1 << KIND_BITS) - 1


def embedded_text(source: Source) -> str | None:
    """What the encoder reads of a source that is a single passage, None for a longer one."""
    passages = chunking.split(source.text)
    return chunking.embedded_text(source.title, passages[0]) if len(passages) == 1 else None


def prepare(
    encoder: Encoder,
    sources: Iterable[Source],
    *,
    vectors: Mapping[str, Vectors] | None = None,
    known: Mapping[str, bytes] | None = None,
) -> list[PreparedChunk]:
    """Split, analyze and encode. At least one chunk a source, in order. Call with no transaction open.

    `vectors` holds ready vectors of `embedded_text(source)` by source id, for sources of one passage; `known` holds
    stored vectors of past tickets by content hash (see `stored_vectors`). The rest goes to the encoder.
    """
    parts = [
        (source, ordinal, passage, len(passages) > 1)
        for source in sources
        for passages in [chunking.split(source.text)]
        for ordinal, passage in enumerate(passages)
    ]
    texts = [
        ChunkText(chunking.embedded_text(source.title, passage), source.kind, source.id if several else "")
        for source, _, passage, several in parts
    ]
    digests = [content_hash(text.content) for text in texts]
    ready = {
        number: known[digest]
        for number, digest in enumerate(digests)
        if known and digest in known and texts[number].kind in ASKING
    }
    for number, (source, _, _, several) in enumerate(parts):
        if vectors and not several and source.id in vectors:
            ready[number] = to_bytes(vectors[source.id])
    missing = [number for number in range(len(parts)) if number not in ready]
    encoded = encode(encoder, [texts[number] for number in missing])
    ready.update((number, to_bytes(vector)) for number, vector in zip(missing, encoded, strict=True))
    return [
        PreparedChunk(
            source, ordinal, passage, _terms(texts[number].content), digests[number], encoder.id, ready[number]
        )
        for number, (source, ordinal, passage, _) in enumerate(parts)
    ]


def whole(encoder_id: str, source: Source, vector: Vectors | None) -> PreparedChunk:
    """A source as one chunk with a ready vector of its text, however long. For tickets, whose text is encoded once.

    None: the encoder gave no answer; the chunk waits for its vector.
    """
    passage = chunking.Passage(source.text.strip())
    content = chunking.embedded_text(source.title, passage)
    made_by, ready = (NOBODY, b"") if vector is None else (encoder_id, to_bytes(vector))
    return PreparedChunk(source, 0, passage, _terms(content), content_hash(content), made_by, ready)


def _terms(content: str) -> str:
    return " ".join(analyzer.terms(content))


def content_hash(content: str) -> str:
    """Identity of what is indexed: the text and the analyzer's version, as 64 hexadecimal digits."""
    text = f"{analyzer.VERSION}\0{content}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=32).hexdigest()


def to_bytes(vector: Vectors) -> bytes:
    """A vector as it is stored: little-endian float16."""
    return vector.astype("<f2").tobytes()


def from_bytes(rows: Sequence[bytes]) -> Vectors:
    """Stored vectors as float32, shape (n, dimension); they must be of one encoder."""
    if not rows:
        return np.empty((0, 0), np.float32)
    return np.frombuffer(b"".join(rows), "<f2").reshape(len(rows), -1).astype(np.float32)


def stored_vectors(
    session: Session, workspace: Workspace, encoder_id: str, sources: Iterable[Source]
) -> dict[str, bytes]:
    """Vectors the workspace holds already for the past tickets among these sources: `known` of `prepare`."""
    slot = slot_of(session, encoder_id)
    if slot is None:
        return {}
    hashes = {
        content_hash(chunking.embedded_text(source.title, passage))
        for source in sources
        if source.kind in ASKING
        for passage in chunking.split(source.text)
    }
    found: dict[str, bytes] = {}
    for batch in _batches(sorted(hashes)):
        rows = session.execute(
            select(chunk.c.content_hash, slot.vector).where(
                chunk.c.workspace_id == workspace.id,
                chunk.c.kind.in_([int(kind) for kind in ASKING]),
                slot.encoder == encoder_id,
                chunk.c.content_hash.in_(batch),
            )
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def replace(session: Session, workspace: Workspace, prepared: Sequence[PreparedChunk]) -> None:
    """Make these the only chunks of their sources. `prepared` holds each source whole, all of one encoder.

    Content that is unchanged is not rewritten: a changed attribute alone costs a small update and no full-text work.
    What has new content has only the vector given here; `reembedding` makes the others.
    """
    slot = slot_of(session, prepared[0].encoder) if prepared else None
    by_kind: dict[ChunkKind, dict[tuple[str, int], PreparedChunk]] = {}
    for part in prepared:
        by_kind.setdefault(part.source.kind, {})[part.source.id, part.ordinal] = part
    for kind, parts in by_kind.items():
        _replace_kind(session, workspace, kind, parts, slot)


def describe(session: Session, workspace_id: str, kind: ChunkKind, source_id: str, **attributes: str | None) -> None:
    """Change attributes of a source's chunks; their content stays, so neither words nor vector are touched."""
    session.execute(
        update(chunk)
        .where(chunk.c.workspace_id == workspace_id, chunk.c.kind == int(kind), chunk.c.source_id == source_id)
        .values(**attributes)
    )


def delete(session: Session, workspace: Workspace, kind: ChunkKind, ids: Iterable[str]) -> None:
    """Remove every chunk of these sources."""
    for batch in _batches(list(ids)):
        theirs = (chunk.c.workspace_id == workspace.id, chunk.c.kind == int(kind), chunk.c.source_id.in_(batch))
        _remove(session, session.execute(session.held(select(chunk.c.id, chunk.c.terms).where(*theirs))).all())


def _replace_kind(
    session: Session,
    workspace: Workspace,
    kind: ChunkKind,
    parts: dict[tuple[str, int], PreparedChunk],
    slot: Slot | None,
) -> None:
    surplus: list[Any] = []
    outdated: list[tuple[int, str]] = []
    changed: list[dict[str, Any]] = []
    encoded: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    new = dict(parts)
    for row in _existing(session, workspace, kind, sorted({source_id for source_id, _ in parts})):
        part = new.pop((row.source_id, row.ordinal), None)
        if part is None:
            surplus.append(row)
        elif row.content_hash != part.content_hash:
            changed.append({"row_id": row.id, **_attributes(part), **_content(part, slot)})
            outdated.append((row.id, row.terms))
        elif slot is not None and getattr(row, slot.encoder.name) != part.encoder:
            encoded.append({"row_id": row.id, **_attributes(part), **slot.filled(part.encoder, part.vector)})
        elif any(getattr(row, name) != value for name, value in _attributes(part).items()):
            moved.append({"row_id": row.id, **_attributes(part)})
    _remove(session, surplus)
    for rows in (changed, encoded, moved):
        if rows:
            names = [name for name in rows[0] if name != "row_id"]
            statement = update(chunk).where(chunk.c.workspace_id == workspace.id, chunk.c.id == bindparam("row_id"))
            session.execute(statement.values({name: bindparam(name) for name in names}), rows)
    _index_words(session, outdated, [(row["row_id"], row["terms"]) for row in changed])
    if new:
        _insert(session, workspace, kind, list(new.values()), slot)


def _existing(session: Session, workspace: Workspace, kind: ChunkKind, source_ids: list[str]) -> Iterator[Any]:
    own = ("id", "source_id", "ordinal", "content_hash", "terms")
    names = (*own, *(slot.encoder.name for slot in SLOTS), *_ATTRIBUTES)
    for batch in _batches(source_ids):
        theirs = (chunk.c.workspace_id == workspace.id, chunk.c.kind == int(kind), chunk.c.source_id.in_(batch))
        yield from session.execute(session.held(select(*(chunk.c[name] for name in names)).where(*theirs))).all()


def _remove(session: Session, rows: Sequence[Any]) -> None:
    """Delete chunks, given their ids and terms."""
    for batch in _batches(list(rows)):
        # The ids are the workspace's own; naming it too would make SQLite walk the workspace's whole index.
        session.execute(sql_delete(chunk).where(chunk.c.id.in_([row.id for row in batch])))
    _index_words(session, [(row.id, row.terms) for row in rows], [])


def _index_words(session: Session, gone: list[tuple[int, str]], new: list[tuple[int, str]]) -> None:
    session.dialect.chunks_changed(session.connection, gone, new)


def _insert(
    session: Session, workspace: Workspace, kind: ChunkKind, parts: list[PreparedChunk], slot: Slot | None
) -> None:
    first = id_range(workspace, kind)[0] + _reserve(session, workspace, kind, len(parts))
    rows = [
        {
            "id": first + number,
            "workspace_id": workspace.id,
            "kind": int(kind),
            "source_id": part.source.id,
            "ordinal": part.ordinal,
            **_attributes(part),
            **_content(part, slot),
        }
        for number, part in enumerate(parts)
    ]
    session.execute(insert(chunk), rows)
    _index_words(session, [], [(first + number, part.terms) for number, part in enumerate(parts)])


def _reserve(session: Session, workspace: Workspace, kind: ChunkKind, count: int) -> int:
    """The first of `count` counter values that nobody else gets."""
    mine = (chunk_counter.c.workspace_id == workspace.id, chunk_counter.c.kind == int(kind))
    raise_it = update(chunk_counter).where(*mine).values(last=chunk_counter.c.last + count)
    if session.execute(raise_it).rowcount == 0:
        session.insert_once(chunk_counter, {"workspace_id": workspace.id, "kind": int(kind), "last": 0})
        session.execute(raise_it)
    last = int(session.execute(select(chunk_counter.c.last).where(*mine)).scalar_one())
    return last - count + 1


_ATTRIBUTES = ("title", "status", "category", "language", "answer_id")


def _attributes(part: PreparedChunk) -> dict[str, Any]:
    return {name: getattr(part.source, name) for name in _ATTRIBUTES}


def _content(part: PreparedChunk, slot: Slot | None) -> dict[str, Any]:
    empty = {name: value for one in SLOTS for name, value in one.empty.items()}
    return {
        "heading": part.passage.heading,
        "text": part.passage.text,
        "terms": part.terms,
        "content_hash": part.content_hash,
        **empty,
        **(slot.filled(part.encoder, part.vector) if slot is not None else {}),
    }


def _batches(items: list[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]

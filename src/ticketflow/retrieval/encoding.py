"""Texts of chunks to an encoder, each in its role: what asks is a query, what answers a passage of its document."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ticketflow.domain import ChunkKind
from ticketflow.embeddings import Encoder, Role, Vectors

ASKING = {ChunkKind.CASE, ChunkKind.TICKET}


@dataclass(frozen=True, slots=True)
class ChunkText:
    """What an encoder reads for a chunk. `document` names the source where that has several chunks, else is empty."""

    content: str
    kind: ChunkKind
    document: str = ""


def encode(encoder: Encoder, texts: Sequence[ChunkText]) -> Vectors:
    """One vector a text, shape (n, dimension). The chunks of a document stand beside each other, in their order."""
    vectors = np.empty((len(texts), encoder.dimension), np.float32)
    groups: dict[tuple[Role, str], list[int]] = {}
    for number, text in enumerate(texts):
        groups.setdefault(_group(text), []).append(number)
    for (role, _), numbers in groups.items():
        vectors[numbers] = encoder.encode([texts[number].content for number in numbers], role)
    return vectors


def _group(text: ChunkText) -> tuple[Role, str]:
    if text.kind in ASKING:
        return Role.QUERY, ""
    return (Role.DOCUMENT, text.document) if text.document else (Role.PASSAGE, "")

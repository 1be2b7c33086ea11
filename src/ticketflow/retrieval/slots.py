"""Which of a chunk's two columns for vectors an encoder's stand in. Each slot names the encoder that filled it.

Whoever reads a vector names its encoder, so vectors of two encoders never meet, whatever is switched meanwhile.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, select

from ticketflow.db import Session
from ticketflow.db.tables import chunk, encoder

NOBODY = ""
"""The encoder of what has no vector."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A pair of columns of the chunk table."""

    number: int
    encoder: Column[Any]
    vector: Column[Any]

    @property
    def empty(self) -> dict[str, Any]:
        """The columns' values where there is no vector."""
        nothing = (NOBODY, b"") if self.number == 0 else (None, None)  # the first slot's columns are older than slots
        return dict(zip((self.encoder.name, self.vector.name), nothing, strict=True))

    def filled(self, encoder_id: str, vector: Any) -> dict[str, Any]:
        """The columns' values with a vector."""
        return {self.encoder.name: encoder_id, self.vector.name: vector}


SLOTS = (Slot(0, chunk.c.encoder, chunk.c.vector), Slot(1, chunk.c.second_encoder, chunk.c.second_vector))

_TAKEN = select(encoder.c.id, encoder.c.slot)


def slot_of(session: Session, encoder_id: str) -> Slot | None:
    """The slot of an encoder, None where it has none (any more). Before the first switch any encoder has the first."""
    taken = {row.id: row.slot for row in session.execute(_TAKEN)}  # one query: searches and writes ask this
    if encoder_id in taken:
        return SLOTS[taken[encoder_id]]
    return SLOTS[0] if encoder_id and not taken else None

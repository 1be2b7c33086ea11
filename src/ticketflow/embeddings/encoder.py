"""What the product asks of a sentence encoder. Who implements it: `bundled`, `remote`, and the fakes in `testing`."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Sentence vectors, shape (n, dimension), each of length one."""


class Role(StrEnum):
    """What a text is to the search. Encoders that know no difference ignore it."""

    QUERY = "query"  # a ticket, and a past one: both ask
    PASSAGE = "passage"  # an article or an answer: what is asked for
    DOCUMENT = "document"  # the passages of one document in their order: each may be read in the light of the others


class Space(Protocol):
    """What vectors belong to, where none have to be made."""

    @property
    def id(self) -> str:
        """Names encoder and version, at most 64 characters; vectors of different ids are never compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...


class Encoder(Space, Protocol):
    """Turns texts into vectors whose dot product is their similarity. Safe to call from several threads."""

    def encode(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        """One unit vector a text, shape (len(texts), dimension), float32.

        But for DOCUMENT, a text's vector depends on it and its role alone. Raises EncoderUnavailable when one that
        is asked over a network gives no answer.
        """
        ...

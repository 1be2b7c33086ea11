"""What the product asks of a sentence encoder. Who implements it: `bundled`, and the fakes in `testing`."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Sentence vectors, shape (n, dimension), each of length one."""


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their similarity. Safe to call from several threads."""

    @property
    def id(self) -> str:
        """Names encoder and version, at most 64 characters; vectors of different ids are never compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (len(texts), dimension), float32. A text's vector depends on it alone."""
        ...

"""Fakes inside the process: a clock that stands still, an encoder that needs no model."""

import hashlib
from collections.abc import Sequence

import numpy as np

from ticketflow.clock import SECOND
from ticketflow.embeddings import Role, Vectors
from ticketflow.retrieval.analyzer import terms


class FrozenClock:
    """A clock that stands still until it is told to advance."""

    def __init__(self, now: int = 1_700_000_000 * SECOND) -> None:
        self._now = now

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self._now += round(seconds * SECOND)


class HashEncoder:
    """Texts that share words are similar: the sum of a fixed pseudo-random vector per term, made of unit length."""

    def __init__(self, dimension: int = 64) -> None:
        self.id = f"hash-{dimension}"
        self.dimension = dimension
        self.encoded = 0  # how many texts it was asked for, so that a test can count
        self._words: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        """See embeddings.Encoder.encode."""
        self.encoded += len(texts)
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([self._one(text) for text in texts])

    def _one(self, text: str) -> Vectors:
        total = sum((self._word(term) for term in terms(text)), start=self._word("") * 0.01)
        return (total / np.linalg.norm(total)).astype(np.float32)

    def _word(self, term: str) -> Vectors:
        if term not in self._words:
            seed = int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "little")
            self._words[term] = np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return self._words[term]

"""An encoder that remembers: no text is encoded twice while it is among the latest `size` texts."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np

from ticketflow.embeddings.encoder import Encoder, Role, Vectors

_Row = Vectors

Told = Callable[[str, int, float, bool], None]
"""Hears of each call: the encoder's id, how many texts, the seconds it took, and whether it gave vectors."""


class CachedEncoder:
    """Least recently used of `size` vectors by content hash (about 1.7 KB each at 384 dimensions). Thread-safe.

    Threads that ask for the same new text at the same time wait for the first one's answer.
    """

    def __init__(self, encoder: Encoder, size: int = 20_000, told: Told | None = None) -> None:
        self.encoder = encoder
        self.id = encoder.id
        self.dimension = encoder.dimension
        self._size = size
        self._told = told
        self._lock = threading.Lock()
        self._rows: OrderedDict[bytes, Future[_Row]] = OrderedDict()

    def encode(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        """See Encoder.encode. The passages of a document are not remembered: they depend on one another."""
        if role is Role.DOCUMENT:
            return self.ask(texts, role)
        keys = [_key(text, role) for text in texts]
        wanted, new = self._claim(keys, texts)
        if new:
            self._fill(wanted, new, role)
        if not keys:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([wanted[key].result() for key in keys])

    def ask(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        """See Encoder.encode; nothing is remembered, and what is remembered does not count."""
        began, succeeded = time.perf_counter(), False
        try:
            vectors = self.encoder.encode(texts, role)
            succeeded = True
            return vectors
        finally:
            if self._told is not None:
                self._told(self.id, len(texts), time.perf_counter() - began, succeeded)

    def forget(self) -> None:
        """Remember nothing: texts were erased, and their vectors tell of them."""
        with self._lock:
            self._rows.clear()

    def _claim(self, keys: list[bytes], texts: Sequence[str]) -> tuple[dict[bytes, Future[_Row]], dict[bytes, str]]:
        wanted: dict[bytes, Future[_Row]] = {}
        new: dict[bytes, str] = {}
        with self._lock:
            for key, text in zip(keys, texts, strict=True):
                row = self._rows.get(key)
                if row is None:
                    row = self._rows[key] = Future()
                    new[key] = text
                else:
                    self._rows.move_to_end(key)
                wanted[key] = row
            while len(self._rows) > self._size:
                self._rows.popitem(last=False)
        return wanted, new

    def _fill(self, wanted: dict[bytes, "Future[_Row]"], new: dict[bytes, str], role: Role) -> None:
        try:
            vectors = self.ask(list(new.values()), role)
        except BaseException as error:
            with self._lock:
                for key in new:
                    self._rows.pop(key, None)
            for key in new:
                wanted[key].set_exception(error)
            raise
        for key, vector in zip(new, vectors, strict=True):
            wanted[key].set_result(vector.copy())  # a view would keep the whole batch alive


def _key(text: str, role: Role) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16, person=role.value.encode()).digest()

"""The cache: nothing is encoded twice, threads share work, failures are not remembered."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from ticketflow.embeddings import CachedEncoder, Role, Vectors
from ticketflow.testing import HashEncoder


class SlowEncoder(HashEncoder):
    """Waits until it is let go; fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go, self.fail = threading.Event(), threading.Event(), False

    def encode(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        self.begun.set()
        assert self.go.wait(10)
        if self.fail:
            raise ValueError("out of memory")
        return super().encode(texts)


def test_no_text_is_encoded_twice() -> None:
    inner = HashEncoder()
    cached = CachedEncoder(inner)
    first = cached.encode(["kettle", "card", "kettle"])
    second = cached.encode(["card", "kettle"])
    assert inner.encoded == 2
    assert np.array_equal(first[[1, 0]], second)
    assert np.array_equal(first[0], inner.encode(["kettle"])[0])


def test_the_longest_unused_is_forgotten_first() -> None:
    inner = HashEncoder()
    cached = CachedEncoder(inner, size=2)
    cached.encode(["one", "two"])
    cached.encode(["one"])
    cached.encode(["three"])
    assert inner.encoded == 3
    cached.encode(["one"])
    assert inner.encoded == 3
    cached.encode(["two"])
    assert inner.encoded == 4


def test_more_texts_than_fit_are_all_answered() -> None:
    cached = CachedEncoder(HashEncoder(), size=3)
    texts = [f"text{number}" for number in range(10)]
    assert np.array_equal(cached.encode(texts), HashEncoder().encode(texts))
    assert cached.encode([]).shape == (0, 64)


def test_threads_wait_for_each_others_work() -> None:
    inner = SlowEncoder()
    cached = CachedEncoder(inner)
    found: list[Vectors] = []
    threads = [threading.Thread(target=lambda: found.append(cached.encode(["kettle"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert inner.begun.wait(10)
    inner.go.set()
    for thread in threads:
        thread.join()
    assert inner.encoded == 1
    assert len(found) == 4


def test_a_failure_is_raised_and_not_remembered() -> None:
    inner = SlowEncoder()
    inner.go.set()
    inner.fail = True
    cached = CachedEncoder(inner)
    with pytest.raises(ValueError, match="memory"):
        cached.encode(["kettle"])
    inner.fail = False
    assert cached.encode(["kettle"]).shape == (1, 64)

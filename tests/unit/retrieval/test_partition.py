"""The int8 matrix: right against brute force across blocks, filters, growth, deletion and both ways of multiplying."""

import numpy as np
import pytest

from ticketflow.retrieval import partition
from ticketflow.retrieval.filters import ATTRIBUTES
from ticketflow.retrieval.partition import Batch, Partition

DIMENSION = 32


def batch(ids: np.ndarray, seed: int = 0) -> Batch:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((len(ids), DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes = random.integers(1, 4, (len(ids), len(ATTRIBUTES))).astype(np.int32)
    return Batch(ids.astype(np.int64), vectors, codes)


def recall(rows: Partition, held: Batch, allowed: np.ndarray, required: dict[int, int]) -> float:
    query = batch(np.arange(1), seed=99).vectors[0].astype(np.float32)
    ids, scores = rows.best(query, 40, required)
    exact = np.where(allowed, held.vectors @ query, -9)
    best = held.ids[np.argsort(-exact)[: min(10, int(allowed.sum()))]]
    assert np.allclose(scores, (held.vectors @ query)[np.searchsorted(held.ids, ids)], atol=0.03)
    assert allowed[np.searchsorted(held.ids, ids)].all()
    return len({*best.tolist()} & {*ids.tolist()}) / len(best)


@pytest.fixture(params=["fastest", "numpy"])
def dots(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "numpy":
        monkeypatch.setattr(partition, "_dots", partition._numpy_dots)


@pytest.mark.usefixtures("dots")
def test_nearest_across_blocks_and_growth() -> None:
    held = batch(np.arange(0, 140_000, 2))
    rows = Partition(DIMENSION)
    for start in range(0, 70_000, 9_000):
        rows.put(Batch(*(part[start : start + 9_000] for part in (held.ids, held.vectors, held.codes))))
    assert len(rows) == 70_000
    assert recall(rows, held, np.ones(70_000, bool), {}) == 1
    assert recall(rows, held, held.codes[:, 1] == 2, {1: 2}) == 1
    few = (held.codes == 3).all(axis=1)
    assert recall(rows, held, few, dict.fromkeys(range(len(ATTRIBUTES)), 3)) == 1
    assert len(rows.best(held.vectors[0], 5, {0: -1})[0]) == 0


def test_a_query_unlike_everything_still_finds_everything() -> None:
    held = batch(np.arange(20))
    rows = Partition(DIMENSION)
    rows.put(Batch(held.ids, np.tile(held.vectors[:1], (20, 1)), held.codes))
    ids, scores = rows.best(-held.vectors[0], 64, {})
    assert sorted(ids.tolist()) == held.ids.tolist()
    assert np.allclose(scores, -1, atol=0.02)


def test_removed_rows_are_not_found_and_their_memory_comes_back() -> None:
    held = batch(np.arange(10_000))
    rows = Partition(DIMENSION)
    rows.put(held)
    before = rows.nbytes
    gone = held.ids % 10 != 3
    rows.remove(held.ids[gone][:1_000])
    rows.remove(held.ids[gone])
    rows.remove(np.array([77_777]))
    assert rows.ids().tolist() == held.ids[~gone].tolist()
    assert rows.nbytes < before / 4
    assert recall(rows, held, ~gone, {}) == 1


def test_overwriting_reviving_and_late_low_ids() -> None:
    held = batch(np.arange(100, 400))
    rows = Partition(DIMENSION)
    rows.put(batch(held.ids[::2], seed=5))
    rows.remove(held.ids[:20:2])
    rows.put(Batch(held.ids[::2], held.vectors[::2], held.codes[::2]))
    rows.put(Batch(held.ids[1::2], held.vectors[1::2], held.codes[1::2]))
    assert rows.ids().tolist() == held.ids.tolist()
    assert recall(rows, held, np.ones(300, bool), {}) == 1
    known, right = rows.matching(np.array([99, 100, 399, 400]), {0: int(held.codes[0, 0])})
    assert known.tolist() == [False, True, True, False]
    assert right[1]


def test_vectors_of_any_range_keep_their_order() -> None:
    rows = Partition(DIMENSION)
    spiky = np.eye(DIMENSION, dtype=np.float32)
    rows.put(Batch(np.arange(DIMENSION), spiky, np.zeros((DIMENSION, len(ATTRIBUTES)), np.int32)))
    ids, scores = rows.best(spiky[7], 1, {})
    assert ids.tolist() == [7]
    assert scores[0] == pytest.approx(1, abs=0.01)

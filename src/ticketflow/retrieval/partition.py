"""One workspace's vectors of one kind: an int8 matrix, grown by doubling, scanned in blocks.

Not thread-safe for writers, which its index keeps apart; readers work on the last published view and never wait.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ticketflow.retrieval.filters import ATTRIBUTES

BLOCK = 32_768  # rows whose scores stay in the cache between the two passes over them
GATHER_BELOW = 0.15  # share of rows under which picking them out is cheaper than scanning all
COMPACT_ABOVE = 0.25  # share of dead rows at which the matrix is written anew

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to add: ids (n), float vectors (n, dimension) and attribute codes (n, attributes)."""

    ids: Ids
    vectors: NDArray[np.float32] | NDArray[np.float16]
    codes: Codes


@dataclass(frozen=True, slots=True)
class _View:
    """What a reader sees. Rows up to `count` are filled; ids ascend; the arrays are longer than `count`."""

    ids: Ids
    matrix: NDArray[np.int8]
    scales: Scores
    codes: Codes
    alive: NDArray[np.bool_]
    count: int
    dead: int


class Partition:
    """Vectors as int8 with one scale a row, so that any encoder's range fits."""

    def __init__(self, dimension: int, capacity: int = 256) -> None:
        self._view = _empty(dimension, capacity)

    def __len__(self) -> int:
        return self._view.count - self._view.dead

    @property
    def nbytes(self) -> int:
        """Memory of the arrays in bytes."""
        view = self._view
        return sum(part.nbytes for part in (view.ids, view.matrix, view.scales, view.codes, view.alive))

    def put(self, batch: Batch) -> None:
        """Add rows, or overwrite those whose id is there. Ids in `batch` ascend and are distinct."""
        view = self._view
        rows, found = _locate(view, batch.ids)
        if found.any():
            self._overwrite(view, rows[found], batch, found)
            view = self._view
        if found.all():
            return
        new = ~found
        fresh = Batch(batch.ids[new], batch.vectors[new], batch.codes[new])
        if view.count and fresh.ids[0] < view.ids[view.count - 1]:
            self._view = self._merged(view, fresh)
        else:
            self._view = _append(_grown(view, view.count + len(fresh.ids)), fresh)

    def remove(self, ids: Ids) -> None:
        """Forget rows; ids that are not there do not matter."""
        view = self._view
        rows, found = _locate(view, ids)
        rows = rows[found]
        rows = rows[view.alive[rows]]
        if not len(rows):
            return
        view.alive[rows] = False
        dead = view.dead + len(rows)
        self._view = replace(view, dead=dead)
        if dead > COMPACT_ABOVE * view.count:
            self._view = _compacted(self._view)

    def best(self, query: Scores, limit: int, required: dict[int, int]) -> tuple[Ids, Scores]:
        """The `limit` ids nearest to the unit vector `query` with their approximate cosines, in no order.

        `required` holds the code each filtered attribute must have, by the attribute's number.
        """
        view = self._view
        if not view.count:
            return view.ids[:0], view.scales[:0]
        scaled, scale = _quantize(query[None, :])
        allowed = _allowed(view, required)
        if allowed is not None and np.count_nonzero(allowed) < GATHER_BELOW * view.count:
            rows = np.flatnonzero(allowed)
            scores = _dots(scaled, view.matrix[rows]) * view.scales[rows]
            top = _top(scores, limit)
            rows, scores = rows[top], scores[top]
        else:
            rows, scores = _scan(view, scaled, limit, allowed)
        return view.ids[rows], scores * scale[0]

    def matching(self, ids: Ids, required: dict[int, int]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """For each id: whether it is here, and whether it has the required codes."""
        view = self._view
        rows, found = _locate(view, ids)
        rows = np.where(found, rows, 0)
        found = found & view.alive[rows] if view.count else found
        right = found.copy()
        for column, code in required.items():
            right &= view.codes[rows, column] == code
        return found, right

    def ids(self) -> Ids:
        """Every id that is here, ascending."""
        view = self._view
        return view.ids[: view.count][view.alive[: view.count]]

    def _overwrite(self, view: _View, rows: NDArray[np.intp], batch: Batch, found: NDArray[np.bool_]) -> None:
        # In place: a reader that meets a half-written row gets one candidate's rough score wrong, and rescoring
        # corrects it.
        view.matrix[rows], view.scales[rows] = _quantize(batch.vectors[found])
        view.codes[rows] = batch.codes[found]
        revived = int(np.count_nonzero(~view.alive[rows]))
        view.alive[rows] = True
        self._view = replace(view, dead=view.dead - revived)

    def _merged(self, view: _View, fresh: Batch) -> _View:
        """For ids below the last one: rare, so the whole partition is put in order anew."""
        joined = _append(_grown(_compacted(view), view.count + len(fresh.ids)), fresh)
        order = np.argsort(joined.ids[: joined.count], kind="stable")
        return _picked(joined, order)


def _empty(dimension: int, capacity: int) -> _View:
    return _View(
        ids=np.zeros(capacity, np.int64),
        matrix=np.zeros((capacity, dimension), np.int8),
        scales=np.zeros(capacity, np.float32),
        codes=np.zeros((capacity, len(ATTRIBUTES)), np.int32),
        alive=np.zeros(capacity, np.bool_),
        count=0,
        dead=0,
    )


def _locate(view: _View, ids: Ids) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    known = view.ids[: view.count]
    rows = np.searchsorted(known, ids)
    inside = rows < view.count
    found = inside.copy()
    found[inside] = known[rows[inside]] == ids[inside]
    return rows, found


def _grown(view: _View, needed: int) -> _View:
    capacity = len(view.ids)
    if needed <= capacity:
        return view
    # Large partitions grow by half: doubling a million rows would hold 800 MB for a moment.
    capacity = max(needed, capacity * 2 if capacity < 100_000 else capacity * 3 // 2)
    grown = _empty(view.matrix.shape[1], capacity)
    _copy(view, grown, slice(0, view.count))
    return replace(grown, count=view.count, dead=view.dead)


def _copy(source: _View, target: _View, rows: slice | NDArray[np.intp]) -> None:
    ids = source.ids[rows]
    count = len(ids)
    target.ids[:count] = ids
    target.matrix[:count] = source.matrix[rows]
    target.scales[:count] = source.scales[rows]
    target.codes[:count] = source.codes[rows]
    target.alive[:count] = source.alive[rows]


def _picked(view: _View, rows: NDArray[np.intp]) -> _View:
    target = _empty(view.matrix.shape[1], max(256, len(rows)))
    _copy(view, target, rows)
    return replace(target, count=len(rows), dead=int(np.count_nonzero(~target.alive[: len(rows)])))


def _compacted(view: _View) -> _View:
    return _picked(view, np.flatnonzero(view.alive[: view.count])) if view.dead else view


def _append(view: _View, batch: Batch) -> _View:
    rows = slice(view.count, view.count + len(batch.ids))
    view.ids[rows] = batch.ids
    view.matrix[rows], view.scales[rows] = _quantize(batch.vectors)
    view.codes[rows] = batch.codes
    view.alive[rows] = True
    return replace(view, count=rows.stop)


def _quantize(vectors: NDArray[np.float32] | NDArray[np.float16]) -> tuple[NDArray[np.int8], Scores]:
    wide = vectors.astype(np.float32)
    scales = np.maximum(np.abs(wide).max(axis=1), np.float32(1e-9)) / np.float32(127)
    wide /= scales[:, None]
    return np.rint(wide, out=wide).astype(np.int8), scales


def _allowed(view: _View, required: dict[int, int]) -> NDArray[np.bool_] | None:
    if not required:
        return view.alive[: view.count] if view.dead else None
    allowed = view.alive[: view.count].copy()
    for column, code in required.items():
        allowed &= view.codes[: view.count, column] == code
    return allowed


def _scan(
    view: _View, query: NDArray[np.int8], limit: int, allowed: NDArray[np.bool_] | None
) -> tuple[NDArray[np.intp], Scores]:
    """Blocks against the best so far: only scores above the current `limit`-th are kept."""
    rows: list[NDArray[np.intp]] = []
    kept: list[Scores] = []
    held, floor = 0, np.float32(-np.inf)  # which is also the score of what is not allowed
    for start in range(0, view.count, BLOCK):
        block = slice(start, min(start + BLOCK, view.count))
        scores = _dots(query, view.matrix[block])
        scores *= view.scales[block]
        if allowed is not None:
            scores[~allowed[block]] = -np.inf
        better = np.flatnonzero(scores > floor)
        if not len(better):
            continue
        better = better[_top(scores[better], limit)]
        rows.append(better + start)
        kept.append(scores[better])
        held += len(better)
        if held > limit:
            joined, scores = np.concatenate(rows), np.concatenate(kept)
            top = _top(scores, limit)
            rows, kept, held = [joined[top]], [scores[top]], limit
        if held == limit:
            floor = min(part.min() for part in kept)
    if not rows:
        return np.zeros(0, np.intp), np.zeros(0, np.float32)
    return np.concatenate(rows), np.concatenate(kept)


def _top(scores: Scores, limit: int) -> NDArray[np.intp]:
    if len(scores) <= limit:
        return np.arange(len(scores))
    return np.argpartition(scores, len(scores) - limit)[len(scores) - limit :]


def _numpy_dots(query: NDArray[np.int8], rows: NDArray[np.int8]) -> Scores:
    return rows.astype(np.float32) @ query[0].astype(np.float32)


def _fastest_dots() -> Callable[[NDArray[np.int8], NDArray[np.int8]], Scores]:
    try:
        import simsimd
    except ImportError:
        return _numpy_dots

    def dots(query: NDArray[np.int8], rows: NDArray[np.int8]) -> Scores:
        if not len(rows):
            return np.zeros(0, np.float32)
        return np.asarray(simsimd.cdist(query, rows, "dot", out_dtype="float32"))[0]  # pyright: ignore

    return dots


_dots = _fastest_dots()

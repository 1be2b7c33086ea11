"""What an embeddings endpoint sent back, read by strict rules: a vector that is not what was asked for is none."""

import json
from typing import Any, cast

import numpy as np

from ticketflow.embeddings.encoder import Vectors

LEAST_LENGTH = 1e-9  # a vector that is shorter has no direction


class Unfit(Exception):
    """The answer cannot be used. `str(error)` goes on after the encoder's name, and quotes nothing of the answer."""


def read(content: bytes, count: int, dimension: int) -> Vectors:
    """The unit vectors of an answer in the order of what was asked, shape (count, dimension), float32. Raises Unfit."""
    try:
        data: Any = json.loads(content)["data"]
        by_index: dict[Any, Any] = {_whole(one["index"]): one["embedding"] for one in data}
    except (ValueError, TypeError, KeyError, RecursionError):
        # Chained, the error of the JSON reader would carry the whole answer along.
        raise Unfit("answered with something other than a list of embeddings") from None
    if len(data) != count or by_index.keys() != set(range(count)):
        raise Unfit(f"answered with {len(data)} embeddings, of which {count} in their places were asked for")
    for row in range(count):
        _check(by_index[row], dimension)
    try:
        return unit(np.array([by_index[row] for row in range(count)], np.float64))
    except OverflowError:
        raise Unfit("answered with a number beyond all bounds") from None


def unit(found: np.ndarray[Any, np.dtype[np.floating[Any]]]) -> Vectors:
    """The vectors made of length one, shape (n, dimension), float32. Raises Unfit where one has no direction."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise Unfit("answered with numbers that are not finite")
    if (lengths < LEAST_LENGTH).any():
        raise Unfit("answered with a vector of zeros")
    return (found / lengths).astype(np.float32)


def _whole(index: object) -> int:
    if type(index) is not int:  # True would pass for 1
        raise TypeError
    return index


def _check(embedding: object, dimension: int) -> None:
    if not isinstance(embedding, list):
        raise Unfit("answered with an embedding that is no list of numbers")
    numbers = cast(list[object], embedding)
    if len(numbers) != dimension:
        raise Unfit(f"answered with {len(numbers)} numbers an embedding instead of {dimension}")
    if not all(type(number) in (float, int) for number in numbers):
        raise Unfit("answered with an embedding that holds something other than numbers")

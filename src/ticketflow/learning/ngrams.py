"""Word and character n-grams of texts as hashed sparse counts, by numpy alone.

Words give 1- and 2-grams; each word, with a blank on either side, gives character 2- to 5-grams. Hashes are fixed
arithmetic (no per-process seed), so stored weights fit the same columns for ever.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

MAX_CHARACTERS = 2_000
"""Only the head of a long ticket is read: it holds the question, and one text must stay under 2 ms."""

WORD_SIZES = (1, 2)
CHARACTER_SIZES = (2, 3, 4, 5)

_PIECE = re.compile(r"\w+|[^\w\s]")
_BASE = 0x9E3779B97F4A7C15 | 1
_INVERSE = pow(_BASE, -1, 2**64)
_BLANK = 32


NgramCounts = tuple[Any, Any]
"""Word and character n-gram counts of the same n texts: two (n, buckets) CSR matrices."""


def counted(texts: Sequence[str] | NgramCounts, buckets: int) -> NgramCounts:
    """The n-gram counts of texts; counts that are ready pass through."""
    if isinstance(texts, tuple) and len(texts) == 2 and sp.issparse(texts[0]):
        return texts[0], texts[1]
    return hashed_ngrams([str(text) for text in texts], buckets)


def hashed_ngrams(texts: Sequence[str], buckets: int) -> NgramCounts:
    """Return (word n-gram counts, character n-gram counts), each (len(texts), buckets) float32 and sorted.

    `buckets` is a power of two. An empty text gives an empty row.
    """
    if buckets < 2 or buckets & (buckets - 1):
        raise ValueError(f"buckets must be a power of two, not {buckets}")
    codes, starts = _code_points(texts)
    prefix, inverse = _prefix_hash(codes)
    row_of = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(starts))
    words = _count(_word_grams(codes, row_of, prefix, inverse), len(texts), buckets)
    characters = _count(_character_grams(codes, row_of, prefix, inverse), len(texts), buckets)
    return words, characters


def normalise(text: str) -> str:
    """Lower-case, compatibility-normalised text: words and punctuation marks, each between single blanks."""
    head = text[:MAX_CHARACTERS]
    if not head.isascii():
        head = unicodedata.normalize("NFKC", head)
    return " " + " ".join(_PIECE.findall(head.lower())) + " "


def _code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    pieces = [normalise(text) for text in texts]
    starts = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece) for piece in pieces], out=starts[1:])
    raw = "".join(pieces).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(raw, np.uint32), starts


def _prefix_hash(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Prefix sums of code * base^position modulo 2^64, and base^-position: any span's hash is then one subtraction."""
    powers = np.full(len(codes) + 1, _BASE, np.uint64)
    inverse = np.full(len(codes) + 1, _INVERSE, np.uint64)
    powers[0] = inverse[0] = 1
    np.multiply.accumulate(powers, out=powers)
    np.multiply.accumulate(inverse, out=inverse)
    prefix = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(_mix(codes.astype(np.uint64)) * powers[:-1], out=prefix[1:])
    return prefix, inverse


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """MurmurHash3's 64-bit finaliser."""
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


_Grams = list[tuple[NDArray[np.int32], NDArray[np.uint64]]]


def _word_grams(
    codes: NDArray[np.uint32], row_of: NDArray[np.int32], prefix: NDArray[np.uint64], inverse: NDArray[np.uint64]
) -> _Grams:
    blanks = codes == _BLANK
    begin = np.flatnonzero(blanks[:-1] & ~blanks[1:]) + 1
    end = np.flatnonzero(~blanks[:-1] & blanks[1:]) + 1
    grams: _Grams = []
    for size in WORD_SIZES:
        first = begin[: len(begin) - size + 1]
        last = end[size - 1 :]
        same = row_of[first] == row_of[last - 1]
        first, last = first[same], last[same]
        grams.append((row_of[first], _mix((prefix[last] - prefix[first]) * inverse[first] + np.uint64(size))))
    return grams


def _character_grams(
    codes: NDArray[np.uint32], row_of: NDArray[np.int32], prefix: NDArray[np.uint64], inverse: NDArray[np.uint64]
) -> _Grams:
    blanks = np.concatenate([[0], np.cumsum(codes == _BLANK)])
    grams: _Grams = []
    for size in CHARACTER_SIZES:
        first = np.arange(max(len(codes) - size + 1, 0))
        inner_blanks = blanks[first + size - 1] - blanks[first + 1]
        first = first[(inner_blanks == 0) & (blanks[first + size] - blanks[first] < size)]
        first = first[row_of[first] == row_of[first + size - 1]]
        grams.append((row_of[first], _mix((prefix[first + size] - prefix[first]) * inverse[first] + np.uint64(size))))
    return grams


def _count(grams: _Grams, rows: int, buckets: int) -> sp.csr_matrix:
    row = np.concatenate([row for row, _ in grams]).astype(np.int64)
    column = (np.concatenate([value for _, value in grams]) & np.uint64(buckets - 1)).astype(np.int64)
    keys, counts = np.unique(row * buckets + column, return_counts=True)
    starts = np.searchsorted(keys, np.arange(rows + 1, dtype=np.int64) * buckets)
    return sp.csr_matrix(
        (counts.astype(np.float32), (keys & (buckets - 1)).astype(np.int32), starts.astype(np.int32)),
        shape=(rows, buckets),
    )

"""Which languages each answer has been used in, so that a ticket in another language is noticed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Languages:
    """`codes` of L languages and `seen` (L, A) bool; an unknown language ("") matches everything."""

    codes: tuple[str, ...]
    seen: NDArray[np.bool_]

    @classmethod
    def of(cls, languages: Sequence[str], labels: NDArray[np.integer[Any]], answers: int) -> "Languages":
        """Collect from n cases' language codes and answer labels (-1 for none)."""
        codes = tuple(sorted({code for code in languages if code}))
        number = {code: row for row, code in enumerate(codes)}
        seen = np.zeros((len(codes), answers), bool)
        rows = np.array([number.get(code, -1) for code in languages], np.int64)
        real = (rows >= 0) & (labels >= 0)
        seen[rows[real], labels[real]] = True
        return cls(codes, seen)

    def match(self, languages: Sequence[str]) -> NDArray[np.float32]:
        """(n, A): 1 where the answer was used in the ticket's language or nothing is known of either, else 0."""
        number = {code: row for row, code in enumerate(self.codes)}
        width = self.seen.shape[1]
        unknown = ~self.seen.any(axis=0).reshape(1, width)
        table = np.vstack([self.seen | unknown, np.ones((1, width), bool), unknown])
        rows = [number.get(code, len(self.codes) + 1) if code else len(self.codes) for code in languages]
        return table[np.array(rows, np.int64)].astype(np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for `from_arrays`."""
        return {"codes": np.array(self.codes, dtype="U8"), "seen": self.seen}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Languages":
        """Rebuild from `to_arrays`."""
        return cls(tuple(str(code) for code in arrays["codes"]), arrays["seen"])

"""One ranking out of two: a weighted sum of a chunk's similarity and its full-text score, both exact for every chunk.

Scores, not ranks, are added: ranks throw away how far apart two hits are.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights of the sum: of the cosine, of BM25 as a share of its ideal, and of the cosine where words agree."""

    similarity: float = 1.0
    lexical: float = 0.2
    both: float = 0.0

    def to_dict(self) -> dict[str, float]:
        """As stored in a setting."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Fusion":
        """Back from `to_dict`. Raises InvalidInput for unknown names or values that are no numbers."""
        names = {field.name for field in fields(cls)}
        for name, value in data.items():
            if name not in names or isinstance(value, bool) or not isinstance(value, int | float):
                raise InvalidInput(f"Fusion weights may not hold {name!r}: {value!r}.", field=name)
        return cls(**{name: float(value) for name, value in data.items()})


PRIOR = Fusion()
SIMILARITY_ALONE = Fusion(1.0, 0.0, 0.0)
LEXICAL_ALONE = Fusion(0.0, 1.0, 0.0)


def features(similarity: NDArray[np.float64], lexical: NDArray[np.float64], ideal: float) -> NDArray[np.float64]:
    """What the weights apply to, shape (n, 3), columns as the fields of Fusion. `lexical` holds BM25 scores."""
    share = lexical / ideal if ideal > 0 else np.zeros_like(lexical)
    return np.column_stack([similarity, share, (lexical > 0) * similarity])


def fuse(
    similarity: NDArray[np.float64], lexical: NDArray[np.float64], ideal: float, weights: Fusion = PRIOR
) -> NDArray[np.float64]:
    """Scores of n candidates from their cosines and BM25 scores; the higher, the better."""
    return features(similarity, lexical, ideal) @ np.array([weights.similarity, weights.lexical, weights.both])

"""Guesses a ticket's category and priority from the workspace's own history, each with a calibrated confidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticketflow.domain import Guess
from ticketflow.learning.classifier import BUCKETS, LinearClassifier
from ticketflow.learning.ngrams import hashed_ngrams

ENOUGH = 40
"""Labelled cases below which nothing is learned and rules decide."""
MOST = 20_000
"""Cases learned from, the newest first; an attribute has few values, more cases teach it little."""
HELD_OUT = 0.25
BINS = 10

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Attribute:
    """One attribute's classifier. `edges` (b,) are raw probabilities, `shares` (b,) how often guesses were right."""

    values: tuple[str, ...]
    classifier: LinearClassifier
    edges: Floats
    shares: Floats

    def guess(self, text: str, vector: Floats) -> tuple[str, float]:
        """The likeliest value and how probable it is that it is right."""
        probabilities = self.classifier.probabilities([text], vector[None, :])[0]
        best = int(probabilities.argmax())
        return self.values[best], float(np.interp(probabilities[best], self.edges, self.shares))

    def likeliest(self, texts: Sequence[str], vectors: Floats) -> list[str]:
        """The likeliest value for each of n texts with their vectors (n, d)."""
        best = self.classifier.probabilities(texts, vectors).argmax(1)
        return [self.values[int(number)] for number in best]


@dataclass(frozen=True)
class Attributes:
    """The attributes that history had enough of, by name."""

    learned: Mapping[str, Attribute]

    def guess(self, name: str, text: str, vector: Floats) -> Guess | None:
        """A guess at the attribute for a text with its sentence vector (d,); None when nothing was learned of it."""
        attribute = self.learned.get(name)
        if attribute is None:
            return None
        value, confidence = attribute.guess(text, vector)
        return Guess(value=value, confidence=round(confidence, 6), source="history")

    def likeliest(self, name: str, texts: Sequence[str], vectors: Floats) -> list[str]:
        """The guessed values for n texts with their vectors (n, d); empty texts where nothing was learned of it."""
        attribute = self.learned.get(name)
        return [""] * len(texts) if attribute is None or not len(texts) else attribute.likeliest(texts, vectors)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, named `attribute/part`."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, attribute in self.learned.items():
            arrays[f"{name}/values"] = np.array(attribute.values, np.str_)
            arrays[f"{name}/edges"] = attribute.edges
            arrays[f"{name}/shares"] = attribute.shares
            arrays.update(
                {f"{name}/classifier/{part}": rows for part, rows in attribute.classifier.to_arrays().items()}
            )
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Attributes":
        """Rebuild from `to_arrays`."""
        names = [key.removesuffix("/values") for key in arrays if key.endswith("/values")]
        return cls({name: _revived(name, arrays) for name in names})


def fit(texts: Sequence[str], vectors: Floats, columns: Mapping[str, Sequence[str | None]]) -> Attributes:
    """Learn each column (values by case, None where unknown) from n texts and their vectors (n, d)."""
    learned: dict[str, Attribute] = {}
    for name, column in columns.items():
        rows = np.array([row for row, value in enumerate(column) if value is not None][-MOST:], np.int64)
        known = [str(column[row]) for row in rows]
        attribute = _fit_one([str(texts[row]) for row in rows], vectors[rows], known)
        if attribute is not None:
            learned[name] = attribute
    return Attributes(learned)


def _fit_one(texts: list[str], vectors: Floats, labels: Sequence[str]) -> Attribute | None:
    values, encoded = np.unique(np.array(labels, np.str_), return_inverse=True)
    if len(labels) < ENOUGH or len(values) < 2:
        return None
    words, characters = hashed_ngrams(texts, BUCKETS)
    rng = np.random.default_rng(0)
    held = rng.random(len(labels)) < HELD_OUT
    kept = ~held
    trial = LinearClassifier.fit((words[kept], characters[kept]), vectors[kept], encoded[kept], len(values))
    final = LinearClassifier.fit((words, characters), vectors, encoded, len(values))
    if trial is None or final is None or not held.any():
        return None
    probabilities = trial.probabilities((words[held], characters[held]), vectors[held])
    edges, shares = _calibration(probabilities.max(1), probabilities.argmax(1) == encoded[held])
    return Attribute(tuple(str(value) for value in values), final, edges, shares)


def _calibration(raw: Floats, right: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Bins of equal size: mean raw probability, and share right, made monotone and drawn in by two pseudo-counts."""
    order = np.argsort(raw, kind="stable")
    parts = np.array_split(order, max(1, min(BINS, len(order) // 10)))
    edges = np.array([raw[part].mean() for part in parts], np.float32)
    shares = np.array([(right[part].sum() + 1) / (len(part) + 2) for part in parts], np.float32)
    return edges, np.maximum.accumulate(shares)


def _revived(name: str, arrays: Mapping[str, NDArray[Any]]) -> Attribute:
    prefix = f"{name}/classifier/"
    parts = {key.removeprefix(prefix): rows for key, rows in arrays.items() if key.startswith(prefix)}
    values = tuple(str(value) for value in arrays[f"{name}/values"])
    return Attribute(values, LinearClassifier.from_arrays(parts), arrays[f"{name}/edges"], arrays[f"{name}/shares"])

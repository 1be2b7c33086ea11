"""A small synthetic history: answers with their own words and directions, and tickets that no answer fits."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from ticketflow.learning.training import Trained, TrainingSet, TrainingSettings, fit

WIDTH = 24


@dataclass(frozen=True)
class World:
    """`directions` (A, WIDTH) and word lists from which tickets are drawn."""

    directions: NDArray[np.float32]
    words: list[list[str]]

    @classmethod
    def of(cls, answers: int) -> "World":
        rng = np.random.default_rng(7)
        directions = rng.normal(size=(answers, WIDTH)).astype(np.float32)
        words = [[f"word{answer}x{place}" for place in range(5)] for answer in range(answers)]
        return cls(directions, words)

    def draw(self, labels: NDArray[np.int64], seed: int, spread: float = 0.9) -> tuple[list[str], NDArray[np.float32]]:
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(len(labels), WIDTH)) * spread
        vectors = (self.directions[labels] + noise).astype(np.float32)
        texts = [
            " ".join(
                [*rng.choice(self.words[label], 2), *rng.choice(self.words[rng.integers(len(self.words))], 1), "please"]
            )
            for label in labels
        ]
        return texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def history(labels: NDArray[np.int64], answers: int, world: World, seed: int = 0) -> TrainingSet:
    texts, vectors = world.draw(np.maximum(labels, 0), seed)
    unknown = np.full(answers, np.nan, np.float32)
    return TrainingSet(texts, [text.split() for text in texts], vectors, labels, ["en"] * len(texts), unknown)


@pytest.fixture(scope="session")
def world() -> World:
    return World.of(10)


@pytest.fixture(scope="session")
def training_set(world: World) -> TrainingSet:
    return history(np.arange(400) % 10, 10, world)


@pytest.fixture(scope="session")
def trained(training_set: TrainingSet) -> Trained:
    return fit(training_set, TrainingSettings(folds=3, novel_share=0.1))

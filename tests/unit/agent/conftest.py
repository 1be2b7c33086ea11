"""What a small workspace has taught, built without a database."""

from dataclasses import replace

import numpy as np
import pytest
from small_workspace import WORDS, answer, certificate, texts

from ticketflow.agent.experience import Experience
from ticketflow.domain import Workspace
from ticketflow.learning import training
from ticketflow.learning.training import TrainingSet
from ticketflow.retrieval.analyzer import terms
from ticketflow.retrieval.fusion import PRIOR
from ticketflow.store.settings import Settings
from ticketflow.testing import HashEncoder


@pytest.fixture(scope="session")
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture(scope="session")
def taught(encoder: HashEncoder) -> Experience:
    """Four answers with 30 cases each."""
    labels = sorted(WORDS)
    said = [text for label in labels for text in texts(label, 30)]
    answers = tuple(answer(label, team=f"{label} team") for label in labels)
    own = encoder.encode([WORDS[label] for label in labels])
    data = TrainingSet(
        texts=said,
        tokens=[terms(text) for text in said],
        vectors=encoder.encode(said),
        answers=np.repeat(np.arange(len(labels)), 30),
        languages=["en"] * len(said),
        success_rates=np.full(len(labels), 0.5, np.float32),
        answer_vectors=own,
    )
    return Experience(
        workspace=Workspace(id="w", number=1, slug="w", name="W"),
        settings=Settings(),
        answers=answers,
        vectors=own,
        trained=training.fit(data),
        attributes=None,
        fusion=PRIOR,
        version="v1",
        certificates={"": certificate()},
        refusals={},
        watches={},
        experiments=(),
    )


@pytest.fixture(scope="session")
def untaught(taught: Experience) -> Experience:
    """The same answers before anything was learned."""
    return replace(taught, trained=None, version="untaught")

"""What a workspace has taught, as the agent holds it in memory: its answers, learned artefacts, settings and proofs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ticketflow.domain import AnswerStatus, Workspace
from ticketflow.learning.attributes import Attributes
from ticketflow.learning.signals import no_signals
from ticketflow.learning.trained import UNKNOWN_RATE, Trained
from ticketflow.retrieval.fusion import Fusion
from ticketflow.store.answers import Answer
from ticketflow.store.certificates import Certificate
from ticketflow.store.experiments import Experiment
from ticketflow.store.settings import Settings
from ticketflow.store.watches import Watch

UNTAUGHT = "untaught"


@dataclass(frozen=True)
class Experience:
    """One consistent state of what is known.

    `answers` starts with those that `trained` numbers, in its order; those added since follow. `vectors` (A, d) are
    the answers' own sentence vectors, NaN for an answer without a text. `trained` is None before the first refit.
    By segment: `certificates` that are live, `refusals` (the newest look at this version that proved nothing), and the
    `watches` over automatic replies. `experiments` are the running ones.
    """

    workspace: Workspace
    settings: Settings
    answers: tuple[Answer, ...]
    vectors: NDArray[np.float32]
    trained: Trained | None
    attributes: Attributes | None
    fusion: Fusion
    version: str
    certificates: Mapping[str, Certificate]
    refusals: Mapping[str, Certificate]
    watches: Mapping[str, Watch]
    experiments: tuple[Experiment, ...]

    @cached_property
    def knowledge(self) -> str:
        """16 hex digits over the answers as they are, their records of success left out; replay asks for them by it."""
        digest = hashlib.sha256(np.ascontiguousarray(self.vectors).tobytes())
        for answer in self.answers:
            told = (answer.id, answer.label, answer.status, answer.category, answer.team, answer.version)
            digest.update(repr(told).encode())
        return digest.hexdigest()[:16]

    @cached_property
    def index_of(self) -> dict[str, int]:
        """An answer's number by its id."""
        return {answer.id: number for number, answer in enumerate(self.answers)}

    def answer(self, answer_id: str) -> Answer | None:
        """The answer with this id."""
        number = self.index_of.get(answer_id)
        return None if number is None else self.answers[number]

    @cached_property
    def unseen(self) -> NDArray[np.bool_]:
        """(A,) the answers of which `trained` has seen no case, among them all that were added since."""
        if self.trained is None or self.trained.learned.classifier is None:
            return np.zeros(len(self.answers), bool)
        classes = self.trained.learned.classifier.classes
        taught = classes[classes < self.trained.answers]  # the last class stands for cases without an answer
        return ~np.isin(np.arange(len(self.answers)), taught)

    def label(self, answer_id: str | None) -> str | None:
        """The label of the answer with this id."""
        found = self.answer(answer_id) if answer_id is not None else None
        return found.label if found else None

    @cached_property
    def offered(self) -> NDArray[np.bool_]:
        """(A,) which answers may be proposed."""
        return np.array([answer.status is not AnswerStatus.ARCHIVED for answer in self.answers], bool)

    @cached_property
    def success_rates(self) -> NDArray[np.float32]:
        """(A,) each answer's record as it was learned with."""
        rates = np.full(len(self.answers), UNKNOWN_RATE, np.float32)
        if self.trained is not None:
            rates[: self.trained.answers] = self.trained.success_rates
        return rates

    def language_match(self, language: str) -> NDArray[np.float32]:
        """(A,) whether an answer was used in this language; an answer added since matches every one."""
        match = np.ones(len(self.answers), np.float32)
        if self.trained is not None:
            match[: self.trained.answers] = self.trained.languages.match([language])[0]
        return match

    def learned_signals(self, text: str, vector: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The learned fields of `Signals` for one ticket, each (1, A)."""
        if self.trained is None:
            return no_signals(1, len(self.answers))
        return self.trained.learned.signals([text], vector[None, :], len(self.answers))

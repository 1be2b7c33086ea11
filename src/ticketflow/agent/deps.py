"""What every step may use. Built once by `runtime`."""

from dataclasses import dataclass, replace
from typing import Protocol

from ticketflow.agent.experience import Experience
from ticketflow.agent.minds import Mind
from ticketflow.agent.remembering import ExperienceCache
from ticketflow.clock import Clock
from ticketflow.db import Database
from ticketflow.domain import Analysis, Intake
from ticketflow.embeddings.encoder import Encoder
from ticketflow.llm.chain import Chain
from ticketflow.retrieval.search import Search

NO_MODELS = Chain([])


class Minds(Protocol):
    """See minds.Minds."""

    def current(self) -> Mind:
        """The mind of the encoder in force."""
        ...

    def of(self, encoder_id: str) -> Mind:
        """The mind of an encoder that has a slot."""
        ...


@dataclass(frozen=True)
class Deps:
    """The agent's means: storage, encoder, search, and what each workspace has taught.

    `secret` decides the throws of the audit coin and the sides of experiments. `models` is empty where there are none.
    """

    database: Database
    clock: Clock
    minds: Minds
    secret: bytes
    models: Chain = NO_MODELS

    @property
    def encoder(self) -> Encoder:
        """The one in force. Another may be a moment later: who needs it twice keeps it."""
        return self.minds.current().encoder

    @property
    def search(self) -> Search:
        """Search by the encoder in force."""
        return self.minds.current().search

    @property
    def experience(self) -> ExperienceCache:
        """What was taught with the encoder in force."""
        return self.minds.current().experience

    def reading(self, encoder_id: str) -> "Deps":
        """The same means with this encoder in force, whatever is switched: for a ticket that was read with it.

        An empty id, of a ticket without a vector, means the encoder in force. Raises Conflict where its vectors are
        not held any more.
        """
        return self.with_mind(self.minds.of(encoder_id)) if encoder_id else self.pinned()

    def known_to(self, workspace_id: str, intake: Intake, analysis: Analysis) -> Experience:
        """What the analysis of a ticket was made from, in the mind that read the ticket."""
        return self.reading(intake.encoder).experience.of_analysis(workspace_id, analysis.version, analysis.knowledge)

    def pinned(self) -> "Deps":
        """The same means with the encoder of this moment in force: for work that must not see a switch, and inside
        transactions, where nobody may look which one it is.
        """
        return self.with_mind(self.minds.current())

    def with_mind(self, mind: Mind) -> "Deps":
        """The same means with `mind` in force."""
        return replace(self, minds=_Only(mind))


@dataclass(frozen=True)
class _Only:
    mind: Mind

    def current(self) -> Mind:
        return self.mind

    def of(self, encoder_id: str) -> Mind:
        if encoder_id != self.mind.encoder.id:
            raise ValueError("one ticket is read with one encoder")
        return self.mind

"""What every step may use. Built once by `runtime`."""

from dataclasses import dataclass

from ticketflow.agent.remembering import ExperienceCache
from ticketflow.clock import Clock
from ticketflow.db import Database
from ticketflow.embeddings.encoder import Encoder
from ticketflow.llm.chain import Chain
from ticketflow.retrieval.search import Search

NO_MODELS = Chain([])


@dataclass(frozen=True)
class Deps:
    """The agent's means: storage, encoder, search, and what each workspace has taught.

    `secret` decides the throws of the audit coin and the sides of experiments. `models` is empty where there are none.
    """

    database: Database
    clock: Clock
    encoder: Encoder
    search: Search
    experience: ExperienceCache
    secret: bytes
    models: Chain = NO_MODELS

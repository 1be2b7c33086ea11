"""What every step may use. Built once by `runtime`."""

from dataclasses import dataclass

from ticketflow.agent.experience import ExperienceCache
from ticketflow.clock import Clock
from ticketflow.db import Database
from ticketflow.embeddings.encoder import Encoder
from ticketflow.retrieval.search import Search


@dataclass(frozen=True)
class Deps:
    """The agent's means: storage, encoder, search, and what each workspace has taught."""

    database: Database
    clock: Clock
    encoder: Encoder
    search: Search
    experience: ExperienceCache

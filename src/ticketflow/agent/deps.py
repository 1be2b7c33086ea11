"""What every step may use. Built once by `runtime`."""

from dataclasses import dataclass

from ticketflow.agent.remembering import ExperienceCache
from ticketflow.clock import Clock
from ticketflow.db import Database
from ticketflow.embeddings.encoder import Encoder
from ticketflow.retrieval.search import Search


@dataclass(frozen=True)
class Deps:
    """The agent's means: storage, encoder, search, and what each workspace has taught.

    `secret` decides the throws of the audit coin and the sides of experiments.
    """

    database: Database
    clock: Clock
    encoder: Encoder
    search: Search
    experience: ExperienceCache
    secret: bytes

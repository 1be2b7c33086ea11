"""The only place where objects are wired: `build(config)` gives everything an entry point needs."""

import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import ExperienceCache
from ticketflow.agent.learn import REFIT_WORKFLOW
from ticketflow.agent.pipeline import TICKET_WORKFLOW
from ticketflow.clock import Clock, SystemClock
from ticketflow.config import Config
from ticketflow.db import Database
from ticketflow.db.sqlite import SQLite
from ticketflow.domain import Workspace
from ticketflow.embeddings.bundled import BundledEncoder
from ticketflow.embeddings.cache import CachedEncoder
from ticketflow.embeddings.encoder import Encoder
from ticketflow.errors import Misconfigured
from ticketflow.retrieval.search import Search
from ticketflow.store import workspaces
from ticketflow.workflow.runner import Runner

SECRET_FILE = "secret.key"
ENCODER_CACHE = 20_000


@dataclass(frozen=True)
class Runtime:
    """A wired installation. What is expensive is made on first use."""

    config: Config
    clock: Clock
    database: Database
    given_encoder: Encoder | None = None

    @cached_property
    def encoder(self) -> Encoder:
        """The sentence encoder, behind a cache."""
        return CachedEncoder(self.given_encoder or BundledEncoder(self.config.encoder_threads), ENCODER_CACHE)

    @cached_property
    def search(self) -> Search:
        """Search over every workspace's chunks."""
        return Search(self.database, self.encoder)

    @cached_property
    def deps(self) -> Deps:
        """What the agent's steps use."""
        return Deps(self.database, self.clock, self.encoder, self.search, ExperienceCache(self.database, self.encoder, self.clock))

    @cached_property
    def runner(self) -> Runner[Deps]:
        """The run engine with every workflow there is. Not started."""
        return Runner(
            self.database,
            self.deps,
            [TICKET_WORKFLOW, REFIT_WORKFLOW],
            lease_seconds=self.config.lease_seconds,
            max_attempts=self.config.max_attempts,
        )

    @cached_property
    def secret(self) -> bytes:
        """The installation's secret, behind API keys and cursors."""
        if self.config.secret_key is not None:
            return self.config.secret_key.encode()
        return _home_secret(self.config.home)

    def workspace(self, slug: str | None = None) -> Workspace:
        """The workspace with this slug (default: the configured one), made when it is missing."""
        wanted = slug or self.config.workspace
        with self.database.read() as session:
            found = workspaces.find(session, wanted)
        if found is not None:
            return found
        with self.database.write() as session:
            return workspaces.ensure(session, wanted)

    def close(self) -> None:
        """Give back what is held open."""
        self.database.close()


def build(config: Config, *, clock: Clock | None = None, encoder: Encoder | None = None) -> Runtime:
    """Wire an installation. Opens no connection and loads no encoder yet."""
    clock = clock or SystemClock()
    return Runtime(config, clock, open_database(config, clock), encoder)


def open_database(config: Config, clock: Clock) -> Database:
    """The configured database. Raises Misconfigured when its kind is not known."""
    scheme = config.url.split(":", 1)[0].split("+", 1)[0]
    if scheme != "sqlite":
        raise Misconfigured(
            f"TICKETFLOW_DATABASE_URL names a {scheme!r} database; this version speaks sqlite.",
            remedy="Unset it to use SQLite inside the home folder.",
        )
    return Database(config.url, SQLite(), clock)


def _home_secret(home: Path) -> bytes:
    path = home / SECRET_FILE
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        home.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process made it meanwhile
        return path.read_bytes().strip()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes().strip()

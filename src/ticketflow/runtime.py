"""The only place where objects are wired: `build(config)` gives everything an entry point needs.

The agent and its numeric libraries are imported with the first property that needs them: making an API key does not.
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ticketflow.clock import Clock
from ticketflow.config import Config, ModelProvider
from ticketflow.db import Database
from ticketflow.db.dialects import dialect_of, file_of
from ticketflow.domain import ModelCall, Workspace
from ticketflow.errors import Misconfigured, StorageUnavailable
from ticketflow.store import secret_files, workspaces
from ticketflow.store.keyring import FILE, Keyring

if TYPE_CHECKING:
    from ticketflow.agent.deps import Deps
    from ticketflow.agent.minds import Minds
    from ticketflow.embeddings.encoder import Encoder
    from ticketflow.integrations.channels.managing import ChannelSecrets
    from ticketflow.integrations.signing_secrets import SigningSecrets
    from ticketflow.llm.chain import Chain
    from ticketflow.llm.gateway import Key
    from ticketflow.outbound import Client
    from ticketflow.retrieval.search import Search
    from ticketflow.store.secrets import Secrets
    from ticketflow.telemetry.metrics import Metrics
    from ticketflow.telemetry.observing import Telemetry
    from ticketflow.workflow.runner import Runner

SECRET_FILE = "secret.key"
SECRET_LENGTH = 32
ENCODER_CACHE = 20_000


@dataclass(frozen=True)
class Runtime:
    """A wired installation. What is expensive is made on first use."""

    config: Config
    clock: Clock
    database: Database
    given_encoder: "Encoder | None" = None

    @property
    def encoder(self) -> "Encoder":
        """The sentence encoder in force, behind a cache."""
        return self.minds.current().encoder

    @property
    def likely_encoder(self) -> "Encoder":
        """The one in force; the first where the database cannot tell, for looks at what is wrong."""
        try:
            return self.encoder
        except StorageUnavailable:
            return self.first_encoder

    @property
    def search(self) -> "Search":
        """Search over every workspace's chunks."""
        return self.minds.current().search

    @cached_property
    def minds(self) -> "Minds":
        """Encoders, each with its search and what was taught with it. None is loaded yet."""
        from ticketflow.agent.minds import Minds

        return Minds(self.database, self.clock, lambda: self.first_encoder, self.make_encoder)

    @cached_property
    def first_encoder(self) -> "Encoder":
        """The one in force before any switch: it comes with the package."""
        from ticketflow.embeddings import BundledEncoder, CachedEncoder

        inner = self.given_encoder or BundledEncoder(self.config.encoder_threads)
        return CachedEncoder(inner, ENCODER_CACHE, self._count_encoder_call)

    def make_encoder(self, name: str) -> "Encoder":
        """An encoder by its name. Raises InvalidInput where there is none, Misconfigured where its key is missing."""
        from ticketflow.config import BUNDLED_ENCODER
        from ticketflow.embeddings import CachedEncoder, catalogue

        if name == BUNDLED_ENCODER:
            return self.first_encoder
        threads = self.config.encoder_threads
        made = catalogue.make(
            name, self.config.encoders, threads=threads, key_of=os.environ.get, setting_of=self.provider_key
        )
        return CachedEncoder(made, ENCODER_CACHE, self._count_encoder_call)

    def index(self) -> list[str]:
        """Make the database's own search indexes for the encoder in force; what was done, a sentence each."""
        from ticketflow.retrieval.slots import SLOTS, slot_of

        encoder = self.encoder
        with self.database.read() as session:
            slot = slot_of(session, encoder.id) or SLOTS[0]
        return self.database.dialect.index(self.database.engine, slot.vector.name, encoder.dimension)

    @cached_property
    def deps(self) -> "Deps":
        """What the agent's steps use."""
        from ticketflow.agent.deps import Deps

        return Deps(self.database, self.clock, self.minds, self.secret, self.models)

    @cached_property
    def models(self) -> "Chain":
        """The configured language models, none of them asked yet. Raises Misconfigured when a key is missing."""
        from ticketflow.llm.chain import Chain
        from ticketflow.llm.gateway import OpenAIGateway

        def key_of(provider: ModelProvider) -> "Key":
            return self.provider_key(provider.key_setting) if provider.key_setting else _key(provider)

        gateways = [OpenAIGateway(provider, key_of(provider)) for provider in self.config.llm]
        return Chain(gateways, told=self._count_model_call)

    def provider_key(self, name: str) -> Callable[[], str | None]:
        """What looks up the key of this name in the setting provider_keys; None where none is set."""
        from ticketflow.agent import provider_keys

        return provider_keys.reader(self.database, lambda: self.secrets, self.config.workspace, name)

    @cached_property
    def outbound(self) -> "Client":
        """The guarded client for URLs that others name. Raises Misconfigured when the allow-list cannot be read."""
        from ticketflow.outbound import AllowList, Client

        return Client(AllowList.of(self.config.outbound_allow))

    @cached_property
    def runner(self) -> "Runner[Deps]":
        """The run engine with every workflow there is. Not started."""
        from ticketflow.agent.closing import CLOSE_WORKFLOW
        from ticketflow.agent.erasing import ERASE_WORKFLOW
        from ticketflow.agent.exporting import EXPIRE_WORKFLOW, EXPORT_WORKFLOW
        from ticketflow.agent.learn import REFIT_WORKFLOW
        from ticketflow.agent.lookout import WATCH_WORKFLOW
        from ticketflow.agent.pipeline import TICKET_WORKFLOW
        from ticketflow.agent.retaining import RETAIN_WORKFLOW
        from ticketflow.agent.snoozing import WAKE_WORKFLOW
        from ticketflow.agent.switching import COMPLETE_WORKFLOW, SWITCH_WORKFLOW
        from ticketflow.integrations import delivering
        from ticketflow.integrations.channels import notifying
        from ticketflow.integrations.channels.queueing import ChannelFollower
        from ticketflow.integrations.dispatching import Dispatcher
        from ticketflow.workflow.runner import Runner

        webhooks = delivering.Sending(self.database, lambda: self.outbound, self.signing_secrets)
        told = notifying.Notifying(self.database, lambda: self.outbound, self.channel_secrets)

        return Runner(
            self.database,
            self.deps,
            [
                TICKET_WORKFLOW,
                REFIT_WORKFLOW,
                WATCH_WORKFLOW,
                SWITCH_WORKFLOW,
                COMPLETE_WORKFLOW,
                WAKE_WORKFLOW,
                CLOSE_WORKFLOW,
                ERASE_WORKFLOW,
                RETAIN_WORKFLOW,
                EXPORT_WORKFLOW,
                EXPIRE_WORKFLOW,
                delivering.workflow(webhooks),
                notifying.workflow(told),
            ],
            lease_seconds=self.config.lease_seconds,
            max_attempts=self.config.max_attempts,
            followers=[Dispatcher(self.database), ChannelFollower(self.database)],
            observer=self.telemetry,
        )

    @cached_property
    def metrics(self) -> "Metrics":
        """The figures of this process."""
        import time

        from ticketflow.telemetry.metrics import Metrics
        from ticketflow.workflow import queue

        def backlog() -> list[queue.Backlog]:
            with self.database.read() as session:
                return queue.backlog(session, self.runner.names)

        made = Metrics(self.database.dialect.name)
        made.watch_queue(backlog, time.monotonic)
        return made

    @cached_property
    def telemetry(self) -> "Telemetry":
        """Metrics, and traces where OTEL_* variables ask for them. Raises Misconfigured where those make no sense."""
        from ticketflow.telemetry import tracing
        from ticketflow.telemetry.observing import Telemetry

        return Telemetry(self.metrics, tracing.from_environment())

    def _count_model_call(self, call: ModelCall) -> None:
        if "metrics" in self.__dict__:  # a command that shows none does not load the library
            self.metrics.model_call(call)

    def _count_encoder_call(self, encoder: str, texts: int, seconds: float, succeeded: bool) -> None:
        if "metrics" in self.__dict__:
            self.metrics.encoder_call(encoder, texts, seconds, succeeded)

    @cached_property
    def secret(self) -> bytes:
        """The installation's secret, behind API keys and cursors. Raises Misconfigured when it cannot be kept."""
        if self.config.secret_key is not None:
            return self.config.secret_key.encode()
        return _home_secret(self.config.home)

    @cached_property
    def secrets(self) -> "Secrets":
        """Values that are encrypted at rest. Raises Misconfigured when a key in the environment is none."""
        from ticketflow.store.secrets import Secrets

        return Secrets(_keyring(self.config))

    @cached_property
    def signing_secrets(self) -> "SigningSecrets":
        """The secrets that sign webhooks, out and in."""
        from ticketflow.integrations.signing_secrets import SigningSecrets

        return SigningSecrets(self.secrets)

    @cached_property
    def channel_secrets(self) -> "ChannelSecrets":
        """What channels log in and sign with."""
        from ticketflow.integrations.channels.managing import ChannelSecrets

        return ChannelSecrets(self.secrets)

    def workspace(self, slug: str | None = None) -> Workspace:
        """The workspace with this slug (default: the configured one), made when it is missing."""
        wanted = slug or self.config.workspace
        with self.database.read() as session:
            found = workspaces.find(session, wanted)
        if found is not None:
            return found
        with self.database.write() as session:
            return workspaces.ensure(session, wanted)

    def warm(self) -> None:
        """Load what the first ticket would otherwise wait for, about a second of it. Safe to call from a thread."""
        from ticketflow.retrieval.language import detect

        self.search.load()
        self.models.load()
        detect("Where is my parcel?")
        with self.database.read() as session:
            known = workspaces.every(session)
        for workspace in known:
            self.deps.experience.keep(self.deps.experience.get(workspace.id))

    def close(self) -> None:
        """Give back what is held open."""
        if "models" in self.__dict__:
            self.models.close()
        if "telemetry" in self.__dict__:
            self.telemetry.close()
        self.database.close()


def build(config: Config, *, clock: Clock | None = None, encoder: "Encoder | None" = None) -> Runtime:
    """Wire an installation. Opens no connection and loads no encoder yet. Raises Misconfigured."""
    from ticketflow.outbound import AllowList

    AllowList.of(config.outbound_allow)  # one that cannot be read is told at start, not at the first call
    _keyring(config)  # so are keys that are none
    database = open_database(config, clock)
    return Runtime(config, database.clock, database, encoder)


def open_database(config: Config, clock: Clock | None = None) -> Database:
    """The configured database; a file's folder is made when it is missing. Raises Misconfigured when that cannot be."""
    dialect, file = dialect_of(config.url), file_of(config.url)
    try:
        return Database(config.url, dialect, clock)
    except OSError as error:
        raise secret_files.unusable(file.parent if file else config.home, error) from error


def revision(config: Config) -> str | None:
    """The revision of the configured database, None where there is none or nothing in it. Makes no file."""
    from ticketflow.db import migrations

    file = file_of(config.url)
    if file is not None and not file.exists():
        return None
    database = open_database(config)
    try:
        return migrations.current(database)
    finally:
        database.close()


def _keyring(config: Config) -> Keyring:
    return Keyring(config.encryption_key or (), config.home / FILE)


def _key(provider: ModelProvider) -> str | None:
    if provider.key_variable is None:
        return None
    key = os.environ.get(provider.key_variable)
    if not key:
        raise Misconfigured(
            f"The key of the language model {provider.name!r} is missing: {provider.key_variable} is not set.",
            remedy="Set it, or take the model out of TICKETFLOW_LLM.",
        )
    return key


def _home_secret(home: Path) -> bytes:
    path = home / SECRET_FILE
    try:
        if not path.exists():
            secret_files.make_once(path, secrets.token_hex(SECRET_LENGTH).encode())
        found = path.read_bytes().strip()
    except OSError as error:
        raise secret_files.unusable(path, error) from error
    if len(found) < SECRET_LENGTH:
        raise Misconfigured(f"{path} is cut short.", remedy="Restore it from a backup, or delete it and make new keys.")
    return found

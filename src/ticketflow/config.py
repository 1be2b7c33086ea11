"""The environment: `TICKETFLOW_*` variables, read once at the entry point and passed on.

Not settings: those are rows, edited through the API while the product runs.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    HttpUrl,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    BeforeValidator(lambda given: given.upper() if isinstance(given, str) else given),
]


KeySetting = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""The name of a key in the setting provider_keys."""


class ModelProvider(BaseModel):
    """An OpenAI-compatible endpoint for a language model. Its key stays in the environment or in a secret setting."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="What reports call it.")
    base_url: HttpUrl = Field(description="Where its /chat/completions lies, such as https://api.openai.com/v1.")
    model: str = Field(min_length=1, description="The model to ask for.")
    key_variable: str | None = Field(default=None, description="Environment variable that holds the key.")
    key_setting: KeySetting | None = Field(default=None, description="The key in the setting provider_keys.")
    native: bool = Field(default=True, description="Whether it takes a JSON schema as response_format.")
    local: bool = Field(default=False, description="Whether it is yours: customers' personal data may go there.")
    price_in: float = Field(default=0.0, ge=0, description="Price of a million tokens that are sent.")
    price_out: float = Field(default=0.0, ge=0, description="Price of a million tokens that come back.")

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        return _one_key(self)


BUNDLED_ENCODER = "minilm"
"""What the encoder inside the package is called; no configured one may take its name."""


class EncoderProvider(BaseModel):
    """A sentence encoder besides the bundled one. Its key stays in the environment or in a secret setting."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="What settings and reports call it.")
    kind: Literal["jina", "openai", "fastembed"] = Field(description="What it speaks, or the library that runs it.")
    model: str = Field(min_length=1, description="The model to ask for.")
    base_url: HttpUrl | None = Field(default=None, description="Where its /embeddings lies; unset means the vendor's.")
    key_variable: str | None = Field(default=None, description="Environment variable that holds the key.")
    key_setting: KeySetting | None = Field(default=None, description="The key in the setting provider_keys.")
    dimension: int | None = Field(default=None, ge=16, le=4096, description="Length of its vectors.")
    send_dimensions: bool = Field(default=True, description="Whether the length is asked for, not just checked.")
    late_chunking: bool = Field(default=False, description="Whether passages are read in the light of their document.")
    local: bool = Field(default=False, description="Whether it is yours: customers' personal data may go there.")
    seconds: FiniteFloat = Field(default=4.0, gt=0, le=120, description="Timeout of a call with one text.")
    batch: int = Field(default=64, ge=1, le=2048, description="Texts in a call at most.")
    folder: Path | None = Field(default=None, description="Where fastembed finds the files, instead of downloading.")
    price: FiniteFloat = Field(default=0.0, ge=0, description="Price of a million tokens that are sent.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "fastembed":
            over = [name for name in ("base_url", "key_variable", "key_setting") if getattr(self, name) is not None]
            if over:
                raise ValueError(f"{over[0]} has no meaning for kind fastembed, which asks no endpoint")
        elif self.dimension is None:
            raise ValueError(f"dimension is missing: kind {self.kind} needs the length of the vectors, such as 1024")
        if self.folder is not None and self.kind != "fastembed":
            raise ValueError(f"folder has no meaning for kind {self.kind}, only for fastembed")
        if self.late_chunking and self.kind != "jina":
            raise ValueError(f"late_chunking is offered by kind jina alone, not by {self.kind}")
        return _one_key(self)


_P = TypeVar("_P", ModelProvider, EncoderProvider)


def _one_key(provider: _P) -> _P:
    if provider.key_variable is not None and provider.key_setting is not None:
        raise ValueError("key_variable and key_setting name two keys: leave one of them out")
    return provider


def _told_apart(encoders: tuple[EncoderProvider, ...]) -> tuple[EncoderProvider, ...]:
    names = [encoder.name for encoder in encoders]
    if BUNDLED_ENCODER in names:
        raise ValueError(f"the name {BUNDLED_ENCODER} is the bundled encoder's: choose another one")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two encoders have the name {twice[0]}: choose another one for one of them")
    return encoders


def _listed(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg.lower()} at character {error.pos}") from None


def _between_commas(given: object) -> object:
    if not isinstance(given, str):
        return given
    return [entry.strip() for entry in given.split(",") if entry.strip()]


def _exact_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not re.fullmatch(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?", origin):
            raise ValueError(
                f"{origin!r} is no origin: write scheme, host and port as browsers send them, such as "
                "https://desk.example.com; there is no wildcard"
            )
    return origins


def _address(url: str | None) -> str | None:
    if url is not None and not re.fullmatch(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?/?", url):
        raise ValueError("it is no address without a path, such as https://support.example.com")
    return None if url is None else url.removesuffix("/")


def _rate(text: str) -> str:
    if text.strip().lower() == "none":
        return ""
    if re.fullmatch(r"[1-9]\d{0,8}/(?:second|minute|hour|day)", text.strip()) is None:
        raise ValueError("it reads like 6000/minute, by second, minute, hour or day, or none")
    return text.strip()


class Config(BaseSettings):
    """Everything an operator sets outside the product. Each field is documented in docs/reference/config.md."""

    model_config = SettingsConfigDict(env_prefix="TICKETFLOW_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(
        default=Path(".ticketflow"), description="Folder of the database and the installation's secrets."
    )
    database_url: str | None = Field(
        default=None, description="SQLAlchemy URL; unset means SQLite inside the home folder."
    )
    workspace: str = Field(
        default="default",
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="Workspace that the command line works in: small letters, digits and hyphens.",
    )
    host: str = Field(default="127.0.0.1", description="Address that `serve` binds to.")
    port: int = Field(default=8484, ge=0, le=65535, description="Port that `serve` binds to; 0 picks a free one.")
    workers: int = Field(
        default=2, ge=0, le=64, description="Worker threads inside `serve`; 0 leaves runs to `worker`."
    )
    lease_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="How long a claimed run stays with its worker."
    )
    max_attempts: int = Field(default=5, ge=1, le=100, description="Claims of one run before a human gets the ticket.")
    encoder_threads: int = Field(default=2, ge=1, le=64, description="Threads of the sentence encoder.")
    secret_key: str | None = Field(
        default=None,
        min_length=32,
        repr=False,
        description="Secret for keys and cursors; unset means one is made in the home folder.",
    )
    encryption_key: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_between_commas)] = Field(
        default=None,
        repr=False,
        description="Keys for secrets at rest, 32 bytes in base64 each, with commas between: the first encrypts, all "
        "decrypt; unset means one is made in the home folder.",
    )
    llm: Annotated[tuple[ModelProvider, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), description="Language models as a JSON list, asked in this order; unset means none."
    )
    encoders: Annotated[
        tuple[EncoderProvider, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_told_apart)
    ] = Field(default=(), description="Sentence encoders besides the bundled one, as a JSON list; unset means none.")
    outbound_allow: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_between_commas)] = Field(
        default=(),
        description="Hosts and addresses, with commas between, that others may have this installation call besides "
        "public ones on https and port 443; unset means none.",
    )
    public_url: Annotated[str | None, AfterValidator(_address)] = Field(
        default=None,
        description="Where browsers reach this installation, such as https://support.example.com; unset means wherever "
        "`serve` listens.",
    )
    allowed_origins: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_between_commas), AfterValidator(_exact_origins)
    ] = Field(
        default=(),
        description="Origins, with commas between, whose pages may use the API besides this server's own, such as "
        "https://desk.example.com; unset means none.",
    )
    rate_per_key: Annotated[str, AfterValidator(_rate)] = Field(
        default="6000/minute", description="Most requests of one API key or person; none takes the limit away."
    )
    rate_per_workspace: Annotated[str, AfterValidator(_rate)] = Field(
        default="12000/minute", description="Most requests of one workspace; none takes the limit away."
    )
    log_level: LogLevel = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: Literal["console", "json"] | None = Field(
        default=None, description="console or json; unset means console at a terminal and json elsewhere."
    )
    metrics_open: bool = Field(
        default=False, description="Whether /metrics answers without a key; true only behind a network of yours."
    )
    queue_age_limit: float = Field(
        default=300.0,
        ge=0,
        description="Seconds that a ticket may wait for a worker before `/readyz` says not ready; 0 takes it away.",
    )

    @property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.home / 'ticketflow.db').absolute()}"

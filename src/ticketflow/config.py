"""The environment: `TICKETFLOW_*` variables, read once at the entry point and passed on.

Not settings: those are rows, edited through the API while the product runs.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    BeforeValidator(lambda given: given.upper() if isinstance(given, str) else given),
]


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
        description="Secret for keys and cursors; unset means one is made in the home folder.",
    )
    log_level: LogLevel = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.home / 'ticketflow.db').absolute()}"

"""The keys of providers of language models and encoders, where they are settings: written, used, and never shown.

A provider's `key_setting` names one. Providers are the installation's, so its keys lie in one workspace: the one that
TICKETFLOW_WORKSPACE names.
"""

from collections.abc import Callable, Mapping

import structlog

from ticketflow import events
from ticketflow.config import Config
from ticketflow.db import Database, Session
from ticketflow.domain import Value
from ticketflow.errors import Misconfigured
from ticketflow.store import audit, settings, workspaces
from ticketflow.store.secrets import Secrets

log = structlog.get_logger(__name__)

SETTING = "provider_keys"
SHOWN = 4
SHOWN_OF = 16
"""The end of a key is shown where it has so many characters at least: of a shorter one it would give too much away."""


class Shown(Value):
    """What is told of a key: whether there is one, and how it ends."""

    is_set: bool
    last_four: str | None = None


def change(
    session: Session, secrets: Secrets, workspace_id: str, changes: Mapping[str, str | None], actor: str
) -> None:
    """Store keys by name; None removes one. Event and audit log tell which, never what."""
    known = _stored(session, workspace_id)
    done: dict[str, str] = {}
    for name, key in changes.items():
        if key is not None:
            secrets.put(session, workspace_id, _name(name), key, actor)
            known[name] = Shown(is_set=True, last_four=key[-SHOWN:] if len(key) >= SHOWN_OF else None)
            done[name] = "set"
        elif known.pop(name, None) is not None:
            secrets.remove(session, workspace_id, _name(name))
            done[name] = "removed"
    if not done:
        return
    settings.store(session, workspace_id, {SETTING: {name: one.model_dump() for name, one in known.items()}}, actor)
    events.append(session, workspace_id, "settings.changed", names=[SETTING])
    audit.record(session, workspace_id, actor, "settings.changed", "settings", after={SETTING: done})


def shown(session: Session, workspace_id: str, config: Config) -> dict[str, Shown]:
    """What may be told of each key by its name, those that a provider waits for included."""
    known = _stored(session, workspace_id)
    wanted = wanted_by(config) if _is_home(session, workspace_id, config) else []
    return dict(sorted({**{name: Shown(is_set=False) for name in wanted}, **known}.items()))


def may_change(session: Session, workspace_id: str, config: Config) -> bool:
    """Whether keys of this workspace are those that providers are asked with."""
    return _is_home(session, workspace_id, config)


def wanted_by(config: Config) -> list[str]:
    """The names of the keys that the configured providers wait for."""
    named = [provider.key_setting for provider in (*config.llm, *config.encoders)]
    return sorted({name for name in named if name is not None})


def reader(database: Database, secrets: Callable[[], Secrets], slug: str, name: str) -> Callable[[], str | None]:
    """A function that looks a key up: each time anew, so that a changed one counts at once. No transaction may be open.

    It gives None where none is set, or the stored one cannot be read; the log then says why.
    """

    def read() -> str | None:
        with database.read() as session:
            workspace = workspaces.find(session, slug)
            if workspace is None:
                return None
            try:
                return secrets().get(session, workspace.id, _name(name))
            except Misconfigured as error:
                log.error("provider_key_unreadable", setting=f"{SETTING}.{name}", error=str(error))
                return None

    return read


def _stored(session: Session, workspace_id: str) -> dict[str, Shown]:
    told = settings.told(session, workspace_id, SETTING) or {}
    return {name: Shown.model_validate(one) for name, one in told.items()}


def _is_home(session: Session, workspace_id: str, config: Config) -> bool:
    home = workspaces.find(session, config.workspace)
    return home is not None and home.id == workspace_id


def _name(name: str) -> str:
    return f"setting:{SETTING}.{name}"

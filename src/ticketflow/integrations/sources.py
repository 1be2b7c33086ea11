"""Sources of intake as people manage them, each change with its event and in the audit log."""

from typing import Any

from ticketflow import events
from ticketflow.db import Session
from ticketflow.integrations import mapping
from ticketflow.integrations.mapping import Rules, Translated
from ticketflow.integrations.signing_secrets import SigningSecrets
from ticketflow.store import audit, intake_sources
from ticketflow.store.intake_sources import NewSource, Source


def owner(source_id: str) -> str:
    """How the source's secrets are named."""
    return f"source:{source_id}"


def rules_of(source: Source) -> Rules:
    """The mapping as it is applied."""
    return {
        name: rule if isinstance(rule, str) else Translated.model_validate(rule)
        for name, rule in source.mapping.items()
    }


def stored_rules(rules: Rules) -> dict[str, Any]:
    """The mapping as it is kept. Raises InvalidInput where it says what cannot be."""
    mapping.check(rules)
    return {name: rule if isinstance(rule, str) else rule.model_dump() for name, rule in rules.items()}


def create(
    session: Session, workspace_id: str, slug: str, name: str, rules: Rules, secrets: SigningSecrets, actor: str
) -> tuple[Source, str]:
    """A source and its secret, which is shown once. Raises InvalidInput, and Conflict where the slug is taken."""
    new = NewSource(slug=slug, name=name, mapping=stored_rules(rules))
    made = intake_sources.add(session, workspace_id, new)
    secret = secrets.issue(session, workspace_id, owner(made.id), actor)
    _told(session, made, "source.created", actor, slug=slug)
    return made, secret


def change(session: Session, workspace_id: str, source_id: str, changes: dict[str, Any], actor: str) -> Source:
    """Set `name`, `mapping` (rules) or `state` of a source. Raises NotFound, InvalidInput."""
    found = intake_sources.get(session, workspace_id, source_id)
    values = dict(changes)
    if "mapping" in values:
        values["mapping"] = stored_rules(values["mapping"])
    changed = intake_sources.change(session, found, **values)
    _told(session, changed, "source.changed", actor, **values)
    return changed


def rotate(session: Session, workspace_id: str, source_id: str, secrets: SigningSecrets, actor: str) -> str:
    """A new secret, shown once; what is signed with the one before is taken until its time is over."""
    found = intake_sources.get(session, workspace_id, source_id)
    secret = secrets.issue(session, workspace_id, owner(found.id), actor)
    _told(session, found, "source.rotated", actor)
    return secret


def delete(session: Session, workspace_id: str, source_id: str, secrets: SigningSecrets, actor: str) -> None:
    """Forget a source with its secrets; the tickets that it sent stay. Raises NotFound."""
    found = intake_sources.get(session, workspace_id, source_id)
    intake_sources.remove(session, found)
    secrets.forget(session, workspace_id, owner(found.id))
    _told(session, found, "source.deleted", actor, slug=found.slug)


def _told(session: Session, one: Source, what: str, actor: str, **detail: Any) -> None:
    events.append(session, one.workspace_id, what, source_id=one.id)
    audit.record(session, one.workspace_id, actor, what, one.id, **detail)

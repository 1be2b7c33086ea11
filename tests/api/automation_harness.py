"""The sample company of the agent's tests behind the API: it has learned, and its automatic replies are certified."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))  # the agent's harness is shared with the tests there

from agent_harness import CLEAR, NOVEL, Company, made, teach

from ticketflow.runtime import Runtime
from ticketflow.store import audit, certificates
from ticketflow.store.audit import AuditEntry
from ticketflow.store.certificates import Certificate

__all__ = ["CLEAR", "NOVEL", "Company", "changes_of", "live_of", "served", "taught", "types_of"]


def taught(folder: Path) -> Company:
    """The company in a folder of its own."""
    return Company(folder, made(teach))


def served(company: Company) -> Runtime:
    """The company's installation for `create_app`, without threads that work off runs."""
    config = company.runtime.config.model_copy(update={"workers": 0})
    return replace(company.runtime, config=config)


def live_of(company: Company, segment: str = "") -> Certificate:
    """The certificate that automatic replies rest on."""
    with company.database.read() as session:
        return certificates.live(session, company.id)[segment]


def changes_of(company: Company) -> list[AuditEntry]:
    """The audit log of settings, newest first."""
    with company.database.read() as session:
        entries = audit.newest(session, company.id)
    return [entry for entry in entries if entry.action == "settings.changed"]


def types_of(caller: Any) -> list[tuple[str, dict[str, Any]]]:
    """The workspace's events as type and data."""
    events = caller.get("/v1/events?limit=200").json()["items"]
    return [(event["type"], event["data"]) for event in events]

"""What a webhook's body says: which event it was and what it concerns. The rest is read through the API.

Thin on purpose: no word of a customer leaves with it, and who reads a little later reads what is true then.
"""

import json
from typing import Any

from ticketflow.clock import to_iso
from ticketflow.events import Event

TEST = "webhook.test"


def of_event(workspace: str, event: Event) -> bytes:
    """The body for an event; `workspace` is the slug. Of the event's data only ids of other objects go along."""
    ids = {name: value for name, value in event.data.items() if name.endswith("_id") and isinstance(value, str)}
    data = {"workspace": workspace, "seq": event.seq, "ticket_id": event.ticket_id or None, **ids}
    return _body(event.type, event.created_at, data)


def of_test(workspace: str, endpoint_id: str, at: int) -> bytes:
    """The body of a test, sent by a person who wants to see one arrive."""
    return _body(TEST, at, {"workspace": workspace, "seq": 0, "ticket_id": None, "endpoint_id": endpoint_id})


def _body(event_type: str, at: int, data: dict[str, Any]) -> bytes:
    return json.dumps({"type": event_type, "timestamp": to_iso(at), "data": data}, separators=(",", ":")).encode()

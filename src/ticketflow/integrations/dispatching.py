"""From the event log to deliveries: each endpoint's position goes along the log, and what it passes is queued."""

from collections.abc import Callable

from ticketflow import events
from ticketflow.db import Database, Session
from ticketflow.events import Event
from ticketflow.integrations.following import PAGE, Follower
from ticketflow.store import webhook_deliveries, webhook_endpoints
from ticketflow.store.webhook_deliveries import Delivery
from ticketflow.store.webhook_endpoints import Endpoint, EndpointState
from ticketflow.workflow import queue

DELIVER = "deliver-webhook"


class Dispatcher(Follower[Endpoint]):
    """Considers new events for every endpoint."""

    def __init__(self, database: Database, checkpoint: Callable[[str], None] = lambda _point: None) -> None:
        super().__init__(
            database,
            behind=webhook_endpoints.behind,
            concerned=lambda _session, found, page: any(wanted(found, event) for event in page),
            advance=lambda session, found: advance(session, found.workspace_id, found.id),
            checkpoint=checkpoint,
        )


def advance(session: Session, workspace_id: str, endpoint_id: str) -> bool:
    """Queue what the endpoint wants of the next PAGE events and move its position past them; whether more may follow.

    Other processes wait for this transaction's end and then see where it got.
    """
    found = webhook_endpoints.find(session, workspace_id, endpoint_id)
    if found is None or found.state is EndpointState.DISABLED:
        return False
    page = events.after(session, workspace_id, found.position, PAGE)
    for event in page:
        if wanted(found, event):
            add(session, workspace_id, webhook_deliveries.new_delivery(session, found.id, event.seq, event.type))
    if page:
        webhook_endpoints.advance(session, found, page[-1].seq)
    return len(page) == PAGE


def add(session: Session, workspace_id: str, delivery: Delivery) -> Delivery:
    """Store a delivery together with the run of its first attempt."""
    run_id = queue.enqueue(
        session,
        workspace_id,
        DELIVER,
        trigger_id=webhook_deliveries.trigger(delivery),
        payload={"delivery_id": delivery.id, "tried": 0},
    )
    stored = delivery.model_copy(update={"run_id": run_id})
    webhook_deliveries.add(session, workspace_id, stored)
    return stored


def wanted(endpoint: Endpoint, event: Event) -> bool:
    """Whether an endpoint is to be told. That telling it failed is no news for it: it would come back for ever."""
    return endpoint.wants(event.type) and event.data.get("workflow") != DELIVER

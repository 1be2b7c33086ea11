"""From the event log to deliveries: each endpoint's position goes along the log, and what it passes is queued.

Position, deliveries and their runs move in one transaction that holds the endpoint, so that a process may end at any
moment and any number of them may do this at once: no event is passed over, and none is queued twice.
"""

from collections.abc import Callable

from ticketflow import events
from ticketflow.db import Database, Session
from ticketflow.events import Event
from ticketflow.store import webhook_deliveries, webhook_endpoints
from ticketflow.store.webhook_deliveries import Delivery
from ticketflow.store.webhook_endpoints import Endpoint, EndpointState
from ticketflow.workflow import queue

DELIVER = "deliver-webhook"
PAGE = 100
"""Events that are considered in one transaction."""


class Dispatcher:
    """Considers new events for every endpoint. One a process; it remembers what concerned nobody."""

    def __init__(self, database: Database, checkpoint: Callable[[str], None] = lambda _point: None) -> None:
        self._database = database
        self._checkpoint = checkpoint
        self._looked: dict[str, tuple[int, int]] = {}  # by endpoint: its version and the last seq that was looked at

    def __call__(self) -> bool:
        """Look once; whether there is more to be considered at once."""
        with self._database.read() as session:
            behind = webhook_endpoints.behind(session)
        left = [self._consider(found, last) for found, last in behind]
        self._looked = {found.id: self._looked[found.id] for found, _ in behind if found.id in self._looked}
        return any(left)

    def _consider(self, found: Endpoint, last: int) -> bool:
        if self._looked.get(found.id) == (found.version, last):
            return False
        with self._database.read() as session:
            page = events.after(session, found.workspace_id, found.position, PAGE)
        if len(page) < PAGE and not any(wanted(found, event) for event in page):
            # Its position stays, which costs a look at some events later and saves a transaction for each now.
            self._looked[found.id] = (found.version, last)
            return False
        self._checkpoint("dispatch:before")
        with self._database.write() as session:
            more = advance(session, found.workspace_id, found.id)
            self._checkpoint("dispatch:in")
        self._checkpoint("dispatch:committed")
        return more


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

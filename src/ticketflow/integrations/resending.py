"""Deliveries that a person asks for: one again, or a test."""

from ticketflow.db import Session
from ticketflow.errors import Conflict
from ticketflow.integrations import delivering, dispatching, payloads
from ticketflow.store import audit, webhook_deliveries, webhook_endpoints
from ticketflow.store.webhook_deliveries import Delivery
from ticketflow.store.webhook_endpoints import EndpointState
from ticketflow.workflow import queue


def resend(session: Session, workspace_id: str, delivery_id: str, actor: str) -> Delivery:
    """Attempt a delivery now and, where that fails, by the schedule anew; under the same id, so that an endpoint which
    had it already can tell. Raises NotFound, and Conflict where the endpoint is disabled.
    """
    delivery = webhook_deliveries.get(session, workspace_id, delivery_id)
    _require_enabled(session, workspace_id, delivery.webhook_endpoint_id)
    queue.cancel(session, workspace_id, delivery.run_id)
    audit.record(session, workspace_id, actor, "webhook.resent", delivery.webhook_endpoint_id, delivery_id=delivery_id)
    return delivering.put_off(session, workspace_id, delivery, None, 0, session.now)


def send_test(session: Session, workspace_id: str, endpoint_id: str, actor: str) -> Delivery:
    """Tell an endpoint that it is being tested, whatever types it asks for. Raises as `resend`."""
    _require_enabled(session, workspace_id, endpoint_id)
    audit.record(session, workspace_id, actor, "webhook.tested", endpoint_id)
    made = webhook_deliveries.new_delivery(session, endpoint_id, 0, payloads.TEST)
    return dispatching.add(session, workspace_id, made)


def _require_enabled(session: Session, workspace_id: str, endpoint_id: str) -> None:
    if webhook_endpoints.get(session, workspace_id, endpoint_id).state is EndpointState.DISABLED:
        raise Conflict("The endpoint is disabled.", remedy="Enable it first.")

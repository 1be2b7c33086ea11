"""Webhooks: endpoints that are told of events, and the log of what was delivered to them."""

from typing import Annotated

from fastapi import Query, Response

from ticketflow.api import paging
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, answers_once, needs, router
from ticketflow.api.schemas.webhooks import (
    DeliveryDetail,
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    EndpointDeleted,
    EndpointIn,
    EndpointMade,
    EndpointOut,
    EndpointPage,
    EndpointPatch,
    EndpointQuery,
    SecretMade,
)
from ticketflow.api.scopes import Scope
from ticketflow.integrations import endpoints, resending
from ticketflow.integrations.signing_secrets import OVERLAP
from ticketflow.store import webhook_deliveries, webhook_endpoints
from ticketflow.store.webhook_endpoints import NewEndpoint

routes = router("Webhooks")


@routes.post("/webhooks/endpoints", status_code=201, summary="Add a webhook endpoint", responses=fails(409))
@answers_once
@needs(Scope.WEBHOOKS_WRITE)
def add_webhook_endpoint(calling: Calling, body: EndpointIn, response: Response) -> EndpointMade:
    """From now on events are sent to it, signed by Standard Webhooks with `secret`, which is shown this once. A URL
    that must not be called is refused with 422.
    """
    new = NewEndpoint(url=calling.runtime.outbound.check(body.url), description=body.description, types=body.types)
    with calling.runtime.database.write() as session:
        made, secret = endpoints.create(
            session, calling.workspace_id, new, calling.runtime.signing_secrets, calling.principal.actor
        )
    response.headers["Location"] = f"/v1/webhooks/endpoints/{made.id}"
    return EndpointMade.model_validate({**made.model_dump(), "secret": secret})


@routes.get("/webhooks/endpoints", summary="List webhook endpoints")
@needs(Scope.WEBHOOKS_READ)
def list_webhook_endpoints(calling: Calling, query: Annotated[EndpointQuery, Query()]) -> EndpointPage:
    """Endpoints, newest first, without their secrets."""
    before = paging.position(calling, "webhook endpoints", query)
    with calling.runtime.database.read() as session:
        found = webhook_endpoints.page(
            session, calling.workspace_id, before=before[1] if before else None, limit=query.limit + 1
        )
    items, cursor = paging.cut(calling, "webhook endpoints", query, found, lambda last: (last.created_at, last.id))
    return EndpointPage(items=[EndpointOut.model_validate(one) for one in items], next_cursor=cursor)


@routes.get("/webhooks/endpoints/{endpoint_id}", summary="Read a webhook endpoint", responses=fails(404))
@needs(Scope.WEBHOOKS_READ)
def read_webhook_endpoint(calling: Calling, endpoint_id: str) -> EndpointOut:
    """An endpoint without its secret; where it is disabled, `reason` says why."""
    with calling.runtime.database.read() as session:
        return EndpointOut.model_validate(webhook_endpoints.get(session, calling.workspace_id, endpoint_id))


@routes.patch("/webhooks/endpoints/{endpoint_id}", summary="Change a webhook endpoint", responses=fails(404, 409))
@needs(Scope.WEBHOOKS_WRITE)
def change_webhook_endpoint(calling: Calling, endpoint_id: str, body: EndpointPatch) -> EndpointOut:
    """Fields that are not sent stay as they are. What waits for its next attempt goes to the new URL."""
    changes = body.changes()
    after_seq = changes.pop("after_seq", None)
    if "url" in changes:
        changes["url"] = calling.runtime.outbound.check(changes["url"])
    with calling.runtime.database.write() as session:
        changed = endpoints.change(
            session, calling.workspace_id, endpoint_id, changes, calling.principal.actor, after_seq=after_seq
        )
    return EndpointOut.model_validate(changed)


@routes.delete("/webhooks/endpoints/{endpoint_id}", summary="Delete a webhook endpoint", responses=fails(404))
@needs(Scope.WEBHOOKS_WRITE)
def delete_webhook_endpoint(calling: Calling, endpoint_id: str) -> EndpointDeleted:
    """It is told nothing more, and its deliveries are forgotten."""
    with calling.runtime.database.write() as session:
        endpoints.delete(
            session, calling.workspace_id, endpoint_id, calling.runtime.signing_secrets, calling.principal.actor
        )
    return EndpointDeleted(id=endpoint_id, deleted=True)


@routes.post(
    "/webhooks/endpoints/{endpoint_id}/rotate",
    status_code=201,
    summary="Rotate a webhook endpoint's secret",
    responses=fails(404),
)
@answers_once
@needs(Scope.WEBHOOKS_WRITE)
def rotate_webhook_secret(calling: Calling, endpoint_id: str) -> SecretMade:
    """A new secret, shown this once. For 24 hours everything is signed with the one before as well, so that receivers
    can change over in their own time; one from an earlier rotation ends now.
    """
    with calling.runtime.database.write() as session:
        secret = endpoints.rotate(
            session, calling.workspace_id, endpoint_id, calling.runtime.signing_secrets, calling.principal.actor
        )
        return SecretMade(id=endpoint_id, secret=secret, previous_until=session.now + OVERLAP)


@routes.post(
    "/webhooks/endpoints/{endpoint_id}/test",
    status_code=202,
    summary="Test a webhook endpoint",
    responses=fails(404, 409),
)
@needs(Scope.WEBHOOKS_WRITE)
def test_webhook_endpoint(calling: Calling, endpoint_id: str) -> DeliveryOut:
    """Send a `webhook.test`, whatever types it asks for. The delivery tells how it went."""
    with calling.runtime.database.write() as session:
        made = resending.send_test(session, calling.workspace_id, endpoint_id, calling.principal.actor)
    return DeliveryOut.of(made)


@routes.get("/webhooks/deliveries", summary="List webhook deliveries")
@needs(Scope.WEBHOOKS_READ)
def list_webhook_deliveries(calling: Calling, query: Annotated[DeliveryQuery, Query()]) -> DeliveryPage:
    """Deliveries, newest first, of all endpoints or of one."""
    before = paging.position(calling, "webhook deliveries", query)
    with calling.runtime.database.read() as session:
        found = webhook_deliveries.page(
            session,
            calling.workspace_id,
            endpoint_id=query.endpoint_id,
            state=query.state,
            before=before[1] if before else None,
            limit=query.limit + 1,
        )
    items, cursor = paging.cut(calling, "webhook deliveries", query, found, lambda last: (last.created_at, last.id))
    return DeliveryPage(items=[DeliveryOut.of(one) for one in items], next_cursor=cursor)


@routes.get("/webhooks/deliveries/{delivery_id}", summary="Read a webhook delivery", responses=fails(404))
@needs(Scope.WEBHOOKS_READ)
def read_webhook_delivery(calling: Calling, delivery_id: str) -> DeliveryDetail:
    """A delivery with every attempt: status, error, duration and how the response began."""
    with calling.runtime.database.read() as session:
        found = webhook_deliveries.get(session, calling.workspace_id, delivery_id)
        runs = webhook_deliveries.runs(session, calling.workspace_id, found)
    return DeliveryDetail.with_attempts(found, runs)


@routes.post(
    "/webhooks/deliveries/{delivery_id}/resend",
    status_code=202,
    summary="Send a webhook again",
    responses=fails(404, 409),
)
@needs(Scope.WEBHOOKS_WRITE)
def resend_webhook(calling: Calling, delivery_id: str) -> DeliveryOut:
    """Attempt it now, and where that fails by the whole schedule again. The `webhook-id` stays, so that a receiver that
    had it already can tell. 409 where the endpoint is disabled.
    """
    with calling.runtime.database.write() as session:
        again = resending.resend(session, calling.workspace_id, delivery_id, calling.principal.actor)
    return DeliveryOut.of(again)

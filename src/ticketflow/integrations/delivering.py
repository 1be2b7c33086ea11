"""One attempt at a webhook's delivery, as a run: send it, then note what came of it and queue the next where it failed.

The request is made outside every transaction, and its outcome is committed after it: who is killed in between sends it
again under the same `webhook-id`, by which the other side knows it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from ticketflow import events
from ticketflow.agent.deps import Deps
from ticketflow.clock import HOUR, SECOND
from ticketflow.db import Database, Session
from ticketflow.domain import Value
from ticketflow.errors import InvalidInput, LeaseLost, StorageUnavailable, TicketFlowError
from ticketflow.integrations import endpoints, payloads, schedule, signatures
from ticketflow.integrations.dispatching import DELIVER
from ticketflow.integrations.signing_secrets import SigningSecrets
from ticketflow.outbound import Answer, Client, Limits
from ticketflow.store import webhook_deliveries, webhook_endpoints, workspaces
from ticketflow.store.webhook_deliveries import Delivery, DeliveryState
from ticketflow.store.webhook_endpoints import Endpoint, EndpointState
from ticketflow.workflow import queue
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

LANE_WIDTH = 2
"""Attempts at one endpoint that a process makes at a time."""
EXCERPT = 1_000
"""Characters of a response that are kept for people to see."""
GONE = 410
LIMITS = Limits(connect_seconds=5.0, read_seconds=10.0, total_seconds=10.0, most_bytes=4 * EXCERPT, cut=True)


class Attempted(Value):
    """What came of an attempt.

    sent         whether anything was tried: not so where nobody wants the delivery any more
    status       of the response, None without one
    error        why it failed, in a sentence; None where it succeeded
    asked_us     what Retry-After asks for, in microseconds
    """

    at: int
    sent: bool = True
    status: int | None = None
    error: str | None = None
    excerpt: str = ""
    duration_ms: int = 0
    asked_us: int | None = None


@dataclass(frozen=True)
class Sending:
    """What an attempt is made with."""

    database: Database
    client: Callable[[], Client]
    secrets: SigningSecrets
    rng: random.Random = field(default_factory=random.Random)


@dataclass(frozen=True)
class _Message:
    endpoint: Endpoint
    secrets: list[str]
    body: bytes


def workflow(sending: Sending) -> Workflow[Deps]:
    """The workflow of attempts that are made with these means."""

    def send(_deps: Deps, state: State) -> Attempted:
        return attempt(sending, state)

    def settle(_deps: Deps, session: Session, state: State, value: Attempted) -> None:
        note(sending, session, state.run, value)

    def give_up(_deps: Deps, session: Session, run: Run, error: str) -> None:
        """The process ended in every claim of this attempt, or something is wrong here: one more that failed."""
        note(sending, session, run, Attempted(at=session.now, error=error))

    step = Step[Deps]("send", "1", send, settle, output=Attempted, inputs=(TICKET,), outside=True)
    return Workflow[Deps](DELIVER, 1, (step,), give_up, lane_width=LANE_WIDTH)


def attempt(sending: Sending, state: State) -> Attempted:
    """Send the run's delivery once. Raises StorageUnavailable."""
    delivery_id, began = str(state.run.payload["delivery_id"]), state.clock.now()
    try:
        with sending.database.read() as session:
            message = _message(sending, session, state.run.workspace_id, delivery_id)
        if isinstance(message, str):
            return Attempted(at=began, sent=False, error=message)
        headers = signatures.signed(message.secrets, delivery_id, began, message.body)
        with state.kept():
            answer = sending.client().request(
                "POST",
                message.endpoint.url,
                headers={"content-type": "application/json", **headers},
                content=message.body,
                limits=LIMITS,
            )
    except (LeaseLost, StorageUnavailable):
        raise
    except TicketFlowError as error:
        return Attempted(at=began, error=str(error), duration_ms=_milliseconds(state, began))
    return _outcome(answer, began, state)


def _message(sending: Sending, session: Session, workspace_id: str, delivery_id: str) -> _Message | str:
    """What is to be sent, or why nothing is any more."""
    delivery = webhook_deliveries.find(session, workspace_id, delivery_id)
    if delivery is None:
        return "The endpoint was deleted."
    endpoint = webhook_endpoints.get(session, workspace_id, delivery.webhook_endpoint_id)
    if endpoint.state is EndpointState.DISABLED:
        return "The endpoint is disabled."
    slug = workspaces.get(session, workspace_id).slug
    if delivery.type == payloads.TEST:
        body = payloads.of_test(slug, endpoint.id, delivery.created_at)
    else:
        found = events.after(session, workspace_id, delivery.seq - 1, 1)
        if not found or found[0].seq != delivery.seq:
            return "The event was erased."
        body = payloads.of_event(slug, found[0])
    secrets = sending.secrets.live(session, workspace_id, endpoints.owner(endpoint.id))
    if not secrets:
        raise InvalidInput("The endpoint has no secret to sign with.", remedy="Rotate it.")
    return _Message(endpoint, secrets, body)


def _outcome(answer: Answer, began: int, state: State) -> Attempted:
    taken = 200 <= answer.status < 300
    redirect = " Redirects are not followed." if 300 <= answer.status < 400 else ""
    return Attempted(
        at=began,
        status=answer.status,
        error=None if taken else f"The endpoint answered {answer.status}.{redirect}",
        excerpt=answer.content.decode(errors="replace").replace("\0", "")[:EXCERPT],
        duration_ms=_milliseconds(state, began),
        asked_us=None if taken else schedule.asked_us(answer.headers, state.clock.now()),
    )


def _milliseconds(state: State, began: int) -> int:
    return (state.clock.now() - began) * 1_000 // SECOND


def note(sending: Sending, session: Session, run: Run, made: Attempted) -> None:
    """Write down what came of an attempt, with the commit that ends its run."""
    workspace_id = run.workspace_id
    delivery = webhook_deliveries.find(session, workspace_id, str(run.payload["delivery_id"]))
    if delivery is None or delivery.run_id != run.id:  # deleted, or sent again by a person meanwhile
        return
    if not made.sent:
        _end(session, workspace_id, delivery, made, DeliveryState.DROPPED, attempts=delivery.attempts)
    elif made.error is None:
        _end(session, workspace_id, delivery, made, DeliveryState.DELIVERED)
        webhook_endpoints.works(session, workspace_id, delivery.webhook_endpoint_id)
    else:
        _failed(sending, session, run, delivery, made)


def _failed(sending: Sending, session: Session, run: Run, delivery: Delivery, made: Attempted) -> None:
    endpoint = webhook_endpoints.get(session, run.workspace_id, delivery.webhook_endpoint_id)
    since = webhook_endpoints.fails(session, endpoint)
    tried = int(run.payload["tried"]) + 1
    wait = None if made.status == GONE else schedule.wait_us(tried, made.asked_us, sending.rng)
    if wait is None:
        _end(session, run.workspace_id, delivery, made, DeliveryState.FAILED)
    else:
        put_off(session, run.workspace_id, delivery, made, tried, session.now + wait)
    if endpoint.state is EndpointState.DISABLED:
        return
    if made.status == GONE:
        endpoints.disable(session, endpoint, "It answered 410, which says that it is gone.")
    elif session.now - since >= schedule.GIVEN_UP_AFTER:
        hours = schedule.GIVEN_UP_AFTER // HOUR
        endpoints.disable(session, endpoint, f"It took nothing for {hours} hours; lately: {made.error}")


def put_off(
    session: Session, workspace_id: str, delivery: Delivery, made: Attempted | None, tried: int, due_at: int
) -> Delivery:
    """Queue the delivery's next attempt, after `made` where there was one. `tried` counts those of this schedule."""
    done = delivery.model_copy(update={"attempts": delivery.attempts + (made is not None)})
    run_id = queue.enqueue(
        session,
        workspace_id,
        DELIVER,
        trigger_id=webhook_deliveries.trigger(done),
        payload={"delivery_id": delivery.id, "tried": tried},
        due_at=due_at,
    )
    values = {"state": DeliveryState.PENDING.value, "run_id": run_id, "next_at": due_at, "attempts": done.attempts}
    if made is not None:
        values |= {"status": made.status, "error": made.error}
    webhook_deliveries.change(session, workspace_id, delivery.id, **values)
    return webhook_deliveries.get(session, workspace_id, delivery.id)


def _end(
    session: Session,
    workspace_id: str,
    delivery: Delivery,
    made: Attempted,
    state: DeliveryState,
    *,
    attempts: int | None = None,
) -> None:
    webhook_deliveries.change(
        session,
        workspace_id,
        delivery.id,
        state=state.value,
        attempts=delivery.attempts + 1 if attempts is None else attempts,
        status=made.status,
        error=made.error,
        next_at=None,
    )

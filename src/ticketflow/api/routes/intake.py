"""Intake: what other systems send, signed. No key is needed: the signature is looked at before anything else."""

import asyncio
import time
from typing import Any, cast

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from ticketflow.api.documented import fails
from ticketflow.api.guard import public, router
from ticketflow.api.schemas.sources import ITEM, IntakeOut, TakenOut
from ticketflow.api.turns import Turns
from ticketflow.errors import Unauthenticated
from ticketflow.integrations import intake, signatures
from ticketflow.integrations.intake import MOST_ITEMS
from ticketflow.runtime import Runtime

routes = router("Intake")

REFUSED_AFTER_SECONDS = 0.05
"""Every refusal of a signature takes so long, which is longer than looking: the time tells nothing of what there is."""
SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")

_OBJECT: dict[str, Any] = {"type": "object"}
_DESCRIBED: dict[str, Any] = {
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "As Standard Webhooks 1.0 has it.",
        }
        for name in SIGNATURE_HEADERS
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [_OBJECT, {"type": "array", "items": _OBJECT, "minItems": 1, "maxItems": MOST_ITEMS}]
                },
                "example": ITEM,
            }
        },
    },
}


@routes.post(
    "/intake/{source}", summary="Send tickets from another system", responses=fails(401, 403), openapi_extra=_DESCRIBED
)
@public
async def take_in(request: Request, source: str) -> IntakeOut:
    """One item or a list of up to 100, in the other system's own shape; the source's mapping says what is what.
    `source` is the source's address, such as `default_shop`.

    Signed by Standard Webhooks over the body's bytes. 2xx means that every item is stored, or told why not: an item is
    `known` where the same `webhook-id`, or the same external id, came before, so that sending again is safe. A single
    item that does not fit is refused with 422.
    """
    headers = {name: request.headers.get(name, "") for name in SIGNATURE_HEADERS}
    if not all(headers.values()):
        raise signatures.refusal()  # before anything of the body is read
    body, began = await request.body(), time.monotonic()
    runtime = cast(Runtime, request.app.state.runtime)
    try:
        async with cast(Turns, request.app.state.turns).taken_for("intake"):  # whatever comes in leaves others places
            taken = await run_in_threadpool(
                intake.receive, runtime.database, runtime.signing_secrets, source, headers, body
            )
    except Unauthenticated:
        await asyncio.sleep(began + REFUSED_AFTER_SECONDS - time.monotonic())
        raise
    return IntakeOut(items=[TakenOut.model_validate(one) for one in taken])

"""Health for whoever runs the server, and a word of welcome. Open to everybody; says nothing about customers."""

from fastapi import Response

from ticketflow import __version__
from ticketflow.api import problems
from ticketflow.api.documented import problem
from ticketflow.api.guard import Watched, public, router
from ticketflow.api.schemas.settings import HealthOut, PartOut, ReadyOut, WelcomeOut

routes = router("Health", prefix="")


@routes.get("/", summary="What this server is")
@public
def welcome() -> WelcomeOut:
    """The product's name and version, and where to go on."""
    return WelcomeOut(
        name="TicketFlow",
        version=__version__,
        about="Tickets in, decisions out: each one explained and measured.",
        docs="/docs",
        openapi="/openapi.json",
        ready="/readyz",
    )


@routes.get("/healthz", summary="Is the process alive?")
@public
async def healthz() -> HealthOut:
    """Answers as long as the process serves requests, whatever its database does."""
    # In the event loop, so that no thread is needed: those may all be waiting for the database.
    return HealthOut(status="alive", version=__version__)


@routes.get("/readyz", summary="Can it serve?", response_model=ReadyOut, responses={503: problem(503)})
@public
def readyz(readiness: Watched) -> Response | ReadyOut:
    """Says whether the database answers, its schema is this version's, the encoder is there, workers live, no ticket
    has waited too long for one, and the disk has room; each part with a sentence. Not ready is 503, with the same
    `parts`.
    """
    found = [PartOut.model_validate(part) for part in readiness.parts()]
    missing = [part for part in found if not part.ready]
    if not missing:
        return ReadyOut(status="degraded" if any(part.degraded for part in found) else "ready", parts=found)
    return problems.response(
        "not_ready",
        " ".join(f"{part.name}: {part.detail}" for part in missing),
        retryable=True,
        headers={"Retry-After": str(problems.RETRY_AFTER_SECONDS)},
        parts=[part.model_dump() for part in found],
    )

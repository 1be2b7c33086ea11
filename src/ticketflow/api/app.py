"""The ASGI application: `create_app(runtime)`. Not what serves it: that is `server.Server`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from ticketflow import __version__
from ticketflow.api import description, problems
from ticketflow.api.admission import Admission
from ticketflow.api.boundary import ErrorBoundary
from ticketflow.api.cursors import Cursors
from ticketflow.api.guard import require_guarded
from ticketflow.api.headers import CORS, SafeHeaders
from ticketflow.api.limits import MAX_BODY_BYTES, BodyLimit
from ticketflow.api.live import Hub
from ticketflow.api.observing import Observing
from ticketflow.api.rates import Rates
from ticketflow.api.readiness import Readiness
from ticketflow.api.routes import (
    answers,
    articles,
    attachments,
    audit_log,
    audits,
    automation,
    certificates,
    decisions,
    docs,
    erasures,
    events,
    experiments,
    exports,
    health,
    intake,
    keys,
    metrics,
    notices,
    people,
    runs,
    search,
    sessions,
    settings,
    sign_in_page,
    sources,
    ticket_life,
    tickets,
    webhooks,
)
from ticketflow.api.server import DRAIN_SECONDS
from ticketflow.api.turns import Turns
from ticketflow.api.uses import Uses
from ticketflow.runtime import Runtime

RESOURCES = (
    tickets,
    ticket_life,
    attachments,
    decisions,
    articles,
    answers,
    search,
    runs,
    events,
    settings,
    automation,
    certificates,
    audits,
    experiments,
    notices,
    webhooks,
    sources,
    intake,
    sessions,
    people,
    keys,
    audit_log,
    erasures,
    exports,
    health,
    metrics,
    docs,
    sign_in_page,
)

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""The framework's own is off: it tells errors with what they quote to whatever global provider there is."""


def create_app(runtime: Runtime, *, max_body_bytes: int = MAX_BODY_BYTES) -> FastAPI:
    """The API over an installation. While it runs, `config.workers` threads work off runs beside it.

    Raises Misconfigured when a route declares no scope.
    """
    app = bare_app(max_body_bytes=max_body_bytes)
    if runtime.config.allowed_origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(runtime.config.allowed_origins), **CORS)
    app.add_middleware(Observing)
    app.state.runtime = runtime
    app.state.turns = Turns()
    app.state.admission = Admission(runtime)
    app.state.cursors = Cursors(runtime.secret)
    rates = runtime.config.rate_per_key, runtime.config.rate_per_workspace
    app.state.rates = Rates(*rates, refused=runtime.metrics.refused)
    app.state.readiness = Readiness(runtime)
    app.state.live = Hub(runtime.database)
    app.state.telemetry = runtime.telemetry
    runtime.metrics.watch_streams(lambda: len(app.state.live.streams))
    return app


def bare_app(*, max_body_bytes: int = MAX_BODY_BYTES) -> FastAPI:
    """The routes without an installation behind them: enough to describe the API, not to serve it."""
    app = FastAPI(
        title="TicketFlow",
        version=__version__,
        description=description.ABOUT,
        openapi_url=None,  # served by routes of ours, so that no page loads anything from elsewhere
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name whatever host the request claimed
        lifespan=_lifespan,
        telemetry=NO_TELEMETRY,
        generate_unique_id_function=lambda route: route.name,
    )
    for resource in RESOURCES:
        app.include_router(resource.routes)
    for context in iter_route_contexts(app.routes):
        require_guarded(context)
    problems.install(app)
    description.install(app)
    app.add_middleware(BodyLimit, limit=max_body_bytes)
    app.add_middleware(ErrorBoundary)
    app.add_middleware(SafeHeaders)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    runtime: Runtime = app.state.runtime
    warming = app.state.readiness.start()
    threads = runtime.config.workers
    if threads:
        await run_in_threadpool(runtime.runner.start, threads)
    uses: Uses = app.state.admission.uses
    uses.start()
    try:
        yield
    finally:
        live: Hub = app.state.live
        live.close()
        await run_in_threadpool(live.stop)
        await run_in_threadpool(uses.stop)
        if threads:
            await run_in_threadpool(runtime.runner.stop, DRAIN_SECONDS)
        await run_in_threadpool(warming.join, DRAIN_SECONDS)  # Python must not end under libraries that are loading

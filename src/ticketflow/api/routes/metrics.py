"""The figures of this process, for Prometheus."""

from fastapi import Request, Response

from ticketflow.api.guard import needs, router
from ticketflow.api.scopes import Scope
from ticketflow.telemetry.metrics import CONTENT_TYPE
from ticketflow.telemetry.observing import Telemetry

routes = router("Health", prefix="")

_TEXT = {
    "description": "Prometheus' text format.",
    "content": {
        "text/plain": {
            "schema": {"type": "string"},
            "example": 'ticketflow_queue_due{workflow="ticket"} 3.0\n',
        }
    },
}


@routes.get("/metrics", summary="Figures for Prometheus", response_class=Response, responses={200: _TEXT})
@needs(Scope.METRICS_READ, unless=lambda config: config.metrics_open)
def metrics(request: Request) -> Response:
    """Counters, gauges and histograms of this process, over all workspaces: requests, runs, steps, decisions, language
    models, encoders, webhooks and the queue. No label holds a workspace, a customer or a text.

    Where the operator set `TICKETFLOW_METRICS_OPEN=true`, no key is asked for.
    """
    telemetry: Telemetry = request.app.state.telemetry
    return Response(telemetry.metrics.text(), media_type=CONTENT_TYPE)

"""Metrics of a process that serves no API: a small HTTP server of their own."""

from prometheus_client import start_http_server

from ticketflow.errors import NotReady
from ticketflow.telemetry.metrics import Metrics


def serve(metrics: Metrics, host: str, port: int) -> int:
    """Serve the metrics from a daemon thread until the process ends; the port, which 0 leaves to the system.

    Raises NotReady where the port cannot be had. Nobody is asked for a key: `host` says who gets there.
    """
    try:
        server, _ = start_http_server(port, host, metrics.registry)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise NotReady(
            f"Metrics cannot be served on port {port} of {host}: {why}.",
            remedy="Choose another one with --metrics-port; 0 picks a free one.",
        ) from error
    return int(server.server_port)

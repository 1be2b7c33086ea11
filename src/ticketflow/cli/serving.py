"""`ticketflow serve` and `ticketflow worker`: the two long-running processes."""

from typing import Annotated

import typer

from ticketflow.cli.context import Home, runtime, say
from ticketflow.cli.person import first_invitation
from ticketflow.cli.workers import leave_with_parent

EXIT_NOT_DRAINED = 1


def serve(
    home: Home = None,
    host: Annotated[
        str | None, typer.Option(help="Address to bind to. [default: TICKETFLOW_HOST, else 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to bind to; 0 picks a free one. [default: TICKETFLOW_PORT, else 8484]")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Worker threads; 0 leaves tickets to `ticketflow worker`. [default: TICKETFLOW_WORKERS, else 2]"
        ),
    ] = None,
) -> None:
    """Serve the API, and work off tickets in threads of the same process, until SIGTERM or Ctrl-C.

    Example: `ticketflow serve --home /var/lib/ticketflow --port 8080`

    The address is printed on standard output as soon as requests are answered, and as long as nobody has ever signed
    in, a link that signs the owner in once; the log goes to standard error.
    """
    built = runtime(home, host=host, port=port, workers=workers)
    workspace = built.workspace()
    from ticketflow.api import server
    from ticketflow.api.app import create_app

    listener = server.listen(built.config.host, built.config.port)
    address = server.address(listener)
    told = [f"TicketFlow at {address}, workspace {workspace.slug}, {built.config.workers} worker threads."]
    told += first_invitation(built, address)
    server.Server(create_app(built), listener, lambda: say("\n".join(told))).serve_until_stopped()
    built.close()


def worker(
    home: Home = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Tickets worked on at the same time.")] = 2,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Serve metrics for Prometheus on this port; 0 picks a free one."),
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="Address of that port.")] = "127.0.0.1",
    attached: Annotated[bool, typer.Option("--attached", hidden=True, help="Leave when standard input ends.")] = False,
) -> None:
    """Work off queued tickets in a process of its own, until SIGTERM or Ctrl-C.

    Example: `ticketflow worker --threads 4` beside `ticketflow serve --workers 0`

    It ends the tickets under way before it leaves. One that is killed loses nothing: another worker takes over.
    """
    built = runtime(home)
    from ticketflow.worker import run_worker

    if attached:
        leave_with_parent()
    if metrics_port is not None:
        from ticketflow.telemetry import exposition

        port = exposition.serve(built.telemetry.metrics, metrics_host, metrics_port)
        say(f"Metrics at http://{metrics_host}:{port}/metrics")
    drained = run_worker(built.runner, threads)
    built.close()
    if not drained:
        raise typer.Exit(EXIT_NOT_DRAINED)

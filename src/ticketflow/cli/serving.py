"""`ticketflow serve` and `ticketflow worker`: the two long-running processes."""

from typing import Annotated

import typer

from ticketflow.cli.context import Home, console, runtime


def serve(
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="Address to bind to. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind to. [default: 8484]")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker threads; 0 leaves runs to `worker`. [default: 2]")] = None,
) -> None:
    """Serve the API, and work off tickets in threads of the same process.

    Example: `ticketflow serve --home /var/lib/ticketflow --port 8080`
    """
    given = {"host": host, "port": port, "workers": workers}
    built = runtime(home, **{name: value for name, value in given.items() if value is not None})
    workspace = built.workspace()
    from ticketflow.api.app import serve as serve_api

    console.print(f"TicketFlow at http://{built.config.host}:{built.config.port} (workspace {workspace.slug!r})")
    serve_api(built)


def worker(
    home: Home = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Tickets worked on at the same time.")] = 2,
) -> None:
    """Work off queued runs in a process of its own, until stopped.

    Example: `ticketflow worker --threads 4` beside `ticketflow serve --workers 0`
    """
    built = runtime(home)
    from ticketflow.worker import run_worker

    run_worker(built.runner, threads)

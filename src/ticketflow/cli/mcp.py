"""`ticketflow mcp`: the tools of a TicketFlow server for assistants that speak MCP."""

import os
from typing import Annotated

import typer

from ticketflow.errors import Misconfigured

KEY = "TICKETFLOW_API_KEY"


def mcp(
    url: Annotated[str, typer.Option(help="Address of the TicketFlow server.")] = "http://127.0.0.1:8484",
    allow_writes: Annotated[
        bool, typer.Option("--allow-writes", help="Offer the tools that grade decisions and add notes as well.")
    ] = False,
) -> None:
    """Give an assistant tools over MCP on standard input and output, with the API key in TICKETFLOW_API_KEY.

    Example: `ticketflow mcp --url https://tickets.example.com`
    """
    key = os.environ.get(KEY)
    if not key:
        raise Misconfigured(
            f"{KEY} is not set.", remedy="Make a key with `ticketflow key create`, with the scopes that tools may use."
        )
    try:
        from ticketflow.mcp_server import tools
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise Misconfigured("The tools need the extra mcp.", remedy="pip install 'ticketflow[mcp]'") from None
    from ticketflow.mcp_server.calls import Calls

    tools.server(Calls(url, key), allow_writes=allow_writes).run("stdio")

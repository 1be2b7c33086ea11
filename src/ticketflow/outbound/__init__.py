"""Calls to addresses that customers and operators name: webhooks, URLs to import, connectors, Slack.

The guarded client reaches public addresses only, unless the operator allows more. Importing this loads no HTTP library.
"""

from ticketflow.outbound.allowlist import AllowList
from ticketflow.outbound.answers import Answer, Limits
from ticketflow.outbound.client import Client

__all__ = ["AllowList", "Answer", "Client", "Limits"]

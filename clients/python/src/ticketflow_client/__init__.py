"""The Python client of TicketFlow's API.

TicketFlow, AsyncTicketFlow    the API, by resource: `client.tickets.open(...)`, `client.articles.iterate()`
schemas                        the objects that the API takes and gives
WebhookVerifier                whether a webhook is genuine
errors                         everything that can go wrong, drawn as a tree
"""

from ticketflow_client import errors
from ticketflow_client.calls import OMITTED, Omitted, Upload
from ticketflow_client.client import AsyncTicketFlow, TicketFlow
from ticketflow_client.configuration import Retries
from ticketflow_client.errors import ApiError, TicketFlowError, WebhookVerificationError
from ticketflow_client.generated import schemas
from ticketflow_client.version import __version__
from ticketflow_client.webhooks import Delivery, WebhookVerifier

__all__ = [
    "OMITTED",
    "ApiError",
    "AsyncTicketFlow",
    "Delivery",
    "Omitted",
    "Retries",
    "TicketFlow",
    "TicketFlowError",
    "Upload",
    "WebhookVerificationError",
    "WebhookVerifier",
    "__version__",
    "errors",
    "schemas",
]

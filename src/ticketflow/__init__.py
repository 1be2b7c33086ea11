"""TicketFlow: support automation that sits beside any help desk and proves its error rate."""

__version__ = "0.1.0"

"""Who spoke last, and what the customer is still waiting for."""

from collections.abc import Sequence

from ticketflow.domain import Author
from ticketflow.store.tickets import Message


def open_words(conversation: Sequence[Message]) -> str:
    """What the customer said since anyone last replied; all they ever said when everything has a reply."""
    since: list[str] = []
    for message in conversation:
        if message.author is Author.REQUESTER:
            since.append(message.body)
        elif not message.internal:
            since.clear()
    return "\n\n".join(since or [message.body for message in conversation if message.author is Author.REQUESTER])

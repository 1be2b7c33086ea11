"""Who spoke last, and what the customer is still waiting for."""

from collections.abc import Sequence

from ticketflow.domain import Author
from ticketflow.retrieval.cleaning import SEPARATOR
from ticketflow.store.tickets import Message


def open_words(conversation: Sequence[Message]) -> str:
    """What the customer said since anyone last replied; all they ever said when everything has a reply.

    Messages are kept apart by cleaning's SEPARATOR, so that what one quotes or signs ends with it.
    """
    since: list[str] = []
    for message in conversation:
        if message.author is Author.REQUESTER:
            since.append(message.body)
        elif not message.internal:
            since.clear()
    return SEPARATOR.join(since or [message.body for message in conversation if message.author is Author.REQUESTER])

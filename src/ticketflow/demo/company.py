"""What the sample company knows, and what arrives there. Every text was written for this package."""

import json
from collections.abc import Iterator
from pathlib import Path

from ticketflow.domain import AnswerStatus, Value
from ticketflow.store.answers import NewAnswer
from ticketflow.store.tickets import NewTicket

FOLDER = Path(__file__).parent / "data"
HISTORY = FOLDER / "history.jsonl"


class Arrival(Value):
    """A new ticket, with the answer that would be right: None where the knowledge base holds none."""

    ticket: NewTicket
    right: str | None


def answers() -> list[NewAnswer]:
    """The approved answers."""
    return [NewAnswer(status=AnswerStatus.APPROVED, **row) for row in _rows("answers.jsonl")]


def arrivals() -> list[Arrival]:
    """The new tickets, in the order they arrive."""
    return [
        Arrival(
            ticket=NewTicket(
                external_id=row["id"],
                channel=row["channel"],
                requester_name=row["requester_name"],
                subject=row["subject"],
                body=row["body"],
            ),
            right=row["answer"],
        )
        for row in _rows("incoming.jsonl")
    ]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)

"""What every kind of channel is asked to do: one attempt at one message."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ticketflow.domain import Value
from ticketflow.outbound import Client

ASKED_AT_MOST = 200
"""Characters of an answer that are quoted to people."""


class Message(Value):
    """A message that is ready to go out.

    id      the same in every attempt, by which the other side can tell a repetition
    at      when this attempt is made, in microseconds
    events  what it tells of, each with `seq`, `type` and `ticket_id`
    """

    id: str
    at: int
    workspace: str
    subject: str
    text: str
    events: list[dict[str, Any]]


class Answered(Value):
    """What came of an attempt.

    error     why it failed, in a sentence; None where it was taken
    final     whether trying again is useless
    asked_us  for how long the other side wants to be left alone
    """

    error: str | None = None
    final: bool = False
    asked_us: int | None = None


class Send(Protocol):
    """One attempt. Raises what Client.request raises; no error holds a secret."""

    def __call__(self, client: Client, target: Mapping[str, Any], secret: str, message: Message) -> Answered: ...


Escape = Callable[[str], str]

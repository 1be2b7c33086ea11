"""What the customer still waits for, and how an answer's slots are filled."""

from collections.abc import Sequence

import pytest

from ticketflow.agent.conversation import open_words
from ticketflow.agent.execute import fill
from ticketflow.domain import Author, Priority, TicketStatus
from ticketflow.retrieval.cleaning import SEPARATOR, clean
from ticketflow.store.tickets import Message, Ticket

Said = tuple[Author, str, bool]
ASKS = (Author.REQUESTER, "It leaks.", False)


def conversation(*said: Said) -> Sequence[Message]:
    return [
        Message(
            id=str(number),
            ticket_id="t",
            author=author,
            author_name=None,
            body=body,
            internal=internal,
            headers={},
            created_at=number,
        )
        for number, (author, body, internal) in enumerate(said)
    ]


def test_all_messages_since_the_last_reply_are_open() -> None:
    more = (Author.REQUESTER, "And the lid broke.", False)
    assert open_words(conversation(ASKS, more)) == f"It leaks.{SEPARATOR}And the lid broke."


@pytest.mark.parametrize("author", [Author.AGENT, Author.USER])
def test_a_reply_closes_what_was_said_before_it(author: Author) -> None:
    assert open_words(conversation(ASKS, (author, "Try this.", False), (Author.REQUESTER, "No.", False))) == "No."


@pytest.mark.parametrize("author", [Author.AGENT, Author.USER, Author.SYSTEM])
def test_a_note_among_colleagues_is_no_reply(author: Author) -> None:
    assert open_words(conversation(ASKS, (author, "Handed over.", True))) == "It leaks."


def test_when_everything_has_a_reply_all_of_it_counts() -> None:
    said = conversation(ASKS, (Author.USER, "Done.", False))
    assert open_words(said) == "It leaks."


def test_a_conversation_without_the_customer_is_empty() -> None:
    assert open_words(conversation((Author.USER, "Hello?", False))) == ""
    assert open_words([]) == ""


def test_what_one_message_quotes_or_signs_hides_nothing_of_the_next() -> None:
    first = "It leaks.\n-- \nAna\nCEO"
    second = "Still leaking.\n\nOn Mon, 3 Jan 2025 at 10:00, Shop <help@shop.example> wrote:\n> Try this."
    third = "Hello?"
    said = conversation(*((Author.REQUESTER, body, False) for body in (first, second, third)))
    assert clean("", open_words(said)) == "It leaks.\n\nStill leaking.\n\nHello?"


def ticket(name: str | None) -> Ticket:
    return Ticket(
        workspace_id="w",
        id="t",
        external_id=None,
        channel="api",
        subject="",
        requester_name=name,
        requester_email=None,
        status=TicketStatus.PROCESSING,
        category=None,
        priority=Priority.NORMAL,
        language=None,
        sentiment=None,
        team=None,
        assignee=None,
        tags=[],
        version=1,
        created_at=0,
        updated_at=0,
    )


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Ana Perez", "Hello Ana,"),
        ("  Ana ", "Hello Ana,"),
        ("Ana\tPerez", "Hello Ana,"),
        (None, "Hello there,"),
        ("", "Hello there,"),
        ("   ", "Hello there,"),
        ("{requester_name}", "Hello there,"),
    ],
)
def test_the_requesters_first_name_fills_the_slot(name: str | None, greeting: str) -> None:
    assert fill("Hello {requester_name},", ticket(name)) == greeting


def test_other_braces_stay() -> None:
    text = "Run {command} with {} and {0} and {requester_name.__class__}"
    assert fill(text, ticket("Ana")) == text

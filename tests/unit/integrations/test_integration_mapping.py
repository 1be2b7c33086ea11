"""Items of other systems as tickets and messages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.domain import Author, Priority
from ticketflow.errors import InvalidInput
from ticketflow.integrations import mapping
from ticketflow.integrations.mapping import Rules, Translated

RULES: Rules = {
    "external_id": "$.id",
    "subject": "$.title",
    "body": "$.text",
    "channel": "shop",
    "requester_email": "$.customer.email",
    "priority": Translated(path="$.prio", values={"P1": "urgent", "7": "high"}, default="normal"),
    "tags": "$.labels",
}
MESSAGE: Rules = {"body": "$.text", "ticket": "$.of", "author": "$.by", "internal": "$.private", "message": "$.id"}
ITEM: dict[str, Any] = {"id": 4711, "title": "Parcel\nlost", "text": "Where is it?", "prio": "P1", "labels": ["a", "a"]}


def test_an_item_becomes_a_ticket() -> None:
    ticket = mapping.apply(RULES, ITEM).ticket
    assert ticket is not None
    assert (ticket.external_id, ticket.subject, ticket.body) == ("4711", "Parcel lost", "Where is it?")
    assert (ticket.channel, ticket.priority, ticket.tags) == ("shop", Priority.URGENT, ["a"])
    assert ticket.requester_email is None


@pytest.mark.parametrize(("given", "becomes"), [("P1", "urgent"), (7, "high"), ("P9", "normal"), (None, "normal")])
def test_words_are_translated(given: Any, becomes: str) -> None:
    ticket = mapping.apply(RULES, {**ITEM, "prio": given}).ticket
    assert ticket is not None
    assert ticket.priority == becomes


def test_an_item_with_a_ticket_becomes_a_message() -> None:
    mapped = mapping.apply(MESSAGE, {"id": "m1", "text": "Any news?", "of": 4711, "by": "agent", "private": True})
    assert (mapped.to, mapped.message_id) == ("4711", "m1")
    assert mapped.message is not None
    assert (mapped.message.author, mapped.message.internal) == (Author.USER, True)
    assert mapping.apply(MESSAGE, {"text": "Hello"}).ticket is not None  # the same source opens tickets as well


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"id": 1}, "body"),
        ({"text": "  "}, "body"),
        ({"text": {"a": 1}}, "body"),
        ({"text": True}, "body"),
        ({"text": "x" * 200_001}, "body"),
        ({"text": "half \ud800"}, "body"),
        ({"text": "x", "id": "y" * 121}, "external_id"),
        ({"text": "x", "labels": [{"a": 1}]}, "tags"),
    ],
)
def test_what_does_not_fit_is_named(item: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        mapping.apply(RULES, item)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("rules", "item", "field"),
    [
        ({"body": "$.a", "priority": "$.b"}, {"a": "x", "b": "P1"}, "priority"),
        ({"body": "$.a", "channel": "$.b"}, {"a": "x", "b": "My Shop"}, "channel"),
        ({"body": "$.a", "ticket": "1", "author": "$.b"}, {"a": "x", "b": "robot"}, "author"),
        ({"body": "$.a", "ticket": "1", "internal": "$.b"}, {"a": "x", "b": True}, "internal"),
    ],
)
def test_words_that_are_none_of_ours_are_named(rules: Rules, item: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        mapping.apply(rules, item)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"subject": "$.a"}, "mapping"),
        ({"body": "$.a", "status": "$.b"}, "mapping"),
        ({"body": "$..a"}, "mapping/body"),
        ({"body": "$.a", "priority": Translated(path="b")}, "mapping/priority"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(rules: Rules, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        mapping.check(rules)
    assert refused.value.field == field


def test_text_has_no_nul() -> None:
    ticket = mapping.apply({"body": "$.a"}, {"a": "x\0y"}).ticket
    assert ticket is not None
    assert ticket.body == "xy"


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "title", "text", "customer", "prio", "labels"), VALUES)))
def test_any_item_is_mapped_or_refused(item: Any) -> None:
    for rules in (RULES, MESSAGE):
        try:
            mapped = mapping.apply(rules, item)
        except InvalidInput:
            continue
        assert (mapped.ticket is None) != (mapped.message is None)

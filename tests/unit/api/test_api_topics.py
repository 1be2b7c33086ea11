"""Topics: every type that there is has one, and the guide says which."""

import re
from pathlib import Path

import pytest

from ticketflow.api import topics
from ticketflow.api.scopes import Scope
from ticketflow.api.topics import Filter, scope_of, topic_of
from ticketflow.errors import InvalidInput

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_guide_names_every_topic_with_its_scope_and_the_beginnings_of_its_types() -> None:
    text = (DOCS / "guides" / "live.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z]+)` \| `([a-z:]+)` \| (.*) \|$", text, re.M)
    assert {topic: scope for topic, scope, _ in rows} == topics.SCOPES
    told = {start: topic for topic, _, types in rows for start in re.findall(r"`([a-z_]+)\.\*`", types)}
    assert told == {start: topic for start, topic in topics._TOPIC_OF.items() if topic != topics.OTHER}  # pyright: ignore[reportPrivateUsage]


def test_every_type_of_the_reference_has_a_topic_that_somebody_chose() -> None:
    types = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", (DOCS / "reference" / "events.md").read_text("utf-8"), re.M)
    assert len(types) > 25
    forgotten = [one for one in types if one.partition(".")[0] not in topics._TOPIC_OF]  # pyright: ignore[reportPrivateUsage]
    assert forgotten == [], "name their topic in api/topics.py"


def test_what_nobody_thought_of_is_not_shown_to_everybody() -> None:
    assert (topic_of("something.unheard"), scope_of("something.unheard")) == ("workspace", Scope.SETTINGS_READ)


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (Filter(), True),
        (Filter.of(["tickets"], []), True),
        (Filter.of(["tickets/t1"], []), True),
        (Filter.of(["tickets/t2"], []), False),
        (Filter.of(["runs", "tickets/t2"], []), False),
        (Filter.of([], ["ticket.created"]), True),
        (Filter.of(["tickets"], ["ticket.resolved"]), False),
        (Filter.of(["runs"], ["ticket.created"]), False),
    ],
)
def test_an_event_passes_that_is_of_one_of_the_topics_and_of_one_of_the_types(wanted: Filter, passes: bool) -> None:
    assert wanted.wants("tickets", "ticket.created", "t1") is passes


def test_a_filter_is_refused_with_what_is_wrong_with_it() -> None:
    for topic in ("customers", "tickets/", "tickets/a b", "runs/1", ""):
        with pytest.raises(InvalidInput, match="topic of the filter"):
            Filter.of([topic], [])
    with pytest.raises(InvalidInput, match="type of the filter"):
        Filter.of([], ["created"])
    with pytest.raises(InvalidInput, match="50"):
        Filter.of([f"tickets/{number}" for number in range(51)], [])

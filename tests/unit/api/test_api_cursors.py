"""Cursors: they come back as they were signed, and in no other place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.api.cursors import LONGEST, Cursors
from ticketflow.errors import InvalidInput

CURSORS = Cursors(b"an installation's secret")


@given(st.integers(0, 2**62), st.text(max_size=190))
def test_a_position_survives(micros: int, key: str) -> None:
    signed = CURSORS.sign("w", "tickets", {"status": ["new"]}, (micros, key))
    assert CURSORS.read("w", "tickets", {"status": ["new"]}, signed) == (micros, key)


def test_the_longest_label_gives_a_cursor_that_may_come_back() -> None:
    assert len(CURSORS.sign("w", "answers", {}, (2**63, "\U0001f99c" * 190))) <= LONGEST


@pytest.mark.parametrize(
    ("workspace", "listing", "filters"),
    [("other", "tickets", {}), ("w", "articles", {}), ("w", "tickets", {"status": ["new"]}), ('w","tickets', "", {})],
)
def test_a_cursor_is_refused_anywhere_else(workspace: str, listing: str, filters: dict[str, object]) -> None:
    signed = CURSORS.sign("w", "tickets", {}, (1, "a"))
    with pytest.raises(InvalidInput, match="not one of this list's"):
        CURSORS.read(workspace, listing, filters, signed)


def test_another_installations_cursor_is_refused() -> None:
    signed = Cursors(b"another secret").sign("w", "tickets", {}, (1, "a"))
    with pytest.raises(InvalidInput):
        CURSORS.read("w", "tickets", {}, signed)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        CURSORS.read("w", "tickets", {}, text)


@given(st.data())
def test_every_changed_character_is_noticed(data: st.DataObject) -> None:
    signed = CURSORS.sign("w", "tickets", {}, (1_700_000_000_000_000, "0192f0c1-7a55"))
    position = data.draw(st.integers(0, len(signed) - 2))  # the last one may carry unused bits
    other = data.draw(st.sampled_from("ABCabc019-_").filter(lambda character: character != signed[position]))
    with pytest.raises(InvalidInput):
        CURSORS.read("w", "tickets", {}, signed[:position] + other + signed[position + 1 :])

"""The text of a key: what it is made of, and how a wrong one is told apart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.api.keys import bearer, checksum, digest, split
from ticketflow.api.scopes import ALLOWS, Scope, parse
from ticketflow.errors import InvalidInput, Unauthenticated

KEY_ID, SECRET = "a1b2c3d4e5f6g7h8", "S" * 43


def key_text() -> str:
    body = f"tf_live_{KEY_ID}_{SECRET}"
    return f"{body}_{checksum(body)}"


def test_a_key_is_split_into_id_and_secret() -> None:
    assert split(key_text()) == (KEY_ID, SECRET)


@given(st.integers(0, len(key_text()) - 1), st.characters(categories=["L", "N", "P"]))
def test_any_single_wrong_character_is_noticed(position: int, other: str) -> None:
    text = key_text()
    wrong = text[:position] + other + text[position + 1 :]
    if wrong != text:
        with pytest.raises(Unauthenticated) as refused:
            split(wrong)
        assert wrong not in str(refused.value)


@given(st.text(max_size=120))
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(Unauthenticated):
        split(text)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic abc", "tf_live_x"])
def test_a_header_without_a_key_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        bearer(header)


def test_the_scheme_is_read_in_any_case() -> None:
    assert bearer("bearer  abc ") == "abc"


def test_a_digest_belongs_to_one_installation_id_and_secret() -> None:
    digests = {
        digest(b"one installation", KEY_ID, SECRET),
        digest(b"another one", KEY_ID, SECRET),
        digest(b"one installation", "b" * 16, SECRET),
        digest(b"one installation", KEY_ID, "T" * 43),
    }
    assert len(digests) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", found) for found in digests)
    assert digest(b"one installation", KEY_ID, SECRET) in digests


def test_every_scope_says_what_it_allows() -> None:
    assert set(ALLOWS) == set(Scope)


def test_scopes_are_known_names_each_once() -> None:
    assert parse(["tickets:write", "tickets:read", "tickets:read "]) == [Scope.TICKETS_READ, Scope.TICKETS_WRITE]
    with pytest.raises(InvalidInput, match="no scope tickets:delete"):
        parse(["tickets:read", "tickets:delete"])
    for nothing in ([], [" "]):
        with pytest.raises(InvalidInput, match="opens nothing"):
            parse(nothing)

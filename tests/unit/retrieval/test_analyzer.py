"""Terms: what counts as the same word, in any script, from any thread."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.retrieval.analyzer import MAX_TERM, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The kettles were leaking!", ["kettl", "leak"]),
        ("don't can’t it's", []),
        ("customer's card", ["custom", "card"]),
        ("Error 0x80070057 on order INV-2024-001", ["error", "0x80070057", "order", "inv", "2024", "001"]),
        ("Café ÜBER Straße", ["cafe", "uber", "strass"]),
        ("カード使用", ["カー", "ード", "ド使", "使用"]),
        ("한국어", ["한국", "국어"]),
        ("水", ["水"]),
        ("मेरी समस्या", ["मेरी", "समस्या"]),
        ("ﬁne ＡＢＣ", ["fine", "abc"]),
        ("snake_case a@b.example", ["snake", "case", "b", "exampl"]),
        ("the and of", []),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_accents_and_case_do_not_matter() -> None:
    assert terms("RÉSUMÉ Zürich") == terms("resume zurich")


@given(st.text(max_size=200))
def test_terms_are_clean_whatever_the_text(text: str) -> None:
    for term in terms(text):
        assert 0 < len(term) <= MAX_TERM
        assert not any(letter.isspace() for letter in term)
        assert "'" not in term


def test_threads_do_not_disturb_each_other() -> None:
    text = "connections connecting leaking leaks invoices payments refunded deliveries " * 50
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(terms, [text] * 64))
    assert all(each == found[0] for each in found)

import math

import numpy as np
import pytest

from ticketflow.learning.lexical import K1, MAX_TERMS, B, Bm25, TermMatrix


def _reference(query: list[str], documents: list[list[str]]) -> list[float]:
    """The formula of `retrieval.fulltext`, written out."""
    count, average = len(documents), sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        total = 0.0
        for term in set(query):
            hits = sum(term in other for other in documents)
            if hits:
                idf = math.log1p((count - hits + 0.5) / (hits + 0.5))
                frequency = document.count(term)
                total += idf * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * len(document) / average))
        scores.append(total)
    return scores


def test_scores_are_those_of_the_formula() -> None:
    documents = [["card", "lost"], ["card", "card", "fee"], ["parcel"], ["fee", "parcel", "late", "late"]]
    query = ["card", "late", "late", "unheard"]
    counts = TermMatrix.of([*documents, query]).counts
    rows, scores = Bm25.fit(counts[:4]).search(counts[4:], 4)
    reference = _reference(query, documents)
    found = {int(row): float(score) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0}
    assert found == {row: pytest.approx(score) for row, score in enumerate(reference) if score > 0}
    assert list(found) == sorted(found, key=lambda row: -found[row])


def test_no_hit_leaves_empty_slots() -> None:
    counts = TermMatrix.of([["a"], ["b"], ["zzz"], []]).counts
    rows, scores = Bm25.fit(counts[:2]).search(counts[2:], 3)
    assert (rows == -1).all()
    assert not scores.any()


def test_only_the_rarest_terms_of_a_long_query_count() -> None:
    common = [f"t{number}" for number in range(MAX_TERMS)]
    documents = [*[common] * 3, ["rare"], ["other"], ["other"], ["other"]]
    counts = TermMatrix.of([*documents, [*common, "rare"]]).counts
    rows, _ = Bm25.fit(counts[:7]).search(counts[7:], 7)
    assert rows[0, 0] >= 0
    assert 3 in rows[0]
    queries = Bm25.fit(counts[:7])._bounded(counts[7:])
    assert queries.nnz == MAX_TERMS


def test_an_empty_index_is_harmless() -> None:
    counts = TermMatrix.of([["a"]]).counts
    rows, _ = Bm25.fit(counts[:0]).search(counts, 2)
    assert np.all(rows == -1)

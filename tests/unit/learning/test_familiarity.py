import numpy as np
import pytest

from ticketflow.learning.classifier import BUCKETS
from ticketflow.learning.familiarity import Familiarity
from ticketflow.learning.languages import Languages
from ticketflow.learning.ngrams import hashed_ngrams


def _fitted() -> tuple[Familiarity, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = np.array([[3.0, 0, 0, 0], [0, 3.0, 0, 0]])
    labels = np.arange(100) % 2
    vectors = (centres[labels] + rng.normal(size=(100, 4))).astype(np.float32)
    words = hashed_ngrams(["refund money" if label == 0 else "parcel late" for label in labels], BUCKETS)[0]
    found = Familiarity.fit(vectors, labels, words, answers=3)
    assert found is not None
    return found, centres.astype(np.float32)


def test_a_ticket_is_closest_to_its_own_answer_and_far_from_all_when_strange() -> None:
    found, centres = _fitted()
    close = found.closeness(centres)
    assert close[:, :2].argmax(1).tolist() == [0, 1]
    strange = found.closeness(np.array([[0, 0, 9.0, 9.0]], np.float32))
    assert strange.max() < close.max(1).min()
    assert (close[:, 2] == -1).all()


def test_coverage_is_the_share_of_known_words() -> None:
    found, _ = _fitted()
    words = hashed_ngrams(["refund money", "refund aliens", "", "parcel late"], BUCKETS)[0]
    coverage = found.coverage(words)
    assert coverage[0, 0] == pytest.approx(1)
    assert 0 < coverage[1, 0] < 0.5
    assert not coverage[2].any()
    assert coverage[3, 0] == pytest.approx(0)
    assert not coverage[:, 2].any()


def test_arrays_rebuild_it_bit_for_bit() -> None:
    found, centres = _fitted()
    again = Familiarity.from_arrays(found.to_arrays())
    words = hashed_ngrams(["refund aliens"] * 2, BUCKETS)[0]
    assert again.closeness(centres).tobytes() == found.closeness(centres).tobytes()
    assert again.coverage(words).tobytes() == found.coverage(words).tobytes()


def test_too_few_cases_give_none_and_duplicates_are_harmless() -> None:
    words = hashed_ngrams(["a", "a", "a"], BUCKETS)[0]
    vectors = np.ones((3, 4), np.float32)
    assert Familiarity.fit(vectors, np.array([0, -1, -1]), words, 1) is None
    found = Familiarity.fit(vectors, np.array([0, 0, 1]), words, 2)
    assert found is not None
    assert np.isfinite(found.closeness(vectors)).all()


def test_languages_match_where_used_or_unknown() -> None:
    languages = Languages.of(["en", "de", "", "en"], np.array([0, 1, 2, -1]), answers=4)
    match = languages.match(["en", "de", "fr", ""])
    assert match.tolist() == [[1, 0, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1]]
    again = Languages.from_arrays(languages.to_arrays())
    assert again.match(["de", "fr"]).tolist() == languages.match(["de", "fr"]).tolist()
    none = Languages.from_arrays(Languages.of([], np.zeros(0, np.int64), 2).to_arrays())
    assert none.match(["en"]).tolist() == [[1, 1]]

"""Category and priority learned from history: right guesses, confidences that rise, and none where little is known."""

import numpy as np
import pytest
from small_workspace import CATEGORIES, WORDS, texts

from ticketflow.learning import attributes
from ticketflow.learning.attributes import ENOUGH, Attributes
from ticketflow.testing import HashEncoder

SAID = [text for label in sorted(WORDS) for text in texts(label, 30)]
LABELS = [CATEGORIES[label] for label in sorted(WORDS) for _ in range(30)]


@pytest.fixture(scope="module")
def learned(encoder: HashEncoder) -> Attributes:
    return attributes.fit(SAID, encoder.encode(SAID), {"category": LABELS, "priority": [None] * len(SAID)})


def test_the_guess_is_right_and_sure_where_history_is(learned: Attributes, encoder: HashEncoder) -> None:
    for label, words in WORDS.items():
        guess = learned.guess("category", words, encoder.encode([words])[0])
        assert guess is not None
        assert (guess.value, guess.source) == (CATEGORIES[label], "history")
        assert 0.7 < guess.confidence < 1.0


def test_a_text_unlike_all_is_guessed_with_less_confidence(encoder: HashEncoder) -> None:
    rng = np.random.default_rng(3)
    noisy = [value if rng.random() < 0.75 else "other" for value in LABELS]
    known = attributes.fit(SAID, encoder.encode(SAID), {"category": noisy})
    clear, strange = WORDS["parcel"], "giraffes enjoy jazz"
    sure = known.guess("category", clear, encoder.encode([clear])[0])
    unsure = known.guess("category", strange, encoder.encode([strange])[0])
    assert sure is not None
    assert unsure is not None
    assert unsure.confidence < sure.confidence
    assert sure.confidence < 0.95, "a quarter of the labels are noise"


def test_what_has_no_labels_is_not_guessed(learned: Attributes, encoder: HashEncoder) -> None:
    vector = encoder.encode(["x"])[0]
    assert learned.guess("priority", "x", vector) is None
    assert learned.guess("unheard of", "x", vector) is None


@pytest.mark.parametrize(
    "column",
    [
        [*LABELS[: ENOUGH - 1], *[None] * (len(LABELS) - ENOUGH + 1)],
        ["same"] * len(LABELS),
        [None] * len(LABELS),
    ],
    ids=["too few", "one value", "none"],
)
def test_too_little_teaches_nothing(column: list[str | None], encoder: HashEncoder) -> None:
    assert attributes.fit(SAID, encoder.encode(SAID), {"category": column}).learned == {}


def test_no_cases_at_all_teach_nothing() -> None:
    assert attributes.fit([], np.zeros((0, 64), np.float32), {"category": [], "priority": []}).learned == {}


def test_a_value_that_only_one_case_has_does_no_harm(encoder: HashEncoder) -> None:
    rare = ["rare", *LABELS[1:]]
    known = attributes.fit(SAID, encoder.encode(SAID), {"category": rare})
    guess = known.guess("category", WORDS["refund"], encoder.encode([WORDS["refund"]])[0])
    assert guess is not None
    assert guess.value == "billing"


def test_confidence_never_falls_as_the_raw_probability_rises(encoder: HashEncoder) -> None:
    rng = np.random.default_rng(5)
    words = " ".join(WORDS.values()).split()
    said = [" ".join(rng.choice(words, 5)) for _ in range(1_200)]
    column = [str(rng.choice(sorted(set(LABELS)))) if rng.random() < 0.5 else _vote(text) for text in said]
    attribute = attributes.fit(said, encoder.encode(said), {"category": column}).learned["category"]
    assert len(attribute.edges) > 5
    assert np.all(np.diff(attribute.edges) >= 0)
    assert np.all(np.diff(attribute.shares) >= 0)
    assert np.all((attribute.shares > 0) & (attribute.shares < 1))
    raw = np.linspace(0, 1, 101)
    assert np.all(np.diff(np.interp(raw, attribute.edges, attribute.shares)) >= 0)


def _vote(text: str) -> str:
    counts = {label: sum(word in words.split() for word in text.split()) for label, words in WORDS.items()}
    return CATEGORIES[max(counts, key=lambda label: counts[label])]


def test_arrays_rebuild_it_bit_for_bit(learned: Attributes, encoder: HashEncoder) -> None:
    arrays = learned.to_arrays()
    assert all(not array.dtype.hasobject for array in arrays.values())
    again = Attributes.from_arrays(arrays)
    for text in [*WORDS.values(), "giraffes", ""]:
        vector = encoder.encode([text])[0]
        assert again.guess("category", text, vector) == learned.guess("category", text, vector)
    back = again.to_arrays()
    assert back.keys() == arrays.keys()
    assert all(np.array_equal(back[name], arrays[name]) for name in arrays)
    assert Attributes.from_arrays({}).learned == {}


def test_fitting_twice_gives_the_same(learned: Attributes, encoder: HashEncoder) -> None:
    again = attributes.fit(SAID, encoder.encode(SAID), {"category": LABELS}).to_arrays()
    assert all(np.array_equal(again[name], array) for name, array in learned.to_arrays().items())

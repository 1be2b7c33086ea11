import numpy as np
import pytest

from ticketflow.learning.classifier import LinearClassifier


def _vectors(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_two_classes_of_one_case_each_are_enough() -> None:
    vectors = _vectors(2)
    classifier = LinearClassifier.fit(["refund please", "lost card"], vectors, np.array([0, 1]))
    assert classifier is not None
    assert classifier.probabilities(["refund", "card"], vectors).argmax(1).tolist() == [0, 1]


@pytest.mark.parametrize("labels", [[], [3], [3, 3, 3]])
def test_fewer_than_two_classes_give_none(labels: list[int]) -> None:
    texts = ["text"] * len(labels)
    assert LinearClassifier.fit(texts, _vectors(len(labels)), np.array(labels, np.int64)) is None


def test_rows_sum_to_one_and_answers_without_cases_get_nothing() -> None:
    texts = [f"{'refund' if row % 2 else 'parcel'} number {row}" for row in range(30)]
    labels = np.where(np.arange(30) % 2, 4, 1)
    classifier = LinearClassifier.fit(texts, _vectors(30), labels, answers=7)
    assert classifier is not None
    probabilities = classifier.probabilities(texts, _vectors(30))
    assert probabilities.shape == (30, 7)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert not probabilities[:, [0, 2, 3, 5, 6]].any()


def test_arrays_rebuild_the_same_predictions_bit_for_bit() -> None:
    texts = [f"kind{row % 3} text {row}" for row in range(30)]
    classifier = LinearClassifier.fit(texts, _vectors(30), np.arange(30) % 3)
    assert classifier is not None
    arrays = {name: array.copy() for name, array in classifier.to_arrays().items()}
    assert all(array.dtype != object for array in arrays.values())
    again = LinearClassifier.from_arrays(arrays)
    new, vectors = ["kind1 unseen words", "", "ß漢字"], _vectors(3, 1)
    assert again.probabilities(new, vectors).tobytes() == classifier.probabilities(new, vectors).tobytes()


def test_one_text_and_a_batch_agree() -> None:
    texts = [f"kind{row % 3} text {row}" for row in range(30)]
    vectors = _vectors(30)
    classifier = LinearClassifier.fit(texts, vectors, np.arange(30) % 3)
    assert classifier is not None
    batch = classifier.probabilities(texts, vectors)
    for row in range(30):
        np.testing.assert_allclose(
            classifier.probabilities(texts[row : row + 1], vectors[row : row + 1])[0], batch[row], rtol=1e-4
        )


def test_mismatched_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        LinearClassifier.fit(["a"], _vectors(1), np.array([0, 1]))


def test_a_tuple_of_two_texts_is_not_taken_for_counts() -> None:
    classifier = LinearClassifier.fit(("refund please", "lost card"), _vectors(2), np.array([0, 1]))
    assert classifier is not None

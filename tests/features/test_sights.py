"""What an encoder sees, in words."""

import numpy as np
import pytest

from mealrec.errors import DataFormatError
from mealrec.features.visual import sights

LABELS = ("cat", "dog", "reef", "sushi")
LOGITS = np.array([[1.0, 3.0, -2.0, 0.5], [0.0, 0.0, 9.0, 1.0]])


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_chances_are_those_at_temperature_1(temperature):
    seen = sights(np.sqrt(softmax(LOGITS / temperature)), LABELS, temperature)
    assert [[sight.name for sight in row] for row in seen] == [["dog", "cat", "sushi"], ["reef", "sushi", "cat"]]
    expected = softmax(LOGITS)
    assert [sight.chance for sight in seen[0]] == pytest.approx(expected[0, [1, 0, 3]])


def test_more_are_named_where_asked_and_all_add_up_to_1():
    (seen,) = sights(np.sqrt(softmax(LOGITS[:1] / 2)).astype(np.float32), LABELS, 2.0, count=9)
    assert len(seen) == 4 and sum(sight.chance for sight in seen) == pytest.approx(1)


def test_other_labels_are_refused():
    with pytest.raises(DataFormatError, match=r"\[K, 4\] of an encoder with 4 classes are expected, \[2, 3\] came"):
        sights(np.ones((2, 3)), LABELS, 2.0)

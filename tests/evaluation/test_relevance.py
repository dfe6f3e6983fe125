"""The definitions that compete to say what mattered, and how they are graded."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mealrec.evaluation.relevance import (
    AGREEMENT,
    ATTENTION,
    FIRST_ATTENTION,
    INTEREST,
    click_scores,
    moment_auc,
    moment_scores,
)
from mealrec.explain.evidence import agreement
from mealrec.explain.walks import Walks

HISTORIES = torch.tensor([[1, 4, 2, 9], [7, 12, 0, 0], [5, 0, 0, 0]])


@torch.no_grad()
def test_every_click_score_speaks_for_every_clip(subject):
    walks = Walks(subject.model, subject.items, HISTORIES, leaves_out=True)
    scores = click_scores(walks, subject.anybody)
    assert torch.equal(scores[AGREEMENT], agreement(walks, subject.anybody))
    alone = click_scores(Walks(subject.model, subject.items, HISTORIES[:1], leaves_out=True), subject.anybody)
    for name, values in scores.items():
        assert values.shape == HISTORIES.shape and torch.isfinite(values).all(), name
        assert (values[HISTORIES == 0] == 0).all(), name
        assert torch.allclose(values[0], alone[name][0], atol=1e-4), f"{name} depends on the batch"


@torch.no_grad()
def test_every_moment_score_speaks_for_every_frame(subject):
    scores = moment_scores(Walks(subject.model, subject.items, HISTORIES, leaves_out=True), subject.anybody)
    assert list(scores) == [INTEREST, "lift after all clips", ATTENTION, FIRST_ATTENTION]
    assert all(values.shape == (3, 4) and torch.isfinite(values).all() for values in scores.values())


def test_moment_auc_counts_pairs_within_each_clip():
    rng = np.random.default_rng(0)
    relevance = rng.integers(4, size=(30, 5)).astype(float)
    matches = rng.random((30, 5)) < 0.5
    matches[:, 0], matches[:, 1] = True, False
    each = []
    for value, match in zip(relevance, matches, strict=True):
        pairs = [(a, b) for a in value[match] for b in value[~match]]
        each.append(sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs))
    assert moment_auc(relevance, matches) == pytest.approx(np.mean(each))


def test_a_perfect_a_reversed_and_a_blind_figure():
    matches = np.array([[True, False, True]])
    assert moment_auc(np.array([[3.0, 1.0, 2.0]]), matches) == 1
    assert moment_auc(np.array([[1.0, 3.0, 2.0]]), matches) == 0
    assert moment_auc(np.ones((1, 3)), matches) == 0.5

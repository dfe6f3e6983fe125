"""The content space that is never trained: which directions it keeps, and what an item's anchor is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch.nn import functional as F

from mealrec.models.paper.content import Anchors
from tests.models.paper.small_model import TEXT, VISUAL, WITHOUT_ID, WITHOUT_TEXT, WITHOUT_VISUAL, make_model

NARROW, WIDE = 3, 10  # narrower and wider than both modalities


def fitted(features, width=NARROW):
    anchors = Anchors(VISUAL, TEXT, width)
    anchors.fit(features)
    return anchors


def principal(rows, kept):
    """Return the directions of largest variance [V, kept], by numpy's singular value decomposition."""
    rows = rows.double().numpy()
    return np.linalg.svd(rows - rows.mean(0), full_matrices=False)[2][:kept].T


def test_the_directions_are_the_principal_ones_of_the_items_with_an_id(features):
    for modality, values in (("visual", features.global_visual), ("text", features.text)):
        rows = values[getattr(features, f"has_{modality}") & features.has_id]
        directions = getattr(fitted(features), modality).double().numpy()
        np.testing.assert_allclose(np.abs((principal(rows, NARROW) * directions).sum(0)), 1, atol=1e-5)


def test_fitting_looks_at_no_item_without_an_id_and_at_nothing_that_is_missing(features):
    changed = features.replace(global_visual=features.global_visual.clone(), text=features.text.clone())
    changed.global_visual[[WITHOUT_ID, WITHOUT_VISUAL]] += 50
    changed.text[[WITHOUT_ID, WITHOUT_TEXT]] += 50
    for name, buffer in fitted(features).state_dict().items():
        assert torch.equal(buffer, fitted(changed).state_dict()[name]), name
    changed.global_visual[1] += 50
    changed.text[1] += 50
    for name, buffer in fitted(features).state_dict().items():
        assert not torch.allclose(buffer, fitted(changed).state_dict()[name]), name


def test_a_half_has_length_root_one_half_or_zero_where_its_modality_is_missing(features):
    found = fitted(features)(features)
    assert found.shape == (len(features), fitted(features).width) == (len(features), 2 * NARROW)
    halves = found.unflatten(1, (2, NARROW)).norm(dim=-1)
    expected = torch.stack([features.has_visual, features.has_text], 1) * 0.5**0.5
    torch.testing.assert_close(halves, expected)
    assert (halves[1:] == 0).sum() == 2


def test_more_directions_than_features_are_zeros_and_likeness_is_then_the_mean_of_the_cosines(features):
    anchors = fitted(features, WIDE)
    assert anchors.visual.shape == (VISUAL, WIDE) and anchors.text.shape == (TEXT, WIDE)
    assert not anchors.visual[:, VISUAL:].any() and not anchors.text[:, TEXT:].any()
    one, other = 1, 2
    by_hand = [F.cosine_similarity(values[one], values[other], 0) for values in (features.global_visual, features.text)]
    found = anchors(features)
    torch.testing.assert_close(found[one] @ found[other], torch.stack(by_hand).mean())


@pytest.mark.parametrize("missing", ["has_visual", "has_text"])
def test_a_modality_that_no_item_has_is_no_part_of_any_anchor(features, missing):
    without = features.replace(**{missing: torch.zeros_like(features.has_id)})
    halves = fitted(without)(without).unflatten(1, (2, NARROW)).norm(dim=-1)
    assert not halves[:, ["has_visual", "has_text"].index(missing)].any() and halves.any()


def test_stored_weights_keep_the_directions_and_training_cannot_reach_them(features):
    model = make_model("backbone", head="content", anchor_width=NARROW)
    assert not list(model.table.anchors.parameters()) and not model.table.anchors(features).any()
    model.table.anchors.fit(features)
    other = make_model("backbone", head="content", anchor_width=NARROW)
    other.load_state_dict(load(save(model.state_dict())))
    assert torch.equal(other.table.anchors(features), fitted(features)(features))

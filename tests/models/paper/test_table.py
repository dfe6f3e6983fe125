"""The item table: which items' frames it maps, and a system of IDs alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mealrec.ranking.ranks import model_scorer
from tests.models.paper.small_model import (
    HISTORIES,
    NUM_ITEMS,
    WITHOUT_VISUAL,
    invent_features,
    make_model,
    whole_table,
)
from tests.models.paper.test_model import run


def other_content(features):
    """Return features that share the IDs and nothing else."""
    others = invent_features(seed=1)
    return others.replace(has_visual=~features.has_visual, has_text=~features.has_text, has_id=features.has_id)


@pytest.mark.parametrize("shown", [[2], [0, 1, 5, 12, WITHOUT_VISUAL], []])
def test_the_frames_that_will_be_looked_at_are_mapped_and_the_others_are_zero(features, shown):
    model = make_model("full")
    whole, part = whole_table(model, features), model.table(features, torch.tensor(shown, dtype=torch.long))
    hidden = [item for item in range(NUM_ITEMS + 1) if item not in shown]
    torch.testing.assert_close(part.moments[shown], whole.moments[shown])
    assert part.moments.shape == whole.moments.shape and not part.moments[hidden].any()
    assert whole.moments[hidden].flatten(1).any(1).all()
    for name, tensor in vars(whole).items():
        assert name == "moments" or torch.equal(tensor, getattr(part, name)), name


@pytest.mark.parametrize("variant", ["backbone", "full"])
@pytest.mark.parametrize("backbone", ["sasrec", "cl4srec"])
def test_a_system_of_ids_alone_ranks_the_same_whatever_the_content(features, backbone, variant):
    changed = other_content(features)
    model = make_model(variant, backbone=backbone, content="none")
    one, other = (model_scorer(model, known)(HISTORIES.numpy()) for known in (features, changed))
    np.testing.assert_array_equal(one, other)
    starts = [run(model, HISTORIES, known).context.start for known in (features, changed)]
    assert torch.equal(*starts)
    with_content = make_model(variant, backbone=backbone)
    one, other = (model_scorer(with_content, known)(HISTORIES.numpy()) for known in (features, changed))
    assert not np.allclose(one, other)


def test_tedrec_reads_titles_even_where_items_have_no_content(features):
    model, changed = make_model("backbone", backbone="tedrec", content="none"), other_content(features)
    retitled = features.replace(text=changed.text, has_text=changed.has_text)
    reshown = changed.replace(text=features.text, has_text=features.has_text)
    start, by_title, by_frames = (run(model, HISTORIES, known).context.start for known in (features, retitled, reshown))
    assert torch.equal(start, by_frames) and not torch.allclose(start, by_title)
    items = whole_table(model, features)
    assert items.text.any() and not items.title.any() and not items.visual.any() and not items.moments.any()


def test_a_large_catalogue_is_scored_in_blocks_with_the_same_scores(features, monkeypatch):
    model = make_model("full")
    items, preference = whole_table(model, features), torch.randn(3, model.config.width)
    whole = model.table.scores(preference, items)
    monkeypatch.setattr("mealrec.models.paper.table.BLOCK", 4)
    torch.testing.assert_close(model.table.scores(preference, items), whole)

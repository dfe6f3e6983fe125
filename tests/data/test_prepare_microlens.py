"""The published MicroLens-50k, where it lies: the counts of both slices, and what the folder written gives back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mealrec.data.catalogue import read_catalogue
from mealrec.data.interactions import leave_one_out
from mealrec.data.published.prepare import prepare, write_prepared

ROOT = Path(__file__).resolve().parents[2]
MICROLENS = Path(os.environ.get("MEALREC_MICROLENS_DIR", ROOT.parent / "shared" / "microlens"))
COUNTS = {"full": (49_744, 15_647, 351_798), "small": (9_420, 6_404, 54_344)}

pytestmark = pytest.mark.skipif(
    not (MICROLENS / "MicroLens-50k_pairs.tsv").is_file(),
    reason=f"no MicroLens-50k in {MICROLENS}: set MEALREC_MICROLENS_DIR",
)


@pytest.fixture(scope="module", params=list(COUNTS))
def prepared(request):
    return prepare("microlens-50k", MICROLENS, slice=request.param)


def test_the_slices_have_their_known_size(prepared):
    found = tuple(prepared.report["statistics"][name] for name in ("users", "items", "interactions"))
    assert found == COUNTS[prepared.report["slice"]]


def test_every_user_and_item_keeps_four(prepared):
    counts = {}
    for history in prepared.catalogue.histories.values():
        assert len(history) >= 4
        for item in history:
            counts[item] = counts.get(item, 0) + 1
    assert min(counts.values()) >= 4 and set(counts) == set(prepared.catalogue.item_ids)


def test_histories_are_the_published_ones_without_the_items_that_went(prepared):
    published, kept = read_catalogue(MICROLENS).histories, set(prepared.catalogue.item_ids)
    latest = 10 if prepared.report["slice"] == "small" else None
    for user, history in prepared.catalogue.histories.items():
        assert history == tuple(item for item in published[user][-latest if latest else 0 :] if item in kept)


def test_nothing_was_malformed_and_every_item_has_its_title(prepared):
    assert prepared.report["malformed"]["count"] == prepared.report["items_without_a_title_row"] == 0
    assert prepared.report["interactions_read"] == 359_708


def test_the_folder_written_reads_back_the_same_and_splits(prepared, tmp_path):
    write_prepared(prepared, tmp_path / "out")
    again = read_catalogue(tmp_path / "out")
    assert again == prepared.catalogue
    assert len(leave_one_out(again).test) == len(again.histories)

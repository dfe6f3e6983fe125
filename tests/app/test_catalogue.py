"""Search, topics, pages and the catalogue's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.session.catalogue import Catalogue
from mealrec.bundle.manifest import media_folder
from mealrec.errors import BundleError
from tests.app.stand_in import StandInMedia, StandInRecommender

MANIFEST = {
    "format_version": 2,
    "name": "tiny",
    "created_with": "a test",
    "media": "../../assets",
    "interval_s": 1.0,
    "models": {"full": {}},
    **dict.fromkeys(("encoders", "metrics", "training", "files"), {}),
}


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(StandInRecommender().catalogue, StandInMedia(None))


def test_pages_hold_every_clip_once(catalogue):
    pages = [catalogue.page(number=number) for number in range(1, catalogue.page().count + 1)]
    shown = [item.item_id for page in pages for item in page.items]
    assert len(shown) == len(set(shown)) == len(catalogue)


@pytest.mark.parametrize("number", [-1, 0, 99])
def test_a_page_beyond_the_ends_is_the_nearest(catalogue, number):
    page = catalogue.page(number=number)
    assert 1 <= page.number <= page.count and page.items


def test_every_word_has_to_be_found_in_any_case(catalogue):
    assert catalogue.page("GOOD bench").total == 11
    assert catalogue.page("bench rain").total == 0


def test_topic_and_words_narrow_together(catalogue):
    found = catalogue.page("bench", topic="sea")
    assert 0 < found.total < catalogue.page("bench").total
    assert {item.topic for item in found.items} == {"sea"}


def test_nothing_found_is_one_empty_page(catalogue):
    page = catalogue.page("zzz")
    assert (page.items, page.number, page.count, page.total) == ((), 1, 1, 0)


@pytest.fixture
def bundle(tmp_path) -> Path:
    bundle, media = tmp_path / "checkpoints" / "tiny", tmp_path / "assets"
    bundle.mkdir(parents=True)
    (media / "posters").mkdir(parents=True)
    (media / "posters" / "1.webp").write_bytes(b"x")
    (bundle / "manifest.json").write_text(json.dumps(MANIFEST))
    row = {"item_id": "1", "title": "a #b", "topic": "sea", "held_out": True}
    (bundle / "catalogue.json").write_text(json.dumps([row]))
    return bundle


def test_a_cover_stands_in_for_a_poster(bundle):
    covers = bundle.parents[1] / "assets" / "covers"
    covers.mkdir()
    (covers / "1.jpg").write_bytes(b"x")
    assert Catalogue.from_bundle(bundle).media.poster_path("1").name == "1.webp"
    (covers.parent / "posters" / "1.webp").unlink()
    assert Catalogue.from_bundle(bundle).media.poster_path("1").name == "1.jpg"


def test_clips_posters_and_covers_are_served_and_nothing_else(bundle):
    served = media_folder(bundle).served
    assert [folder.name for folder in served] == ["clips", "posters", "covers"]
    assert {folder.parent for folder in served} == {bundle.parents[1] / "assets"}


def test_a_bundles_catalogue_is_read_without_its_model(bundle):
    catalogue = Catalogue.from_bundle(bundle)
    assert catalogue.get("1").title == "a #b" and catalogue.get("1").held_out
    assert catalogue.media.poster_path("1").is_file()
    assert catalogue.media.clip_path("1") is None
    assert catalogue.variants == ("full",)


ITEM = '{"item_id": "1", "title": "a", "topic": ""}'
ODD = [ITEM.replace('"1"', '"../up"'), ITEM.replace('"a"', "3"), f"{ITEM}, {ITEM}"]


@pytest.mark.parametrize("catalogue", ["", "{", "[1]", '[{"name": "x"}]', *(f"[{odd}]" for odd in ODD)])
def test_an_unreadable_catalogue_is_refused(bundle, catalogue):
    (bundle / "catalogue.json").write_text(catalogue)
    with pytest.raises(BundleError, match="catalogue.json"):
        Catalogue.from_bundle(bundle)


@pytest.mark.parametrize("manifest", [None, "[]", "{}"])
def test_an_unreadable_manifest_is_refused(bundle, manifest):
    (bundle / "manifest.json").unlink()
    if manifest is not None:
        (bundle / "manifest.json").write_text(manifest)
    with pytest.raises(BundleError):
        media_folder(bundle)


@pytest.mark.parametrize("media", [3, "../../../..", "/etc"])
def test_media_stay_inside_the_project(bundle, media):
    (bundle / "manifest.json").write_text(json.dumps(MANIFEST | {"media": media}))
    with pytest.raises(BundleError, match="media|outside"):
        media_folder(bundle)

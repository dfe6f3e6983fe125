"""The catalogue on disk and the commands that make it."""

import csv
import json

import pytest

from assets.painter import build as build_module
from assets.painter.build import FINGERPRINTS, BuildOptions, build, read_fingerprints, render_all
from assets.painter.clips import plan_clips
from mealrec.errors import DataFormatError

CLIPS, VIEWERS = 64, 30


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """A small world complete but for its pictures, which are tested on a few clips elsewhere."""
    out = tmp_path_factory.mktemp("catalogue")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "render_all", lambda plans, out, jobs: None)
        build(BuildOptions(out, seed=3, clips=CLIPS, viewers=VIEWERS))
    return out


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_has_the_documented_files(catalogue):
    ids = [str(number) for number in range(1, CLIPS + 1)]
    assert rows(catalogue / "titles.csv")[0] == ["item", "title"]
    assert rows(catalogue / "topics.csv")[0] == ["item", "topic"]
    assert [row[0] for row in rows(catalogue / "titles.csv")[1:]] == ids
    held_out = (catalogue / "held_out.txt").read_text().split()
    assert len(held_out) == CLIPS // 8 and set(held_out) <= set(ids)
    assert list(json.loads((catalogue / "truth" / "clips.json").read_text())) == ids
    assert len(json.loads((catalogue / "truth" / "viewers.json").read_text())["viewers"]) == VIEWERS


def test_pairs_have_one_line_a_viewer_and_no_clip_twice(catalogue):
    lines = (catalogue / "pairs.tsv").read_text().splitlines()
    assert len(lines) == VIEWERS
    for line in lines:
        items = line.split("\t")[1].split()
        assert len(items) == len(set(items)) >= 5


def test_same_seed_gives_the_same_tables(catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr(build_module, "render_all", lambda plans, out, jobs: None)
    build(BuildOptions(tmp_path, seed=3, clips=CLIPS, viewers=VIEWERS))
    for name in ("titles.csv", "topics.csv", "pairs.tsv", "held_out.txt", "truth/clips.json", "truth/viewers.json"):
        assert (tmp_path / name).read_bytes() == (catalogue / name).read_bytes()


def test_too_few_clips_are_refused(tmp_path):
    with pytest.raises(DataFormatError, match="--clips"):
        build(BuildOptions(tmp_path, clips=6, viewers=2))


def test_clips_are_drawn_in_processes_and_only_where_missing_or_outdated(tmp_path):
    for folder in ("clips", "posters"):
        (tmp_path / folder).mkdir()
    plans = plan_clips(2, seed=3)
    render_all(plans, tmp_path, jobs=2)
    first, second = tmp_path / "clips" / "1.mp4", tmp_path / "clips" / "2.mp4"
    drawn, second_time = first.read_bytes(), second.stat().st_mtime_ns
    first.unlink()
    render_all(plans, tmp_path, jobs=1)
    assert first.read_bytes() == drawn
    assert second.stat().st_mtime_ns == second_time
    assert sorted(path.name for path in (tmp_path / "posters").iterdir()) == ["1.webp", "2.webp"]

    (tmp_path / FINGERPRINTS).write_text(json.dumps({"1": "of another plan", "2": read_fingerprints(tmp_path)["2"]}))
    drawn_time = first.stat().st_mtime_ns
    render_all(plans, tmp_path, jobs=1)
    assert first.stat().st_mtime_ns > drawn_time and second.stat().st_mtime_ns == second_time

"""The catalogue on disk and the commands that make it."""

import csv
import json
from importlib.util import find_spec

import pytest

from mealrec.__main__ import VERBS, main
from mealrec.errors import DataFormatError
from mealrec.sample import build as build_module
from mealrec.sample.build import BuildOptions, build, render_all
from mealrec.sample.clips import plan_clips

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
    first.write_bytes(drawn[:1000])
    render_all(plans, tmp_path, jobs=1)
    assert first.read_bytes() == drawn
    assert second.stat().st_mtime_ns == second_time
    assert sorted(path.name for path in (tmp_path / "posters").iterdir()) == ["1.webp", "2.webp"]


def test_statistics_are_written_without_microlens(catalogue, tmp_path):
    assert main(["sample", "statistics", "--data", str(catalogue), "--out", str(tmp_path / "s.md")]) == 0
    page = (tmp_path / "s.md").read_text()
    assert f"| users | {VIEWERS} |" in page and "Without MicroLens" in page


def test_statistics_stand_beside_microlens_where_it_is_to_be_had(catalogue, tmp_path):
    (tmp_path / "MicroLens-50k_pairs.tsv").write_text("1\t10 20 30\n2\t20 40\n")
    arguments = ["--data", str(catalogue), "--microlens", str(tmp_path), "--out", str(tmp_path / "s.md")]
    assert main(["sample", "statistics", *arguments]) == 0
    assert f"| users | {VIEWERS} | 2 |" in (tmp_path / "s.md").read_text()


def test_a_missing_or_broken_pairs_file_is_told_in_one_line(tmp_path, capsys):
    assert main(["sample", "statistics", "--data", str(tmp_path)]) == 2
    (tmp_path / "pairs.tsv").write_text("1\t2 3\nnonsense\n")
    assert main(["sample", "statistics", "--data", str(tmp_path)]) == 2
    missing, broken = capsys.readouterr().err.splitlines()
    assert "found none" in missing and "line 2" in broken


PRESENT_VERBS = [[verb, "--help"] for verb, (module, _) in VERBS.items() if find_spec(module)]


@pytest.mark.parametrize("arguments", [["--help"], ["sample", "build", "--help"], *PRESENT_VERBS], ids=" ".join)
def test_help_works(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 0
    assert "usage" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nonsense"], ["sample", "build", "--clips", "0"], []])
def test_wrong_arguments_end_with_usage(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage" in capsys.readouterr().err

"""The folder that `prepare` writes: what stands in it, and when an older one may go."""

from __future__ import annotations

import json

import pytest

from mealrec.__main__ import main
from mealrec.data.catalogue import clip_path, read_catalogue
from mealrec.data.published.prepare import Prepared, prepare, write_prepared
from mealrec.data.published.recbole import read_inter
from mealrec.errors import DataFormatError
from tests.data import published


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data" / "clips").mkdir(parents=True)
    (tmp_path / "data" / "clips" / "10.mp4").write_bytes(b"a clip")
    return published.microlens_50k(tmp_path / "data")


@pytest.fixture
def prepared(data):
    return prepare("microlens-50k", data, k=2)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "made" / "world"


def run(data, out, *more, dataset="microlens-50k"):
    return main(["prepare", dataset, "--data", str(data), "--out", str(out), "--k", "2", *more])


def test_the_folder_reads_back_as_it_was_prepared(prepared, out):
    write_prepared(prepared, out)
    assert read_catalogue(out) == prepared.catalogue
    assert read_catalogue(out, needs_clicks=False).titles == prepared.catalogue.titles
    assert [path.name for path in out.parent.iterdir()] == ["world"]


def test_clips_are_found_through_the_folder(prepared, out):
    write_prepared(prepared, out)
    assert clip_path(out, "10").read_bytes() == b"a clip"


@pytest.mark.parametrize("name", ["MicroLens-100k_videos", "clips"])
def test_clips_are_found_by_their_published_name(name, tmp_path):
    (tmp_path / name).mkdir()
    assert prepare("microlens-100k", published.microlens_100k(tmp_path), k=2).media == {"clips": tmp_path / name}


def test_topics_are_written_where_there_are_any(tmp_path, out):
    published.write(published.microlens_100k(tmp_path) / "tags_to_summary.csv", '10,rain\n11,"food, hot"\n')
    prepared = prepare("microlens-100k", tmp_path, k=2)
    write_prepared(prepared, out)
    assert read_catalogue(out).topics == prepared.catalogue.topics != {}


def test_a_prepared_folder_is_replaced_whole(prepared, data, out):
    write_prepared(prepared, out, recbole=True)
    write_prepared(prepare("microlens-50k", data, k=1), out)
    assert not (out / "microlens-50k").exists()
    assert read_catalogue(out).histories == {user: tuple(items) for user, items in published.WORLD.items()}
    assert (data / "clips" / "10.mp4").is_file()


def test_a_folder_may_be_prepared_from_itself(prepared, data, out):
    write_prepared(prepared, out)
    write_prepared(prepare("microlens-50k", out, k=2), out)
    assert read_catalogue(out) == prepared.catalogue and clip_path(out, "10").is_file()


def test_what_a_killed_run_left_behind_is_cleared(prepared, out):
    left = out.with_name("world.partial")
    left.mkdir(parents=True)
    (left / "prepared.json").write_text('{"written": ["prepared.json", "pairs.tsv"]}')
    (left / "pairs.tsv").write_text("half")
    write_prepared(prepared, out)
    assert not left.exists() and read_catalogue(out) == prepared.catalogue


def test_a_failure_while_writing_leaves_the_old_folder(prepared, out):
    write_prepared(prepared, out)
    broken = Prepared(prepared.catalogue, {**prepared.report, "slice": object()}, None, {})
    with pytest.raises(TypeError):
        write_prepared(broken, out)
    assert read_catalogue(out) == prepared.catalogue
    write_prepared(prepared, out)


@pytest.mark.parametrize("name", ["thesis.txt", "features"])
def test_a_folder_that_holds_more_is_refused_and_left(name, prepared, data, out, capsys):
    write_prepared(prepared, out)
    (out / name).write_text("mine")
    with pytest.raises(DataFormatError, match=f"holds {name}, which `prepare` did not write"):
        write_prepared(prepared, out)
    assert run(data, out) == 2 and "choose another folder" in capsys.readouterr().err
    assert (out / name).read_text() == "mine" and read_catalogue(out) == prepared.catalogue


def test_clips_put_where_the_link_was_are_not_thrown_away(prepared, out):
    write_prepared(prepared, out)
    (out / "clips").unlink()
    (out / "clips").mkdir()
    with pytest.raises(DataFormatError, match="holds clips"):
        write_prepared(prepared, out)


def test_the_folder_of_published_files_is_never_the_one_to_write(data):
    assert run(data, data) == 2
    assert (data / "MicroLens-50k_pairs.tsv").is_file()


def test_a_file_in_the_way_is_named(prepared, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFormatError, match="is a file: name a folder"):
        write_prepared(prepared, tmp_path / "file")


def test_the_command_writes_the_folder_and_says_what_was_odd(data, out, capsys):
    with (data / "MicroLens-50k_pairs.tsv").open("a") as file:
        file.write("nothing\n5\t10 10 11\n6\t9 99\n7\t12 99\n")
    assert run(data, out) == 0
    printed = capsys.readouterr().out
    assert "the 2-core" in printed and "| microlens-50k, full | 6 | 5 | 14 |" in printed
    assert (
        "malformed rows, left out: 1;" in printed
        and "MicroLens-50k_pairs.tsv, line 5: expected user<TAB>item" in printed
    )
    assert "repeats, left out: 1" in printed and "items without a title row: 1" in printed
    report = json.loads((out / "prepared.json").read_text())
    assert report["malformed"]["first"][0]["line"] == 5 and report["statistics"]["users"] == 6
    assert report["settings"]["k"] == 2 and report["repeats"]["dropped"] == 1


def test_recbole_gets_its_folder(data, out):
    assert run(data, out, "--recbole", "--slice", "small") == 0
    made = out / "microlens-50k-small" / "microlens-50k-small.inter"
    again = prepare("recbole", made, k=1).catalogue
    assert again.histories == read_catalogue(out).histories and not read_inter(made).notes


def test_the_rule_of_shortvideo_is_chosen_by_an_option(tmp_path, out, capsys):
    (tmp_path / "raw_file").mkdir()
    assert run(published.shortvideo(tmp_path), out, "--positive", "effective", dataset="shortvideo") == 0
    printed = capsys.readouterr().out
    assert (
        "note: an interaction is a row with effective_view" in printed and "rows in order but not wanted: 1" in printed
    )
    assert (out / "clips").resolve() == (tmp_path / "raw_file").resolve()

"""Preparing made-up datasets: order, slices, core, repeats, and what is counted of rows that cannot be read."""

from __future__ import annotations

import random

import pytest

from mealrec.data.published.prepare import prepare
from mealrec.errors import DataFormatError
from tests.data import published
from tests.data.published import write

KEPT = {"1": ("10", "11", "12"), "2": ("11", "10", "9"), "3": ("12", "9")}
READ = {
    "microlens-50k": published.microlens_50k,
    "microlens-100k": published.microlens_100k,
    "shortvideo": published.shortvideo,
    "recbole": published.recbole,
}


def tsv(folder, pairs, titles="item,title\n"):
    write(folder / "pairs.tsv", pairs)
    write(folder / "titles.csv", titles)
    return folder


@pytest.mark.parametrize("dataset", READ)
def test_every_form_tells_the_same_world(dataset, tmp_path):
    prepared = prepare(dataset, READ[dataset](tmp_path), k=2)
    assert prepared.catalogue.histories == KEPT
    assert prepared.catalogue.item_ids == ("9", "10", "11", "12")
    assert prepared.report["malformed"]["count"] == 0
    assert (prepared.times is None) == (dataset == "microlens-50k")


def test_titles_are_read_in_both_forms(tmp_path):
    kept = ("9", "10", "11", "12")
    quoted = prepare("microlens-50k", published.microlens_50k(tmp_path), k=2)
    bare = prepare("microlens-100k", published.microlens_100k(tmp_path), k=2)
    assert quoted.catalogue.titles == {item: published.TITLES[item] for item in kept}
    assert bare.catalogue.titles == {item: published.UNQUOTED[item] for item in kept}
    assert quoted.report["items_with_an_empty_title"] == bare.report["items_with_an_empty_title"] == 1


def test_times_stand_beside_their_interactions(tmp_path):
    prepared = prepare("microlens-100k", published.microlens_100k(tmp_path), k=2)
    assert prepared.times["3"] == (1_600_000_000_000, 1_600_000_000_001)


def test_ties_keep_the_order_of_the_file(tmp_path):
    rows = "user,item,timestamp\na,z,5\na,y,5\na,b,1\na,c,5\n"
    write(tmp_path / "pairs.csv", rows)
    write(tmp_path / "titles.csv", "item,title\n")
    assert prepare("microlens-50k", tmp_path, k=1).catalogue.histories == {"a": ("b", "z", "y", "c")}


def test_where_pairs_lie_twice_the_tsv_is_read_and_the_report_says_so(tmp_path):
    published.microlens_50k(tmp_path)
    write(tmp_path / "MicroLens-50k_pairs.csv", "user,item,timestamp\nx,y,1\n")
    report = prepare("microlens-50k", tmp_path, k=2).report
    assert report["files"]["pairs"] == "MicroLens-50k_pairs.tsv"
    assert report["notes"] == ["MicroLens-50k_pairs.csv lies there too and was not read"]


def test_repeats_keep_the_first_and_are_counted(tmp_path):
    prepared = prepare("microlens-50k", tsv(tmp_path, "a\tx y x z y\n"), k=1)
    assert prepared.catalogue.histories == {"a": ("x", "y", "z")}
    assert prepared.report["repeats"]["dropped"] == 2


def test_categories_of_the_larger_set_become_topics(tmp_path):
    write(published.microlens_100k(tmp_path) / "tags_to_summary.csv", "10,weather\n13,sea\n")
    assert prepare("microlens-100k", tmp_path, k=2).catalogue.topics == {"10": "weather"}


def test_the_small_slice_is_the_recipe_in_its_own_words(tmp_path):
    pairs = {str(user): [str(item) for item in range(user % 7, user % 7 + 13)] for user in range(1, 41)}
    tsv(tmp_path, "".join(f"{user}\t{' '.join(items)}\n" for user, items in pairs.items()))
    prepared = prepare("microlens-50k", tmp_path, slice="small", users=15, seed=3, k=1)
    drawn = random.Random(3).sample(list(pairs), 15)
    assert prepared.catalogue.histories == {user: tuple(pairs[user][-10:]) for user in drawn}
    assert "15 of 40 users" in prepared.report["recipe"] and "latest 10" in prepared.report["recipe"]


def test_the_small_slice_does_not_depend_on_the_order_of_the_file(tmp_path):
    lines = [f"{user}\t{user % 3} {user % 5 + 3}\n" for user in range(1, 30)]
    histories = []
    for order in (lines, lines[::-1]):
        tsv(tmp_path, "".join(order))
        histories.append(prepare("microlens-50k", tmp_path, slice="small", users=9, k=1).catalogue.histories)
    assert list(histories[0].items()) == list(histories[1].items())


def test_an_item_without_a_title_row_is_kept_and_counted(tmp_path):
    prepared = prepare("microlens-50k", tsv(tmp_path, "a\tx y\n", "item,title\nx,\n"), k=1)
    assert prepared.catalogue.titles == {"x": "", "y": ""}
    assert prepared.report["items_without_a_title_row"] == prepared.report["items_with_an_empty_title"] == 1


def test_malformed_rows_are_counted_and_the_first_ten_named(tmp_path):
    tsv(tmp_path, "a\tx y\n" + "no tab\n" * 12 + "\nb\tx\n", "item,title\nx,one\nx,two\ny\n")
    malformed = prepare("microlens-50k", tmp_path, k=1).report["malformed"]
    assert malformed["count"] == 15 and len(malformed["first"]) == 10
    assert malformed["first"][0]["file"] == "pairs.tsv" and malformed["first"][0]["line"] == 2
    assert [row["line"] for row in malformed["first"]] == list(range(2, 12))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a,x", "expected 3 fields, got 2"),
        ("a,x,soon", "expected a number as the time, got 'soon'"),
        ("a,x,nan", "expected a number as the time, got 'nan'"),
        ("a,x y,1", "of one word each, got 'a' and 'x y'"),
        ("a,../x,1", "of one word each"),
        (",x,1", "of one word each, got '' and 'x'"),
        ("", "expected 3 fields, got 0"),
    ],
)
def test_a_malformed_row_of_a_table_is_named_with_its_line(row, problem, tmp_path):
    write(tmp_path / "pairs.csv", f'user,item,timestamp\na,z,1\n"a\nb",z,1\n{row}\nb,z,1\n')
    write(tmp_path / "titles.csv", "item,title\n")
    prepared = prepare("microlens-50k", tmp_path, k=1)
    assert prepared.catalogue.histories == {"a": ("z",), "b": ("z",)}
    assert [bad["line"] for bad in prepared.report["malformed"]["first"]] == [3, 5]
    assert problem in prepared.report["malformed"]["first"][1]["problem"]


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({}, "holds no file with the pairs: expected one of MicroLens-50k_pairs.tsv"),
        ({"pairs.tsv": b"a\tx\n"}, "holds no file with the titles"),
        (
            {"pairs.tsv": b"nothing\n", "titles.csv": b""},
            "no interaction: 1 malformed rows; pairs.tsv, line 1: expected",
        ),
        ({"pairs.tsv": b"a\tx\xff\n", "titles.csv": b""}, "line 1: expected UTF-8, got another encoding"),
        (
            {"pairs.csv": b"user,video,timestamp\n", "titles.csv": b""},
            "lacks the column item; it has: user, video, time",
        ),
        ({"pairs.csv": b"", "titles.csv": b""}, "lacks the columns user, item, timestamp"),
        ({"pairs.tsv": b"a\tx\n", "titles.csv": b'item,title\nx,"' + b"y" * 140_000}, "line 2: no readable CSV"),
        ({"pairs.tsv": b"a\tx y\nb\tx y\n", "titles.csv": b""}, "nothing is left of 4 .* the largest k .* is 2"),
    ],
)
def test_what_cannot_be_prepared_is_named(files, named, tmp_path):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFormatError, match=named):
        prepare("microlens-50k", tmp_path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"slice": "tiny"}, "a slice of full, small, got 'tiny'"),
        ({"k": 0}, "k of 1 or more, got 0"),
        ({"users": 5}, "users with the slice small alone"),
        ({"slice": "small", "users": 0}, "1 user or more, got 0"),
        ({"positive": "like"}, "a rule with shortvideo alone"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(changes, named, tmp_path):
    with pytest.raises(DataFormatError, match=named):
        prepare("microlens-50k", published.microlens_50k(tmp_path), **changes)


def test_an_unknown_dataset_is_named(tmp_path):
    with pytest.raises(DataFormatError, match="a dataset of microlens-50k, .*, got 'movies'"):
        prepare("movies", tmp_path)

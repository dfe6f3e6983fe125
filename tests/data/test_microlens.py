"""Reading MicroLens's on-disk form: what is read, and how each malformed file is named."""

from __future__ import annotations

import pytest

from mealrec.data.catalogue import read_catalogue
from mealrec.errors import DataFormatError

TITLES = 'item,title\n7,"Rain, at last"\n8,Ramen\n9,\n'
NAMES = {"titles": "world_titles.csv", "pairs": "world_pairs.tsv", "topics": "topics.csv", "held_out": "held_out.txt"}
PAIRS = "anna\t7 8 9\nben\t9 7\n"


def write(folder, **files):
    names = {
        "titles": "world_titles.csv",
        "pairs": "world_pairs.tsv",
        "topics": "topics.csv",
        "held_out": "held_out.txt",
    }
    for key, text in files.items():
        (folder / names[key]).write_text(text, encoding="utf-8")
    return folder


def test_a_catalogue_is_read_as_written(tmp_path):
    folder = write(tmp_path, titles=TITLES, pairs=PAIRS, topics="item,topic\n7,nature\n", held_out="9\n")
    catalogue = read_catalogue(folder)
    assert catalogue.item_ids == ("7", "8", "9")
    assert catalogue.titles == {"7": "Rain, at last", "8": "Ramen", "9": ""}
    assert catalogue.topics == {"7": "nature"}
    assert catalogue.held_out == {"9"}
    assert catalogue.histories == {"anna": ("7", "8", "9"), "ben": ("9", "7")}
    assert catalogue.index == {"7": 1, "8": 2, "9": 3}


def test_a_title_file_without_a_header_keeps_its_first_row(tmp_path):
    catalogue = read_catalogue(write(tmp_path, titles="7,Rain\n", pairs="anna\t7\n"))
    assert catalogue.titles == {"7": "Rain"}


def test_topics_and_held_out_items_may_be_absent(tmp_path):
    catalogue = read_catalogue(write(tmp_path, titles=TITLES, pairs=PAIRS))
    assert catalogue.topics == {} and catalogue.held_out == frozenset()


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"titles": TITLES}, "exactly one file named .*pairs.tsv, found none"),
        ({"pairs": PAIRS}, "exactly one file named .*titles.csv, found none"),
        ({"titles": TITLES, "pairs": "anna 7 8\n"}, "line 1: expected user<TAB>item"),
        ({"titles": TITLES, "pairs": "anna\t7\nben\t\n"}, "line 2: expected user<TAB>item"),
        ({"titles": TITLES, "pairs": "anna\t7 66\n"}, "line 1: item '66' has no row in the title file"),
        ({"titles": TITLES, "pairs": ""}, "holds no interactions"),
        ({"titles": "item,title\n7,a,b\n", "pairs": PAIRS}, "line 2: expected item,title, got '7,a,b'"),
    ],
)
def test_a_malformed_file_is_named_with_its_place(tmp_path, files, named):
    with pytest.raises(DataFormatError, match=named):
        read_catalogue(write(tmp_path, **files))


def test_the_planted_truth_is_not_needed_to_read_or_split(tmp_path):
    """Nothing beside the documented files is opened: a truth folder full of rubbish goes unnoticed."""
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "viewers.json").write_text("not json", encoding="utf-8")
    assert read_catalogue(write(tmp_path, titles=TITLES, pairs=PAIRS)).histories

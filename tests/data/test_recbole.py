"""RecBole's atomic files in and out."""

from __future__ import annotations

import pytest

from mealrec.data.published.prepare import prepare
from mealrec.data.published.recbole import read_inter, write_inter
from mealrec.errors import DataFormatError
from tests.data.published import recbole, write
from tests.training.tiny_world import make_catalogue


def test_what_is_written_is_read_back(tmp_path):
    catalogue = make_catalogue()
    write_inter(catalogue, tmp_path / "world.inter")
    again = prepare("recbole", tmp_path / "world.inter", k=1).catalogue
    assert again.histories == catalogue.histories


def test_a_row_has_its_place_or_its_time(tmp_path):
    catalogue = make_catalogue(users=1)
    (user, items), path = next(iter(catalogue.histories.items())), tmp_path / "world.inter"
    write_inter(catalogue, path)
    lines = path.read_text().splitlines()
    assert lines[0] == "user_id:token\titem_id:token\ttimestamp:float"
    assert lines[1:] == [f"{user}\t{item}\t{place}" for place, item in enumerate(items)]
    write_inter(catalogue, path, {user: (0.5, *range(1_600_000_000_000, 1_600_000_000_000 + len(items) - 1))})
    assert [line.split("\t")[2] for line in path.read_text().splitlines()[1:3]] == ["0.5", "1600000000000"]


def test_without_a_timestamp_the_order_of_the_rows_counts(tmp_path):
    write(tmp_path / "w.inter", "user_id:token\titem_id:token\nb\tz\na\ty\nb\tx\n")
    prepared = prepare("recbole", tmp_path, k=1)
    assert prepared.catalogue.histories == {"a": ("y",), "b": ("z", "x")} and prepared.times is None


def test_titles_and_ratings_are_told(tmp_path):
    source = read_inter(recbole(tmp_path))
    assert source.titles["12"] == "one line, three, commas"
    assert source.notes == ["every row counts as an interaction, whatever its rating"]
    write(tmp_path / "world.item", "item_id:token\tgenre:token_seq\n10\tfunny\n")
    assert "world.item has no field with titles; it has: item_id, genre" in read_inter(tmp_path).notes


def test_a_row_of_another_width_is_malformed(tmp_path):
    write(tmp_path / "w.inter", "user_id:token\titem_id:token\na\tx\na\n")
    source = read_inter(tmp_path)
    assert source.items == ["x"] and source.malformed.first[0]["line"] == 3


@pytest.mark.parametrize(
    ("names", "named"),
    [([], "exactly one, found none"), (["a.inter", "b.inter"], "exactly one, found a.inter, b.inter")],
)
def test_a_folder_must_hold_exactly_one(names, named, tmp_path):
    for name in names:
        write(tmp_path / name, "")
    with pytest.raises(DataFormatError, match=named):
        read_inter(tmp_path)


def test_a_missing_field_is_named(tmp_path):
    write(tmp_path / "w.inter", "user:token\titem_id:token\n")
    with pytest.raises(DataFormatError, match="lacks the column user_id; it has: user, item_id"):
        read_inter(tmp_path)

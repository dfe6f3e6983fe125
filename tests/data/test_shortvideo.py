"""ShortVideo's table: which rows each rule wants, and where titles come from."""

from __future__ import annotations

import pytest

from mealrec.data.published.prepare import prepare
from mealrec.data.published.shortvideo import RULES, read_shortvideo
from mealrec.errors import DataFormatError
from tests.data.published import SHORTVIDEO, WORLD, shortvideo, write

ROWS = sum(len(items) for items in WORLD.values())
HEADER = "user_id,pid,exposed_time,effective_view,hate\n"


@pytest.mark.parametrize(
    ("positive", "wanted"),
    [("effective-not-hate", ROWS), ("effective", ROWS + 1), ("like", 3), ("watched-half", ROWS)],
)
def test_a_rule_wants_its_rows_and_counts_the_others(positive, wanted, tmp_path):
    source = read_shortvideo(shortvideo(tmp_path), positive)
    assert (len(source.users), source.passed_over) == (wanted, ROWS + 2 - wanted)
    assert RULES[positive].words in source.notes[0]


def test_any_deed_counts_as_engagement(tmp_path):
    header = "user_id,pid,exposed_time,cvm_like,comment,follow,collect,forward\n"
    write(tmp_path / "interaction.csv", header + "a,x,1,False,0,False,True,False\na,y,2,0,0,0,0,0\n")
    assert read_shortvideo(tmp_path, "engaged").items == ["x"]


def test_a_missing_column_is_named_with_those_that_came(tmp_path):
    shortvideo(tmp_path, columns=tuple(column for column in SHORTVIDEO if column != "hate"))
    with pytest.raises(
        DataFormatError, match="lacks the column hate, which the rule effective-not-hate reads; .* user_id"
    ):
        read_shortvideo(tmp_path)
    assert read_shortvideo(tmp_path, "effective").users


def test_an_unknown_rule_is_named(tmp_path):
    with pytest.raises(DataFormatError, match="expected a rule of effective-not-hate, .* got 'loved'"):
        read_shortvideo(shortvideo(tmp_path), "loved")


def test_a_value_that_is_no_truth_value_makes_a_row_malformed(tmp_path):
    write(tmp_path / "interaction.csv", HEADER + "a,x,1,True,False\na,y,2,perhaps,False\na,z,3,False,\n")
    source = read_shortvideo(tmp_path)
    assert source.items == ["x"] and [bad["line"] for bad in source.malformed.first] == [3, 4]
    assert "True or False, got 'perhaps'" in source.malformed.first[0]["problem"]


def test_titles_come_from_their_files_and_missing_ones_are_told(tmp_path):
    shortvideo(tmp_path)
    (tmp_path / "title_en").mkdir()
    write(tmp_path / "title_en" / "10.txt", "Rain at\nlast\n")
    (tmp_path / "title_en" / "11.txt").write_bytes(b"\xff")
    source = read_shortvideo(tmp_path)
    assert source.titles == {"10": "Rain at last"} and source.malformed.count == 1
    assert "1 of 5 items have a file in title_en/" in source.notes


def test_without_title_files_the_tables_own_titles_are_taken(tmp_path):
    assert prepare("shortvideo", shortvideo(tmp_path), k=2).catalogue.titles["10"] == "table 10"


def test_without_any_titles_they_are_empty(tmp_path):
    write(tmp_path / "interaction.csv", HEADER + "a,x,1,True,False\n")
    prepared = prepare("shortvideo", tmp_path, k=1)
    assert prepared.catalogue.titles == {"x": ""} and prepared.report["items_without_a_title_row"] == 1


def test_the_small_slice_keeps_whole_histories(tmp_path):
    rows = "".join(f"{user},{item},{item},True,False\n" for user in range(6) for item in range(25))
    write(tmp_path / "interaction.csv", HEADER + rows)
    prepared = prepare("shortvideo", tmp_path, slice="small", users=4)
    assert [len(history) for history in prepared.catalogue.histories.values()] == [25] * 4

"""Clicks of one's own: read by the header's names, in the order of time, with what lies beside them."""

from __future__ import annotations

import json

import pytest

from mealrec.__main__ import main
from mealrec.data.catalogue import read_catalogue
from mealrec.data.published.log import read_log
from mealrec.data.published.prepare import prepare
from mealrec.errors import DataFormatError

CLICKS = "\n".join(f"{user},{item},{time}" for user in "ab" for time, item in enumerate("31245")) + "\n"


def write(folder, clicks="user,item,time\n" + CLICKS, titles="item,title\n1,Rain\n2,Ramen\n3,Sea\n", clips=()):
    (folder / "clicks.csv").write_text(clicks)
    (folder / "clips").mkdir()
    for name in clips:
        (folder / "clips" / f"{name}.mp4").write_bytes(b"a clip")
    if titles:
        (folder / "titles.csv").write_text(titles)
    return folder


def test_a_log_becomes_a_catalogue_that_bears_its_name(tmp_path, capsys):
    (tmp_path / "my log").mkdir()
    data, out = write(tmp_path / "my log", clips="13459"), tmp_path / "mine"
    assert main(["prepare", "log", "--data", str(data), "--out", str(out), "--name", "My clips", "--recbole"]) == 0
    printed = capsys.readouterr().out
    assert "| My clips, full | 2 | 5 | 10 |" in printed and "microlens" not in printed.lower()
    assert "1 of 5 items have no clip (2.mp4 first)" in printed
    assert "1 clips were never clicked and stay out (9.mp4 first)" in printed
    catalogue = read_catalogue(out)
    assert catalogue.histories == {"a": tuple("31245"), "b": tuple("31245")}
    assert catalogue.titles == {"1": "Rain", "2": "Ramen", "3": "Sea", "4": "", "5": ""}
    assert (out / "clips" / "4.mp4").is_file() and (out / "My-clips" / "My-clips.inter").is_file()
    assert json.loads((out / "prepared.json").read_text())["name"] == "My clips"
    assert prepare("log", data).report["dataset"] == "my log"


def test_dates_order_the_clicks_and_columns_go_by_name(tmp_path):
    rows = [",item,time,user,seen"] + [f"{n},{n},2024-05-0{9 - n} 08:00:00,a,x" for n in range(1, 5)]
    source = read_log(write(tmp_path, "\n".join(rows) + "\n", clips="1234"))
    assert source.items == ["1", "2", "3", "4"] and source.times == sorted(source.times, reverse=True)


def test_clips_say_how_an_id_is_spelt_and_without_a_time_the_rows_are_in_order(tmp_path):
    clicks = "user,item\na,1.0\na,2.0\na,3\n"
    source = read_log(write(tmp_path, clicks, clips=("0001", "0002", "0003")))
    assert source.items == ["0001", "0002", "0003"] and source.titles["0002"] == "Ramen"
    assert "3 clicks name a clip otherwise than its file (1.0 as 0001)" in source.notes


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"clicks": "viewer;clip;when\n1;2;3\n"}, "clicks.csv lacks the columns user, item, which its first line"),
        ({"titles": "item,title\n" + "".join(f"{n},x\n" for n in range(50, 90))}, "of which only 0 are the same"),
        ({"clips": ("rain", "sea")}, "holds 2 clips and none of a clicked item: expected 3.mp4"),
        ({"titles": ""}, "holds neither clips/3.mp4 and the like nor titles.csv"),
        ({"clicks": "user,item,time\na,1,now\n"}, "holds no interaction: 1 malformed rows; clicks.csv, line 2"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, more, named):
    with pytest.raises(DataFormatError, match=named):
        prepare("log", write(tmp_path, **more))


def test_a_tables_index_is_no_column_of_items(tmp_path):
    """As pandas writes a table unless it is told not to: read by the header's names, refused without a header."""
    users, items = range(4), range(1, 5)
    rows = [f"{n},{user},{item},{n}" for n, (user, item) in enumerate((u, i) for u in users for i in items)]
    (tmp_path / "pairs.csv").write_text("\n".join([",user,item,timestamp", *rows]) + "\n")
    titles = [f"{n},{item},title {item}" for n, item in enumerate(items)]
    (tmp_path / "titles.csv").write_text("\n".join([",item,title", *titles]) + "\n")
    assert prepare("microlens-50k", tmp_path).catalogue.titles["2"] == "title 2"
    (tmp_path / "titles.csv").write_text("\n".join(titles) + "\n")
    with pytest.raises(DataFormatError, match="got rows' numbers before the items"):
        prepare("microlens-50k", tmp_path)

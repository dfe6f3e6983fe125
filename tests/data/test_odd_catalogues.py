"""Files as spreadsheets and scripts write them: what can be meant in one way is read so and told, all else is named."""

from __future__ import annotations

import pytest

from mealrec.data.catalogue import read_catalogue
from mealrec.errors import DataFormatError

TITLES = b"item,title\n1,Rain\n2,Ramen\n3,Sea\n4,Cats\n5,Snow\n"
PAIRS = b"a\t1 2 3 4\nb\t5 4 3 2\n"
WORDS = {"1": "Rain", "2": "Ramen", "3": "Sea", "4": "Cats", "5": "Snow"}
CLICKS = {"a": ("1", "2", "3", "4"), "b": ("5", "4", "3", "2")}


def write(folder, **files):
    names = {"titles": "titles.csv", "pairs": "pairs.tsv", "topics": "topics.csv", "held_out": "held_out.txt"}
    for key, data in ({"titles": TITLES, "pairs": PAIRS} | files).items():
        (folder / names[key]).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"titles": b"\xef\xbb\xbf" + TITLES, "pairs": b"\xef\xbb\xbf" + PAIRS}, ()),
        ({"titles": TITLES.decode().encode("utf-16"), "pairs": PAIRS.decode().encode("utf-16")}, ()),
        ({"titles": TITLES.replace(b"\n", b"\r\n"), "pairs": PAIRS.replace(b"\n", b"\r\n")}, ()),
        ({"titles": b"\n" + TITLES + b"\n,\n", "pairs": b"\n" + PAIRS + b"\n\n"}, ()),
        ({"titles": TITLES.partition(b"\n")[2]}, ()),
        ({"titles": b"Title , Item\n" + b"".join(b"%b,%b\n" % (w.encode(), i.encode()) for i, w in WORDS.items())}, ()),
        (
            {"titles": b"".join(line + b",9\n" for line in TITLES.replace(b"title", b"title,views\b"[:11]).split())},
            None,
        ),
        ({"titles": TITLES.replace(b"Rain\n", b"Rain,,\n")}, ()),
        ({"pairs": b"user\titems\n" + PAIRS}, ()),
        ({"titles": TITLES + b"2,Other\n"}, ("passed over 1 second rows of an item in titles.csv (the first counts)",)),
        ({"pairs": b"a\t1 2\nb\t5 4 3 2\na\t3 4\n"}, ("joined 1 viewers given more than once",)),
        ({"pairs": b"a\t1 2 3 4 2 1\nb\t5 4 3 2\n"}, ("dropped 2 repeated clicks (the first counts)",)),
        (
            {"pairs": b"a\t1.0 2.0 3.0 4.0\nb\t5 4 3 2\n"},
            ("read 4 ids that are written otherwise in titles.csv (1.0 as 1)",),
        ),
        (
            {"pairs": b"a\t00001 2 3 4\nb\t5 4 3 2\n", "held_out": b"00077\n"},
            (
                "passed over 1 ids in held_out.txt that no item has (00077 first)",
                "read 1 ids that are written otherwise in titles.csv (00001 as 1)",
            ),
        ),
        (
            {"titles": TITLES.replace(b"\n1,", b"\n1.0,")},
            ("read ids otherwise than titles.csv writes them (1.0 as 1)",),
        ),
    ],
)
def test_what_can_only_be_meant_in_one_way_is_read_so_and_told(tmp_path, files, told):
    if told is None:  # a third column under a name
        files, told = (
            {"titles": b"item,title,views\n" + TITLES.partition(b"\n")[2].replace(b"\n", b",9\n")},
            ("did not need the column views of titles.csv",),
        )
    catalogue = read_catalogue(write(tmp_path, **files))
    assert (catalogue.titles, catalogue.histories, catalogue.notes) == (WORDS, CLICKS, told)
    assert read_catalogue(tmp_path, needs_clicks=False).titles == WORDS
    assert catalogue.told("mine") == (f"mine: {', '.join(told)}." if told else "")


def test_a_comma_without_quotes_stays_in_its_title(tmp_path):
    catalogue = read_catalogue(write(tmp_path, titles=TITLES.replace(b"Ramen", b"Ramen, hot, now")))
    assert catalogue.titles["2"] == "Ramen, hot, now"
    assert catalogue.notes == ("joined 1 titles with commas and no quotes",)


def test_topics_of_no_item_and_viewers_of_few_clicks_are_told(tmp_path):
    files = {"topics": b"item,topic\n1,sea\n88,food\n", "held_out": b"5 99\n", "pairs": PAIRS + b"c\t1 2\n"}
    catalogue = read_catalogue(write(tmp_path, **files))
    assert catalogue.topics == {"1": "sea"} and catalogue.held_out == {"5"}
    assert catalogue.notes == (
        "passed over 1 ids in topics.csv that no item has (88 first)",
        "passed over 1 ids in held_out.txt that no item has (99 first)",
        "1 of 3 viewers have fewer than 4 clicks and teach nothing",
    )


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"titles": TITLES.replace(b"Sea", b"Caf\xe9")}, r"titles.csv, line 4: expected UTF-8.*Latin-1\? '3,Café'"),
        ({"pairs": PAIRS + "c\t1 2é\n".encode("latin-1")}, r"pairs.tsv, line 3: expected UTF-8"),
        ({"titles": TITLES.decode().encode("utf-16-le")}, r"titles.csv, line 1: expected text, got zero bytes"),
        ({"titles": TITLES.decode().encode("utf-16")[:-1]}, r"titles.csv: expected UTF-8, got another encoding"),
        ({"titles": b"video,name\n1,Rain\n2,Ramen\n"}, r"titles.csv, line 1: expected the header item,title"),
        ({"titles": b"item,name\n1,Rain\n"}, r"titles.csv lacks the column title; it has: item, name"),
        ({"titles": b"item;title\n1;Rain\n"}, r"titles.csv, line 1: expected the header item,title, got 'item;title'"),
        ({"titles": b"1,Rain,9\n2,Ramen,8\n"}, r"titles.csv, line 1: expected item,title, got '1,Rain,9'"),
        ({"titles": TITLES + b"6\n"}, r"titles.csv, line 7: expected item,title, got '6'"),
        ({"titles": TITLES + b"my clip,Six\n"}, r"titles.csv, line 7: expected an item id of one word"),
        ({"titles": TITLES.replace(b"2,Ramen", b'2,"Ramen')}, r"titles.csv, line 3: no readable CSV"),
        ({"titles": b"\n"}, r"titles.csv is empty: expected a row item,title"),
        ({"pairs": PAIRS + b"c\t1 66\n"}, r"pairs.tsv, line 3: item '66' has no row in the title file"),
        ({"pairs": b"a\t1,2,3\n"}, r"pairs.tsv, line 1: item '1,2,3' has no row"),
        ({"titles": TITLES + b"05,Other\n", "pairs": b"a\t005 1\n"}, r"pairs.tsv, line 1: item '005' has no row"),
    ],
)
def test_all_else_is_named_with_its_file_and_line(tmp_path, files, named):
    with pytest.raises(DataFormatError, match=named):
        read_catalogue(write(tmp_path, **files))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataFormatError, match="nowhere is no folder"):
        read_catalogue(tmp_path / "nowhere")

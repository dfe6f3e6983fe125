"""A dataset's files into a folder: what is published, room first, one account of failures, safe unpacking."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socket
import struct
import zipfile
from pathlib import Path

import pytest

from mealrec.data.fetching.download import Patience, sha256_of
from mealrec.data.fetching.files import (
    SPARE_BYTES,
    fetch_files,
    missing_bytes,
    require_space,
    split_parts,
    unpack_covers,
)
from mealrec.data.fetching.layout import LAYOUTS, RemoteFile, check_address, most_watched, read_ids
from mealrec.errors import DataFormatError, FetchError
from tests.loopback import Mishap, Shelf, serve

QUICK = Patience(attempts=2, backoff_s=0.01, timeout_s=5.0)
TABLES = {"pairs.tsv": b"anna\t7 8\n", "titles.csv": b"item,title\n7,Rain\n8,Ramen\n", "views.txt": b"7 1 2\n"}
FILES = tuple(
    RemoteFile(name, len(content), hashlib.sha256(content).hexdigest())
    for name, content in list(TABLES.items())[:2]
) + (RemoteFile("views.txt"),)  # fmt: skip
MICROLENS = Path(os.environ.get("MEALREC_MICROLENS_DIR", Path(__file__).parents[2] / "../shared/microlens"))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def shelf():
    with serve(Shelf(dict(TABLES))) as shelf:
        yield shelf


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_all_files_arrive_and_a_second_run_asks_for_nothing(shelf, tmp_path):
    fetch_files(shelf.address, FILES, tmp_path, QUICK)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == TABLES
    asked = len(shelf.seen)
    fetch_files(shelf.address, FILES, tmp_path, QUICK)
    assert len(shelf.seen) == asked


def test_a_missing_file_is_named_with_its_place_and_the_others_come(shelf, tmp_path):
    del shelf.files["pairs.tsv"]
    with pytest.raises(FetchError) as error:
        fetch_files(shelf.address, FILES, tmp_path, QUICK)
    message = str(error.value)
    assert "1 of 3 files" in message and "404" in message
    assert f"{shelf.address}pairs.tsv" in message and f"belongs at {tmp_path / 'pairs.tsv'}" in message
    assert names(tmp_path) == {"titles.csv", "views.txt"}


def test_a_file_that_is_not_needed_is_told_of_and_stops_nothing(shelf, tmp_path):
    del shelf.files["views.txt"]
    files = (RemoteFile("views.txt", needed=False), *FILES[:2])
    assert f"{shelf.address}views.txt" in fetch_files(shelf.address, files, tmp_path, QUICK)
    assert names(tmp_path) == {"pairs.tsv", "titles.csv"}
    assert fetch_files(shelf.address, FILES[:2], tmp_path, QUICK) == ""


def test_a_dead_address_names_every_file_and_its_place_once(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    with pytest.raises(FetchError) as error:
        fetch_files(address, FILES, tmp_path, QUICK)
    message = str(error.value)
    assert "3 of 3 files" in message and message.count("attempts") == 1
    assert all(f"{address}{name}" in message and str(tmp_path / name) in message for name in TABLES)
    assert not names(tmp_path)


def test_a_file_put_by_hand_is_checked_and_accepted(shelf, tmp_path):
    (tmp_path / "pairs.tsv").write_bytes(TABLES["pairs.tsv"])
    fetch_files(shelf.address, FILES, tmp_path, QUICK)
    assert not shelf.gets("pairs.tsv")


@pytest.mark.parametrize("content", [b"anna\t7\n", TABLES["pairs.tsv"].replace(b"8", b"9")])
def test_another_file_put_by_hand_is_named_and_left(shelf, tmp_path, content):
    (tmp_path / "pairs.tsv").write_bytes(content)
    with pytest.raises(FetchError, match="delete it to fetch it again"):
        fetch_files(shelf.address, FILES, tmp_path, QUICK)
    assert (tmp_path / "pairs.tsv").read_bytes() == content


def test_what_is_missing_is_known_before_it_is_fetched(shelf, tmp_path):
    (tmp_path / "pairs.tsv").write_bytes(TABLES["pairs.tsv"])
    (tmp_path / "titles.csv.part").write_bytes(b"item")
    expected = len(TABLES["titles.csv"]) - 4 + len(TABLES["views.txt"])
    assert missing_bytes(shelf.address, FILES, tmp_path) == expected
    assert not shelf.gets()


def test_a_disk_without_room_is_told_first(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(2**40, 2**40, SPARE_BYTES + 99))
    require_space(tmp_path / "not" / "there" / "yet", 99)
    require_space(tmp_path, 0)
    with pytest.raises(FetchError, match="make room"):
        require_space(tmp_path / "not" / "there" / "yet", 100)


def end_record(last_disk: int) -> bytes:
    return b"PK\x05\x06" + struct.pack("<HHHHIIH", last_disk, last_disk, 1, 1, 10, 10, 0)


@pytest.mark.parametrize(("last_disk", "parts"), [(0, []), (2, ["frames.z01", "frames.z02"])])
def test_a_split_archive_tells_its_own_parts(tmp_path, last_disk, parts):
    (tmp_path / "frames.zip").write_bytes(b"x" * 100_000 + end_record(last_disk))
    assert [part.path for part in split_parts(RemoteFile("frames.zip"), tmp_path)] == parts


@pytest.mark.parametrize("content", [b"", b"no archive", end_record(2)[:10]])
def test_what_is_no_archive_has_no_parts(tmp_path, content):
    (tmp_path / "frames.zip").write_bytes(content)
    with pytest.raises(FetchError, match="no zip archive"):
        split_parts(RemoteFile("frames.zip"), tmp_path)


def test_only_covers_of_items_leave_the_archive(tmp_path):
    members = {
        "some_covers/7.jpg": b"seven",
        "../../8.jpg": b"eight",
        "/etc/passwd": b"x",
        "..jpg": b"x",
        "a.jpg": b"x",
    }
    with zipfile.ZipFile(tmp_path / "some_covers.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert unpack_covers(tmp_path / "some_covers.zip") == 2
    assert names(tmp_path) == {"some_covers.zip", "some_covers"}
    covers = {path.name: path.read_bytes() for path in (tmp_path / "some_covers").iterdir()}
    assert covers == {"7.jpg": b"seven", "8.jpg": b"eight"}


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_archive_is_named(tmp_path, damage):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("7.jpg", b"seven" * 100)
    content = bytearray(buffer.getvalue())
    if damage == "cut":
        del content[-40:]
    else:
        content[60] ^= 255
    (tmp_path / "covers.zip").write_bytes(content)
    with pytest.raises(FetchError, match="cannot be unpacked"):
        unpack_covers(tmp_path / "covers.zip")
    assert not list(tmp_path.glob("covers/*"))


def test_ids_are_read_once_each(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("7 8\n\n10\n7\n")
    assert read_ids(path) == ("7", "8", "10")


@pytest.mark.parametrize("text", ["7\n../8\n", "7/../../8", "-1", "1.5", "007", "７", "1" * 10, "", "\n"])
def test_anything_but_ids_is_refused(tmp_path, text):
    path = tmp_path / "ids.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFormatError, match="ids.txt"):
        read_ids(path)


def test_a_list_that_is_not_there_or_no_text_is_named(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("absent", "binary"):
        with pytest.raises(DataFormatError, match=name):
            read_ids(tmp_path / name)


def test_the_most_watched_come_first_and_ties_by_id(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("a\t9 10 8\nb\t10 8\nc\t10 7\n")
    assert most_watched(path, 3) == ("10", "8", "7")
    assert most_watched(path, 99) == ("10", "8", "7", "9")
    path.write_text("a\t../../x\n")
    with pytest.raises(DataFormatError, match="item id"):
        most_watched(path, 1)
    path.write_text("<html>")
    with pytest.raises(DataFormatError, match="no line of the form"):
        most_watched(path, 1)


@pytest.mark.parametrize(
    "address", ["file:///etc/", "ftp://host/", "host/folder", "http://", "http://a b/", "http://h/?x", "http://[h/"]
)
def test_only_a_plain_web_address_is_taken(address):
    with pytest.raises(FetchError, match="--base-url"):
        check_address(address)


def test_an_address_ends_in_one_slash():
    assert check_address("http://host/folder") == check_address("http://host/folder//") == "http://host/folder/"


def test_a_wrong_content_type_or_cut_does_not_stop_the_next_file(shelf, tmp_path):
    shelf.always["pairs.tsv"] = Mishap(headers={"Content-Type": "text/html"})
    shelf.always["titles.csv"] = Mishap(cut_after=3)
    with pytest.raises(FetchError, match="2 of 3 files"):
        fetch_files(shelf.address, FILES, tmp_path, QUICK)
    assert names(tmp_path) == {"titles.csv.part", "titles.csv.part.tag", "views.txt"}


@pytest.mark.parametrize("name", ["MicroLens-50k_pairs.tsv", "MicroLens-50k_titles.csv"])
def test_what_is_known_of_the_published_files_is_true_of_them(name):
    path = MICROLENS / name
    if not path.exists():
        pytest.skip(f"{path} is not there: set MEALREC_MICROLENS_DIR")
    file = next(file for file in LAYOUTS["microlens-50k"].tables if file.path == name)
    assert (path.stat().st_size, sha256_of(path)) == (file.size, file.sha256)

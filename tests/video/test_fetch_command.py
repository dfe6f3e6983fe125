"""`python -m mealrec fetch` against a server with the official layout: tables, archives, and clips one by one."""

from __future__ import annotations

import hashlib
import shutil
import struct
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from mealrec.__main__ import main
from mealrec.data.catalogue import read_catalogue
from mealrec.data.fetching.download import Patience
from mealrec.data.fetching.layout import LAYOUTS, RemoteFile
from mealrec.errors import FetchError
from mealrec.video import fetch_clips as clips_module
from mealrec.video.fetch_clips import ClipFetcher, missing_clips
from mealrec.video.frames import sample_frames
from tests.loopback import Mishap, Shelf, serve
from tests.make_videos import truncate, write_video

QUICK = Patience(attempts=2, backoff_s=0.01, timeout_s=5.0)
TABLES = {
    "MicroLens-50k_pairs.csv": b"user,item,timestamp\n1,7,5\n1,8,6\n2,8,7\n",
    "MicroLens-50k_pairs.tsv": b"1\t7 8\n2\t8\n",
    "MicroLens-50k_titles.csv": b"item,title\n7,Rain\n8,Ramen\n",
    "MicroLens-50k_likes_and_views.txt": b"7\t1\t2\n",
}
VIDEOS = "MicroLens-50k_videos/"


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("videos")
    hevc = write_video(folder / "hevc.mp4", "libx265", 20, options={"x265-params": "log-level=none"})
    plain = write_video(folder / "plain.mp4", frames=20)
    return {
        "hevc": hevc.read_bytes(),
        "plain": plain.read_bytes(),
        "truncated": truncate(plain, folder / "cut.mp4", 0.6).read_bytes(),
    }


@pytest.fixture
def shelf(videos, monkeypatch):
    """The 50k layout with small tables, whose checksums the layout is told."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    known = tuple(RemoteFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in TABLES.items())
    monkeypatch.setitem(LAYOUTS, "microlens-50k", replace(LAYOUTS["microlens-50k"], tables=known))
    clips = {f"{VIDEOS}7.mp4": videos["hevc"], f"{VIDEOS}8.mp4": videos["plain"]}
    with serve(Shelf({**TABLES, **clips})) as shelf:
        yield shelf


def fetch(shelf, out: Path, *options: str, dataset: str = "microlens-50k") -> int:
    return main(["fetch", dataset, "--out", str(out), "--base-url", shelf.address, *options])


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_tables_and_the_most_watched_clip_make_a_catalogue(shelf, tmp_path, capsys):
    assert fetch(shelf, tmp_path, "--clips", "1") == 0
    assert files(tmp_path) == {*TABLES, "clips/8.mp4", "posters/8.webp"}
    assert read_catalogue(tmp_path).histories == {"1": ("7", "8"), "2": ("8",)}
    assert len(sample_frames(tmp_path / "clips" / "8.mp4").frames) == 5
    assert "1 of 1 clips" in capsys.readouterr().out


def test_a_wrong_checksum_ends_with_one_message_and_status_2(shelf, tmp_path, capsys):
    name = "MicroLens-50k_titles.csv"
    shelf.files[name] = TABLES[name].replace(b"Rain", b"Snow")
    assert fetch(shelf, tmp_path) == 2
    error = capsys.readouterr().err
    assert f"{shelf.address}{name}: the sha256 is" in error and str(tmp_path / name) in error
    assert files(tmp_path) == set(TABLES) - {name}


def test_no_room_is_told_before_anything_is_fetched(shelf, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(2**40, 2**40, 2**20))
    assert fetch(shelf, tmp_path, "--clips", "300") == 2
    assert "1.2 GiB" in capsys.readouterr().err
    assert not shelf.gets() and not files(tmp_path)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--features",), "published without --features; microlens-100k has them"),
        (("--frames",), "published without --frames"),
        (("--clips", "0"), "--clips must be 1 or more"),
        (("--clips", "absent.txt"), "absent.txt cannot be read"),
        (("--jobs", "0"), "--jobs must be 1 or more"),
    ],
)
def test_options_are_checked_before_anything_is_asked_for(shelf, tmp_path, capsys, options, named):
    assert fetch(shelf, tmp_path, *options) == 2
    assert named in capsys.readouterr().err
    assert not shelf.seen


def test_everything_of_the_larger_dataset(videos, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    layout, covers = LAYOUTS["microlens-100k"], BytesIO()
    with zipfile.ZipFile(covers, "w") as archive:
        archive.writestr("MicroLens-100k_covers/7.jpg", b"cover")
    frames = "MicroLens-100k_frames_interval_1_number_5"
    content = {file.path: file.path.encode() for file in layout.tables}
    content[layout.features.path] = b"npy"
    content[layout.covers.path] = covers.getvalue()
    content |= {f"{frames}.z01": b"one", f"{frames}.z02": b"two"}
    content[f"{frames}.zip"] = b"three" + b"PK\x05\x06" + struct.pack("<HHHHIIH", 2, 2, 1, 1, 10, 10, 0)
    with serve(Shelf({**content, f"{layout.clip_folder}/7.mp4": videos["plain"]})) as shelf:
        (tmp_path / "ids.txt").write_text("7\n")
        options = ("--covers", "--features", "--frames", "--clips", str(tmp_path / "ids.txt"))
        assert fetch(shelf, tmp_path / "out", *options, dataset="microlens-100k") == 0
    assert files(tmp_path / "out") == {
        *content,
        "MicroLens-100k_covers/7.jpg",
        "clips/7.mp4",
        "posters/7.webp",
    }
    assert "1 covers" in capsys.readouterr().out


def fetcher(shelf, out: Path, keep: bool = False) -> ClipFetcher:
    return ClipFetcher(shelf.address + VIDEOS, out, keep, QUICK)


def test_broken_clips_are_named_and_skipped_and_whole_ones_not_fetched_again(shelf, videos, tmp_path):
    shelf.files |= {f"{VIDEOS}9.mp4": videos["truncated"], f"{VIDEOS}10.mp4": b"not a video"}
    shelf.mishaps[f"{VIDEOS}7.mp4"] = [Mishap(cut_after=2000)]
    shelf.always[f"{VIDEOS}12.mp4"] = Mishap(cut_after=10)
    shelf.files[f"{VIDEOS}12.mp4"] = videos["plain"]
    failures = fetcher(shelf, tmp_path).fetch_all(("9", "10", "11", "12", "7"))
    assert list(failures) == ["9", "10", "11", "12"]
    assert "cut off" in failures["9"] and "is text" in failures["10"]
    assert f"{shelf.address}{VIDEOS}11.mp4" in failures["11"] and "connection ended" in failures["12"]
    assert shelf.gets(f"{VIDEOS}7.mp4")[1].range == "bytes=2000-"
    done = {name for name in files(tmp_path) if not name.startswith("originals/12.mp4.part")}
    assert done == {"clips/7.mp4", "posters/7.webp"}
    assert missing_clips(tmp_path, ("9", "7")) == ("9",)


def test_originals_stay_where_asked_and_those_put_by_hand_are_used(shelf, videos, tmp_path):
    (tmp_path / "originals").mkdir()
    (tmp_path / "originals" / "9.mp4").write_bytes(videos["hevc"])
    assert not fetcher(shelf, tmp_path).fetch_all(("9",))
    assert not shelf.seen
    assert not fetcher(shelf, tmp_path, keep=True).fetch_all(("8",), jobs=1)
    assert (tmp_path / "originals" / "8.mp4").read_bytes() == videos["plain"]
    assert {"originals/9.mp4", "clips/9.mp4", "clips/8.mp4"} <= files(tmp_path)


def test_a_folder_without_clips_is_given_up_with_its_address(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(clips_module, "DEAD_AFTER", 3)
    with pytest.raises(FetchError) as error:
        fetcher(shelf, tmp_path).fetch_all([str(item) for item in range(100, 200)])
    message = str(error.value)
    assert f"{shelf.address}{VIDEOS}" in message and "3 clips in a row" in message
    assert str(tmp_path / "originals" / "<id>.mp4") in message
    assert len(shelf.gets()) == 3
    assert not files(tmp_path)


def test_a_server_that_stops_answering_stops_the_run(shelf, tmp_path):
    shelf.always[f"{VIDEOS}7.mp4"] = Mishap(503)
    shelf.always[f"{VIDEOS}8.mp4"] = Mishap(503)
    with pytest.raises(FetchError, match="by hand"):
        fetcher(shelf, tmp_path).fetch_all(("7", "8"), jobs=1)
    assert not files(tmp_path)

"""The folder of uploads: what is in it goes, and nothing outside of it is touched."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from app.session.service import Progress
from app.uploads.folder import discard, is_uploaded, trim
from mealrec.errors import VideoError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    (tmp_path / "letter.txt").write_text("dear")
    return tmp_path / "uploads"


def put(folder: Path, name: str, age_s: float = 0.0, size: int = 10) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_discarded_file_leaves_no_folder_behind(folder):
    discard(put(folder, "hash/clip.mp4"))
    assert not left(folder)


def test_a_file_beside_it_stays(folder):
    put(folder, "hash/other.mp4")
    discard(put(folder, "hash/clip.mp4"))
    assert left(folder) == ["hash", "hash/other.mp4"]


@pytest.mark.parametrize("path", ["../letter.txt", "hash/../../letter.txt", "link", "", "\0", "x" * 10**6, "x" * 300])
def test_nothing_outside_is_an_upload(folder, tmp_path, path):
    (folder / "link").symlink_to(tmp_path / "letter.txt")
    named = f"{folder}/{path}"
    assert not is_uploaded(named)
    discard(named)
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_unused_files_and_parts_of_uploads_broken_off_go_in_time(folder):
    put(folder, "a/fresh.mp4", age_s=50)
    put(folder, "b/unused.mp4", age_s=150)
    put(folder, "tmpfresh", age_s=5)
    put(folder, "tmpbroken", age_s=50)
    trim(unused_s=100, broken_off_s=20)
    assert left(folder) == ["a", "a/fresh.mp4", "tmpfresh"]


def test_beyond_the_bound_the_oldest_go_first(folder):
    for age_s in (30, 20, 10):
        put(folder, f"{age_s}/clip.mp4", age_s, size=1000)
    trim(max_bytes=2000)
    assert left(folder) == ["10", "10/clip.mp4", "20", "20/clip.mp4"]


@pytest.mark.parametrize("content", [b"\0\0\0\x18ftypmp42", b"no video"])
def test_an_upload_is_deleted_once_it_is_encoded_or_refused(folder, service, content):
    path = put(folder, "hash/clip.mp4")
    path.write_bytes(content)
    try:
        assert not isinstance(list(service.encode(path))[-1], Progress)
    except VideoError:
        assert content == b"no video"
    assert not left(folder)


def test_a_file_that_is_no_upload_is_encoded_and_stays(folder, service, tmp_path):
    path = tmp_path / "example.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42")
    list(service.encode(path))
    assert path.is_file()

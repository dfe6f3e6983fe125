"""decord decodes plain clips, and hands over whatever it could show otherwise than a player."""

from __future__ import annotations

import math
import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from mealrec.video import worker
from mealrec.video.frames import sample_frames
from mealrec.video.limits import DecodeLimits
from mealrec.video.plain import plain_frames
from mealrec.video.probe import check_file
from mealrec.video.tracks import read_timetable
from tests.make_videos import read_number, set_matrix, write_tracks, write_video

LIMITS = DecodeLimits(cpu_s=math.inf)  # the process is that of all tests
FRAMES = np.array([10, 30, 50])
HAS_WHEELS = sys.platform == "win32" or (sys.platform == "linux" and platform.machine() == "x86_64")
needs_decord = pytest.mark.skipif(not HAS_WHEELS, reason="decord has no wheels for this machine")


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return write_video(tmp_path_factory.mktemp("plain") / "plain.mp4")


def by_decord(path: Path) -> np.ndarray | None:
    demuxer = check_file(path, LIMITS)
    return plain_frames(str(path), demuxer, read_timetable(str(path), demuxer, LIMITS), FRAMES, LIMITS)


@needs_decord
def test_a_plain_clip_is_decoded_by_decord_and_shows_what_pyav_shows(plain, in_this_process, monkeypatch):
    assert [read_number(frame) for frame in by_decord(plain)] == FRAMES.tolist()
    ours = sample_frames(plain)
    monkeypatch.setattr(worker, "plain_frames", lambda *_: None)
    theirs = sample_frames(plain)
    assert np.abs(ours.frames.astype(int) - theirs.frames).max() <= 2
    assert (ours.width, ours.height, ours.duration_s) == (theirs.width, theirs.height, theirs.duration_s)


@needs_decord
def test_it_is_scaled_as_pyav_scales(plain, in_this_process, monkeypatch):
    ours = sample_frames(plain, max_height=100)
    monkeypatch.setattr(worker, "plain_frames", lambda *_: None)
    theirs = sample_frames(plain, max_height=100)
    assert ours.frames.shape == theirs.frames.shape == (5, 100, 57, 3)
    assert np.abs(ours.frames.astype(int) - theirs.frames).mean() < 3


def test_what_is_turned_has_two_tracks_or_another_codec_is_left_to_pyav(plain, tmp_path):
    mirrored = set_matrix(plain, tmp_path / "mirrored.mp4", (-1, 0, 0, 1))
    size = (64, 112)
    tracks = write_tracks(tmp_path / "tracks.mp4", ("libx264", 1, 60, size), ("libx264", 0, 60, size))
    other = write_video(tmp_path / "mpeg4.mp4", "mpeg4")
    assert [by_decord(path) for path in (mirrored, tracks, other)] == [None, None, None]


def test_what_decord_patches_up_is_left_to_pyav(plain, tmp_path):
    """Only FFmpeg's words tell that it has: the pictures come as if nothing were wrong."""
    data = bytearray(plain.read_bytes())
    start = data.index(b"mdat")
    middle = start + (len(data) - start) // 2
    data[middle : middle + 400] = bytes(400)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    assert by_decord(damaged) is None


def test_without_decord_pyav_decodes_all(plain, in_this_process, monkeypatch):
    monkeypatch.setitem(sys.modules, "decord", None)
    assert by_decord(plain) is None
    assert [read_number(frame) for frame in sample_frames(plain).frames] == [10, 20, 30, 40, 50]

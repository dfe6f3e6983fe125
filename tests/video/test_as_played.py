"""What the model sees is what a player shows: orientation, track, order and times, whatever the container says."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mealrec.errors import VideoError
from mealrec.video import decoding, limits, probe
from mealrec.video.decoding import Shown
from mealrec.video.frames import sample_frames
from mealrec.video.limits import DecodeLimits
from mealrec.video.orientation import Orientation, orientation
from tests.make_videos import (
    B_FRAMES,
    CAMCORDER,
    ENCRYPTED,
    blank,
    cut_start,
    picture,
    read_number,
    scramble,
    set_matrix,
    without_brand,
    write_tracks,
    write_video,
)

pytestmark = pytest.mark.usefixtures("in_this_process")
PLAIN = [10, 20, 30, 40, 50]
QUIET_HEVC = {"x265-params": "log-level=none"}
SMALL, LARGE = (64, 112), (128, 224)
SHOWN = {  # (a, b, c, d) to what it does to the stored picture
    (1, 0, 0, 1): lambda p: p,
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (-1, 0, 0, -1): lambda p: np.rot90(p, 2),
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),
    (0, -1, 1, 0): np.rot90,
    (0, 1, 1, 0): lambda p: p.swapaxes(0, 1),
    (0, -1, -1, 0): lambda p: np.rot90(p, 2).swapaxes(0, 1),
    (0, 0, 0, 0): lambda p: p,
}


def numbers(path: Path, **settings) -> list[int]:
    return [read_number(frame) for frame in sample_frames(path, **settings).frames]


def refusal(path: Path) -> str:
    with pytest.raises(VideoError) as error:
        sample_frames(path)
    return str(error.value)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    """Return a folder with one short video a container and codec."""
    folder = tmp_path_factory.mktemp("sources")
    write_video(folder / "h264.mp4", frames=5)
    write_video(folder / "hevc.mov", "libx265", 5, options=QUIET_HEVC)
    write_video(folder / "long.mp4")
    write_video(folder / "long.ts", container="mpegts")
    return folder


@pytest.mark.parametrize("matrix", SHOWN)
def test_every_display_matrix_is_followed_in_every_container(sources, tmp_path, matrix):
    paths = [set_matrix(sources / name, tmp_path / name, matrix) for name in ("h264.mp4", "hevc.mov")]
    if any(matrix):
        paths.append(write_video(tmp_path / "posed.mkv", frames=5, matrix=matrix))
    for path in paths:
        sampled, expected = sample_frames(path), SHOWN[matrix](picture(2)).astype(int)
        assert sampled.frames[2].shape == expected.shape == (sampled.height, sampled.width, 3)
        assert np.abs(sampled.frames[2] - expected).mean() < 12, path.name


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((64880, 9000, -9000, 64880), Orientation()),
        ((-9000, 64880, -64880, -9000), Orientation(transposed=True, mirrored=True)),
        ((2 << 16, 0, 0, 1 << 16), Orientation()),
        ((1 << 16, 0, 0, 0), Orientation()),
        ((46341, 46341, -46341, 46341), Orientation()),
    ],
)
def test_an_odd_matrix_means_the_nearest_orientation_or_none(matrix, expected):
    assert orientation(matrix) == expected


def test_pixels_that_are_not_square_are_stretched_and_scaled_in_proportion(tmp_path):
    path = write_video(tmp_path / "wide.mp4", frames=5, aspect=Fraction(2))
    assert sample_frames(path).frames.shape == (5, 224, 256, 3)
    small = sample_frames(path, max_height=56)
    assert small.frames.shape == (5, 56, 64, 3) and (small.width, small.height) == (256, 224)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_the_first_enabled_track_is_played(tmp_path, ending):
    first = write_tracks(tmp_path / f"first.{ending}", ("libx264", 1, 60, SMALL), ("libx264", 0, 60, LARGE))
    second = write_tracks(tmp_path / f"second.{ending}", ("libx264", 0, 60, LARGE), ("libx264", 1, 60, SMALL))
    assert numbers(first) == PLAIN
    assert numbers(second) == [64 + number for number in PLAIN]


def test_a_cover_or_a_preview_is_no_track(tmp_path):
    cover, preview = 1024, 1  # as an attached picture, and as a track of one frame
    for disposition in (cover, preview):
        tracks = ("mjpeg", disposition, 1, LARGE), ("libx264", 1, 20, LARGE)
        assert numbers(write_tracks(tmp_path / f"{disposition}.mp4", *tracks)) == [66, 70, 74, 78, 82]


@pytest.mark.parametrize(("codec", "options"), [("libx264", B_FRAMES), ("mpeg4", {"bf": "2"})])
def test_avi_shows_b_frames_in_their_order(tmp_path, codec, options):
    path = write_video(tmp_path / "b.avi", codec, 30, options=options)
    assert numbers(path, num_frames=20, interval_s=0.1) == list(range(5, 25))


def test_frames_are_counted_whatever_rate_the_header_states(tmp_path):
    fast = {"cpu-used": "8", "deadline": "realtime"}
    times = [0.1 * number for number in range(60)]
    path = write_video(tmp_path / "rate.webm", "libvpx-vp9", rate=1000, times=times, options=fast)
    assert sample_frames(path).duration_s == pytest.approx(6.0) and numbers(path) == PLAIN


def test_containers_that_do_not_name_themselves_are_known(sources, tmp_path):
    older = without_brand(write_video(tmp_path / "new.mov"), tmp_path / "older.mov")
    camcorder = write_video(tmp_path / "plain.mts", container="mpegts", container_options=CAMCORDER)
    cut = [cut_start(path, tmp_path / f"cut{path.suffix}", 77) for path in (camcorder, sources / "long.ts")]
    for path in (older, camcorder, *cut):
        assert numbers(path) == PLAIN, path.name


@pytest.mark.parametrize("refresh", ["intra-refresh=1:keyint=10", "open-gop=1:bframes=3:b-adapt=0"])
def test_a_seek_lands_before_what_it_needs(tmp_path, refresh):
    path = write_video(tmp_path / "refresh.mp4", options={"x264-params": refresh})
    assert numbers(path) == PLAIN


def test_what_lies_between_moments_is_not_decoded(tmp_path, monkeypatch):
    counted = []
    monkeypatch.setattr(decoding, "Shown", lambda *values: counted.append(values) or Shown(*values))
    path = write_video(tmp_path / "long.mp4", frames=400, size=(32, 32), times=[0.05 * n for n in range(400)])
    sample_frames(path, interval_s=4.0)
    assert len(counted) <= 5 * 12


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(8), "PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(8), "JPEG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"\0\0\0\x1cftypheic", "HEIC"),
        (b"\0\0\0\x1cftypmif1", "HEIC"),
        (b"II*\0" + bytes(8), "TIFF"),
        (b"BM\0\1\0\0" + bytes(8), "BMP"),
    ],
)
def test_a_still_is_refused_as_a_picture(tmp_path, head, kind):
    path = tmp_path / "clip.mp4"
    path.write_bytes(head)
    assert refusal(path).startswith(f"clip.mp4 is a picture ({kind}), not a video: choose a clip that moves")


def test_a_still_in_a_moving_containers_clothes_is_refused_too(tmp_path):
    still = write_video(tmp_path / "still.avif", "libsvtav1", 1, options={"preset": "12"})
    content = still.read_bytes().replace(b"avif", b"isom", 1)
    (tmp_path / "still.mp4").write_bytes(content)
    assert "picture, not a video" in refusal(tmp_path / "still.mp4")
    assert "picture, not a video" in refusal(write_video(tmp_path / "one.gif", "gif", 1, pixel_format="rgb8"))


def test_an_encrypted_video_is_refused_by_name(sources, tmp_path):
    cenc = write_video(tmp_path / "cenc.mp4", frames=10, container_options=ENCRYPTED)
    assert "This video is encrypted (CENC)" in refusal(cenc)
    assert "encrypted (a scrambled broadcast)" in refusal(scramble(sources / "long.ts", tmp_path / "scrambled.ts"))
    tracks = probe.EBML + bytes(200) + b"\x6d\x80\xa2\x62\x40\x9f\x50\x31\x81\x00\x50\x33\x81\x01\x50\x35\x90"
    assert probe.encryption_of(tracks, "matroska") == "CENC"


def test_a_moment_without_an_undamaged_frame_nearby_is_not_shown_as_seen(sources, tmp_path):
    damaged = blank(sources / "long.mp4", tmp_path / "blank.mp4", 0.6, 0.8)
    assert "only 4 of 5 moments can be seen as they are" in refusal(damaged)
    assert numbers(damaged, num_frames=2, interval_s=3.0)[0] == 15
    assert "Nothing of the video can be decoded" in refusal(blank(sources / "long.mp4", tmp_path / "all.mp4", 0.3, 1.0))


def test_a_frame_held_for_long_is_told_from_one_before_a_hole(tmp_path):
    held = write_video(tmp_path / "held.mkv", frames=32, times=[*(0.1 * n for n in range(30)), 9.0, 9.1])
    assert numbers(held) == [26, 29, 29, 29, 29]
    torn = blank(write_video(tmp_path / "whole.mkv"), tmp_path / "torn.mkv", 0.45, 0.55)
    assert "only 4 of 5 moments can be seen as they are" in refusal(torn)


def test_no_limits_are_set_where_the_system_knows_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    limits.confine(DecodeLimits())


def test_processor_time_is_the_limit_and_the_advice_makes_a_smaller_file():
    with pytest.raises(VideoError, match=r'over 0 s of processor time: .* "ffmpeg -i IN -vf scale=-2:720 -r 30 OUT'):
        limits.check_time(DecodeLimits(cpu_s=0.0))

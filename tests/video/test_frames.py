"""Which frames are taken from a good video, whatever its container, codec, clock or orientation."""

import os
from pathlib import Path

import numpy as np
import pytest

from mealrec.video.frames import sample_frames
from mealrec.video.worker import sampling_times
from tests.make_videos import (
    VARIABLE_TIMES,
    cut_by_edit_list,
    is_upright,
    read_number,
    write_video,
)

pytestmark = pytest.mark.usefixtures("in_this_process")
PLAIN = [10, 20, 30, 40, 50]  # 60 frames, 10 a second: 1, 2, 3, 4, 5 s are shown by these
KINDS = {
    "h264.mp4": {},
    "open-gop.mp4": {"options": {"x264-params": "open-gop=1:bframes=3:b-adapt=0"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "12", "crf": "20"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime"}},
    "h264.mkv": {},
    "mpeg4.avi": {"codec": "mpeg4"},
    "h264.ts": {"container": "mpegts"},
    "picture.gif": {"codec": "gif", "pixel_format": "rgb8"},
}


def numbers(path: Path, **settings) -> list[int]:
    return [read_number(frame) for frame in sample_frames(path, **settings).frames]


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return write_video(tmp_path_factory.mktemp("plain") / "plain.mp4")


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="scheduling policies are told on Linux alone")
def test_no_encoder_changes_how_the_tests_are_scheduled(tmp_path):
    write_video(tmp_path / "av1.mp4", **KINDS["av1.mp4"])
    assert {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")} == {os.SCHED_OTHER}


def test_sampling_times_stand_around_the_centre():
    assert np.allclose(sampling_times(20.0, 5, 1.0), [8, 9, 10, 11, 12])


def test_a_short_clip_is_spread_evenly():
    assert np.allclose(sampling_times(2.0, 5, 1.0), [0.2, 0.6, 1.0, 1.4, 1.8])
    assert np.allclose(sampling_times(5.0, 5, 1.0), [0.5, 1.5, 2.5, 3.5, 4.5])


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_gives_the_frames_on_screen(tmp_path, name):
    sampled = sample_frames(write_video(tmp_path / name, **KINDS[name]))
    assert [read_number(frame) for frame in sampled.frames] == PLAIN
    assert all(is_upright(frame) for frame in sampled.frames)
    assert np.allclose(sampled.times_s, [1, 2, 3, 4, 5])
    assert sampled.duration_s == pytest.approx(6.0)
    assert (sampled.width, sampled.height) == (128, 224)


@pytest.mark.parametrize("name", ["open-gop.mp4", "hevc.mp4", "h264.ts"])
def test_frames_between_keyframes_are_exact(tmp_path, name):
    path = write_video(tmp_path / name, **KINDS[name])
    times = sampling_times(6.0, 20, 0.13)
    assert numbers(path, num_frames=20, interval_s=0.13) == [int(10 * time + 1e-3) for time in times]


def test_a_variable_rate_is_read_by_the_clock(tmp_path):
    path = write_video(tmp_path / "variable.mp4", times=VARIABLE_TIMES)
    sampled = sample_frames(path)
    shown = [max(i for i, start in enumerate(VARIABLE_TIMES) if start <= time + 1e-6) for time in sampled.times_s]
    assert [read_number(frame) for frame in sampled.frames] == shown == [19, 39, 44, 49, 54]


def test_what_an_edit_list_hides_is_never_shown(plain, tmp_path):
    sampled = sample_frames(cut_by_edit_list(plain, tmp_path / "cut.mp4", 2.0))
    assert sampled.duration_s == pytest.approx(4.0)
    assert [read_number(frame) for frame in sampled.frames] == [24, 32, 40, 48, 56]


def test_one_frame_is_repeated(tmp_path):
    sampled = sample_frames(write_video(tmp_path / "one.mp4", frames=1))
    assert [read_number(frame) for frame in sampled.frames] == [0] * 5


def test_number_interval_and_height_are_settings(plain):
    sampled = sample_frames(plain, num_frames=3, interval_s=0.5, max_height=112)
    assert sampled.frames.shape == (3, 112, 64, 3)
    assert (sampled.width, sampled.height) == (128, 224)
    assert [read_number(frame) for frame in sampled.frames] == [25, 30, 35]


def test_the_name_says_nothing(plain, tmp_path):
    renamed = tmp_path / "notes.txt"
    renamed.write_bytes(plain.read_bytes())
    assert numbers(renamed) == PLAIN

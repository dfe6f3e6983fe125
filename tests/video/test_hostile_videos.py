"""Files that are no usable video: each gives its one sentence, in time, and leaves the next request unharmed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from mealrec.errors import VideoError
from mealrec.video.frames import sample_frames
from mealrec.video.limits import DecodeLimits
from tests.make_videos import read_number, truncate, write_pixel_bomb, write_sound, write_text, write_video


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return write_video(tmp_path_factory.mktemp("plain") / "plain.mp4")


def reason(path: Path, **limits) -> str:
    with pytest.raises(VideoError) as error:
        sample_frames(path, limits=DecodeLimits(**limits))
    message = str(error.value)
    assert path.name in message
    assert message.endswith(".") and "\n" not in message and len(message) < 200
    return message


def test_missing(tmp_path):
    assert "no file" in reason(tmp_path / "nowhere.mp4")


def test_empty(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "is empty" in reason(path)


@pytest.mark.parametrize(
    "content", ["#EXTM3U\n#EXTINF:1,\n{video}\n", "ffconcat version 1.0\nfile '{video}'\n", "hello"]
)
def test_text_and_playlists_are_refused_before_any_decoder(plain, tmp_path, content):
    path = write_text(tmp_path / "playlist.mp4", content.format(video=plain))
    assert "is text" in reason(path)


def test_a_playlist_behind_a_forged_brand_opens_nothing(plain, tmp_path):
    path = write_text(tmp_path / "forged.mp4", f"#EXTftyp#EXTM3U\n#EXTINF:1,\n{plain}\n")
    assert "text" in reason(path)


def test_noise_is_no_video(tmp_path):
    path = tmp_path / "noise.mp4"
    path.write_bytes(b"\x89\r\n\x1a\n" + bytes(range(256)) * 8)
    assert "no kind of video" in reason(path)


def test_sound_only(tmp_path):
    assert "no picture" in reason(write_sound(tmp_path / "sound.mp4"))


def test_pixel_bomb(tmp_path):
    start = time.monotonic()
    path = write_pixel_bomb(tmp_path / "bomb.mp4")
    assert path.stat().st_size < 2**20
    assert "16000 x 16000" in reason(path)
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("share", [0.02, 0.1, 0.15])
def test_a_file_cut_before_its_frames_is_refused(plain, tmp_path, share):
    assert "damaged or cut off" in reason(truncate(plain, tmp_path / "cut.mp4", share))


@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
def test_a_file_cut_among_its_frames_gives_what_is_left(plain, tmp_path, share):
    sampled = sample_frames(truncate(plain, tmp_path / "cut.mp4", share))
    shown = [read_number(frame) for frame in sampled.frames]
    assert sampled.duration_s < 6
    assert shown == sorted(shown) and len(set(shown)) == 5
    # a frame whose packet is lost shows a near neighbour
    assert all(abs(number - 10 * time) <= 4 for number, time in zip(shown, sampled.times_s, strict=True))


def test_too_many_bytes(plain):
    assert "limit is 0 MiB" in reason(plain, max_bytes=1000)


def test_too_long(plain):
    assert "minutes long" in reason(plain, max_duration_s=3.0)


def test_too_much_processor_time(plain):
    assert 'over 0.01 s of processor time: make it smaller, for example by "ffmpeg' in reason(plain, cpu_s=0.01)


def test_too_slow(plain):
    start = time.monotonic()
    assert "took longer than 0.01 s" in reason(plain, timeout_s=0.01)
    assert time.monotonic() - start < 5


def test_too_much_memory_ends_the_worker_only(plain):
    assert reason(plain, max_memory_bytes=60 * 2**20)
    assert len(sample_frames(plain).frames) == 5


def test_random_damage_never_escapes_as_another_error(plain, tmp_path):
    import numpy as np

    rng = np.random.default_rng(0)
    content = np.frombuffer(plain.read_bytes(), np.uint8)
    for attempt in range(6):
        damaged = content.copy()
        at = rng.integers(32, len(damaged), 40)
        damaged[at] = rng.integers(0, 256, 40)
        path = tmp_path / f"damaged{attempt}.mp4"
        path.write_bytes(damaged.tobytes())
        try:
            assert sample_frames(path).frames.shape[0] == 5
        except VideoError as error:
            assert path.name in str(error)


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("frames", ("torch", "av", "decord")),
        ("fetch_clips", ("torch", "av", "decord")),
        ("worker", ("torch",)),
        ("transcoding", ("torch",)),
    ],
)
def test_no_module_needs_torch_and_only_the_workers_a_decoder(module, absent):
    code = f"import sys, mealrec.video.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(absent) & set(loaded.stdout.split())

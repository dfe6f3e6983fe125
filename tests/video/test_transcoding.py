"""Any clip to H.264 of at most 480p with a poster: the same frames at the same times, or one clear refusal."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import Image

from mealrec.errors import VideoError
from mealrec.video.frames import sample_frames, transcode_clip
from mealrec.video.limits import DecodeLimits
from mealrec.video.transcoding import target_size
from tests.make_videos import (
    VARIABLE_TIMES,
    is_upright,
    read_number,
    rotate_header,
    truncate,
    write_sound,
    write_text,
    write_video,
)

HEVC = {"x265-params": "log-level=none"}


def transcode(source: Path, limits: DecodeLimits | None = None) -> tuple[Path, Path]:
    clip, poster = source.parent / "clips" / "1.mp4", source.parent / "posters" / "1.webp"
    transcode_clip(source, clip, poster, limits or DecodeLimits())
    return clip, poster


def test_hevc_becomes_what_a_browser_plays_frame_by_frame(tmp_path):
    source = write_video(tmp_path / "hevc.mp4", "libx265", 40, options=HEVC)
    clip, poster = transcode(source)
    with av.open(str(clip)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        shown = [(round(float(frame.pts * stream.time_base), 3), frame) for frame in container.decode(stream)]
    assert [time for time, _ in shown] == [number / 10 for number in range(40)]
    assert [read_number(frame.to_ndarray(format="rgb24")) for _, frame in shown] == list(range(40))
    content = clip.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # plays before all of it is there
    with Image.open(poster) as still:
        assert still.format == "WEBP" and still.size == (128, 224)
    assert not list(tmp_path.rglob("*.part"))
    assert [read_number(frame) for frame in sample_frames(clip, num_frames=3).frames] == [
        read_number(frame) for frame in sample_frames(source, num_frames=3).frames
    ]


def test_a_large_clip_is_scaled_down_and_a_turned_one_stands_upright(tmp_path):
    plain = write_video(tmp_path / "plain.mp4", frames=3, size=(1280, 720))
    clip, poster = transcode(rotate_header(plain, tmp_path / "turned.mp4", 1))
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (480, 854, 0)
    with Image.open(poster) as still:
        assert still.size == (480, 854)


def test_upright_pixels_stay_upright(tmp_path):
    clip, _ = transcode(write_video(tmp_path / "times.mp4", times=VARIABLE_TIMES))
    with av.open(str(clip)) as container:
        times = []
        for frame in container.decode(video=0):
            times.append(float(frame.pts * frame.time_base))
            assert is_upright(frame.to_ndarray(format="rgb24"))
    assert times == pytest.approx(VARIABLE_TIMES, abs=1e-3)


@pytest.mark.parametrize(
    ("size", "target"),
    [
        ((1280, 720), (854, 480)),
        ((720, 1280), (480, 854)),
        ((320, 240), (320, 240)),
        ((321, 241), (320, 240)),
        ((4096, 16), (1280, 4)),
        ((1, 1), (2, 2)),
    ],
)
def test_sizes_are_even_within_480p_and_never_scaled_up(size, target):
    assert target_size(*size) == target


def refusal(source: Path, limits: DecodeLimits | None = None) -> str:
    with pytest.raises(VideoError) as error:
        transcode(source, limits)
    assert source.name in str(error.value)
    assert not [path for path in source.parent.rglob("*") if path.is_file() and path.parent != source.parent]
    return str(error.value)


def test_a_cut_off_clip_is_refused(tmp_path):
    plain = write_video(tmp_path / "plain.mp4")
    assert "cut off: " in refusal(truncate(plain, tmp_path / "half.mp4", 0.6))
    assert "damaged" in refusal(truncate(plain, tmp_path / "head.mp4", 0.05))


def test_what_is_no_video_is_refused_before_any_decoder(tmp_path):
    assert "is text" in refusal(write_text(tmp_path / "playlist.mp4", "#EXTM3U\n#EXTINF:1,\nplain.mp4\n"))


def test_sound_alone_is_no_clip(tmp_path):
    assert "no picture" in refusal(write_sound(tmp_path / "sound.mp4"))


def test_damage_inside_is_refused_when_frames_are_lost(tmp_path):
    content = bytearray(write_video(tmp_path / "plain.mp4").read_bytes())
    start = content.index(b"mdat") + 4
    content[start + 1000 :] = bytes(len(content) - start - 1000)
    (tmp_path / "plain.mp4").write_bytes(content)
    assert "damaged" in refusal(tmp_path / "plain.mp4")


@pytest.mark.parametrize("limits", [{"timeout_s": 0.01}, {"max_memory_bytes": 60 * 2**20}])
def test_limits_end_the_process_and_leave_nothing(tmp_path, limits):
    refusal(write_video(tmp_path / "plain.mp4", frames=5), DecodeLimits(**limits))

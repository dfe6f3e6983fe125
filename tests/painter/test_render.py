"""Rendered files: one clip there and back."""

from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

from assets.painter.clips import FPS, Grade, plan_clips
from assets.painter.render import ClipPainter, fingerprint, grade_matrix, render_clip, render_poster


@pytest.fixture(scope="module")
def plan():
    return plan_clips(3, seed=5)[1]


@pytest.fixture(scope="module")
def clip(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "2.mp4"
    render_clip(plan, path)
    return path


def test_clip_is_h264_of_the_planned_size_and_length(plan, clip):
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height, stream.pix_fmt) == (256, 448, "yuv420p")
        assert stream.average_rate == FPS
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        duration_s = container.duration / av.time_base
    assert len(frames) == plan.num_frames
    assert duration_s == pytest.approx(plan.num_frames / FPS, abs=0.05)
    painted = ClipPainter(plan).frame(10).astype(int)
    assert np.abs(frames[10].astype(int) - painted).mean() < 12
    assert 10_000 < clip.stat().st_size < 400_000


def test_index_stands_before_the_pictures(clip):
    content = clip.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_rendering_again_gives_the_same_bytes(plan, clip, tmp_path):
    render_clip(plan, tmp_path / "again.mp4")
    assert (tmp_path / "again.mp4").read_bytes() == clip.read_bytes()


def test_fingerprint_tells_this_plan_from_others(plan):
    assert fingerprint(plan) == fingerprint(replace(plan, title="another"))
    assert fingerprint(plan) != fingerprint(replace(plan, shots=plan.shots[::-1]))


def test_poster_is_a_small_webp(plan, tmp_path):
    render_poster(plan, tmp_path / "2.webp")
    with Image.open(tmp_path / "2.webp") as poster:
        assert poster.format == "WEBP" and poster.size == (256, 448)
    assert (tmp_path / "2.webp").stat().st_size < 60_000


def test_a_neutral_grade_changes_nothing_and_hue_keeps_grey():
    identity = np.hstack([np.eye(4), np.zeros((4, 1))])
    assert np.allclose(np.reshape(grade_matrix(Grade(0, 1, 0, 1)), (4, 5)), identity)
    turned = np.reshape(grade_matrix(Grade(25, 0.8, 0, 1)), (4, 5))
    assert np.allclose(turned[:3, :3] @ np.full(3, 0.4), 0.4)

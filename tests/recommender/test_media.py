"""Media are looked up for the catalogue's ids only."""

import numpy as np
import pytest

from mealrec.bundle.manifest import MediaFolder
from mealrec.bundle.media import scaled_down
from mealrec.video.probe import plays_in_browsers, video_codecs
from tests.make_videos import read_number
from tests.recommender.tiny_bundle import FRAMES


def test_paths(recommender, project):
    assert recommender.media.clip_path("i1") == project / "media" / "clips" / "i1.mp4"
    assert recommender.media.clip_path("i3") is None, "the item has no clip"
    assert recommender.media.poster_path("i1") is None
    assert recommender.media.clip_path("stranger") is None, "the file is there, the item is not"
    assert recommender.media.clip_path("../clips/i1") is None


def test_frames_are_those_that_were_sampled(recommender):
    frames = recommender.media.frame_thumbnails("i1")
    assert len(frames) == FRAMES and all(frame.dtype == np.uint8 for frame in frames)
    assert [read_number(frame) for frame in frames] == [10, 20, 30, 40, 50]
    assert recommender.media.frame_thumbnails("i1")[0] is frames[0], "decoded once"


def test_no_frames_where_there_is_no_readable_clip(recommender):
    assert recommender.media.frame_thumbnails("i2") == []
    assert recommender.media.frame_thumbnails("i3") == []


def test_only_h264_av1_and_vp9_play(project, tmp_path):
    clip = (project / "media" / "clips" / "i1.mp4").read_bytes()
    for name, data in {
        "hevc": clip.replace(b"avc1", b"hvc1"),
        "cut": clip[:200],
        "text": b"#EXTM3U",
        "empty": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
        assert not plays_in_browsers(tmp_path / name), name
    assert video_codecs(tmp_path / "hevc") == {b"hvc1"}
    assert plays_in_browsers(project / "media" / "clips" / "i1.mp4")


@pytest.mark.parametrize("item_id", ["../secret", ".hidden", "a/b", ""])
def test_an_odd_id_names_no_file(tmp_path, item_id):
    (tmp_path / "clips").mkdir()
    (tmp_path / "secret.mp4").write_bytes(b"x")
    assert MediaFolder(tmp_path, [item_id]).clip_path(item_id) is None


def test_small_frames_are_not_blown_up():
    assert scaled_down(np.zeros((1, 40, 20, 3), np.uint8), 224)[0].shape == (40, 20, 3)

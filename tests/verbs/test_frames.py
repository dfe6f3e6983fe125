"""The verb that shows what the model sees of a video: the same numbers as the page, and the pictures themselves."""

import json

import numpy as np
import pytest
from PIL import Image

from mealrec.__main__ import main
from mealrec.features.text import TextEncoder
from tests.make_videos import read_number
from tests.recommender.test_uploads import CLIP, StubText


@pytest.fixture(autouse=True)
def stub_text(monkeypatch):
    monkeypatch.setattr(TextEncoder, "from_pretrained", lambda name, device: StubText())


def test_moments_are_written_and_named_as_the_page_names_them(project, recommender, tmp_path, capsys):
    clip, upload = project / CLIP, recommender.encode_upload(project / CLIP)
    assert main(["frames", str(clip), "--bundle", str(project / "tiny"), "--out", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    pictures = [np.asarray(Image.open(path)) for path in told.pop("files")]
    assert [read_number(picture) for picture in pictures] == [round(10 * time) for time in told["times_s"]]
    assert sorted(path.name for path in tmp_path.iterdir())[0] == "1-at-1.00s.png"
    assert told | {"upload_id": ""} == upload.to_dict() | {"upload_id": ""}


def test_the_table_says_when_and_what_is_near(project, recommender, capsys):
    assert main(["frames", str(project / CLIP), "--bundle", str(project / "tiny")]) == 0
    table = capsys.readouterr().out
    nearest = recommender.encode_upload(project / CLIP).nearest[0]
    assert "1.00 s" in table and f"{nearest.score:.1%}" in table and nearest.item_id in table


def test_a_file_that_is_no_video_gets_its_sentence(project, capsys):
    assert main(["frames", str(project / "media/clips/i2.mp4"), "--bundle", str(project / "tiny")]) == 2
    assert "mealrec frames: i2.mp4 is text" in capsys.readouterr().err

"""Hidden states beside a feature store: what they are, and when they are refused."""

import argparse
import json

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.features import hidden_writer
from mealrec.features.hidden import HIDDEN, HiddenStates, is_complete
from mealrec.features.text import TextEncoder, split_title
from mealrec.features.video_encoder import VideoEncoder
from mealrec.verbs import extract as command
from mealrec.video.frames import sample_frames
from tests.features.tiny_encoders import SMALL, write_classifier

TITLES = ["a bowl, steaming #ramen", "", "broken", "no file"]


def extract(catalogue, bert_path, out, *options) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    where = ["--data", str(catalogue), "--text", str(bert_path), "--out", str(out)]
    return command.run(parser.parse_args([*where, "--device", "cpu", "--hidden-states", *options]))


@pytest.fixture
def segments(catalogue, bert_path, tmp_path):
    """Return a store of title segments with its hidden states."""
    extract(catalogue, bert_path, tmp_path / "out", "--frames", "title-segments")
    return tmp_path / "out"


def test_the_last_layer_is_what_the_encoder_itself_returns(bert_path):
    encoder = TextEncoder.from_pretrained(bert_path, "cpu")
    states, present = encoder.hidden_states(TITLES)
    features, _ = encoder.encode(TITLES)
    assert states.shape == (4, 2, 16) and present.tolist() == [True, False, True, True] and not states[1].any()
    last = states[:, -1] / np.maximum(np.linalg.norm(states[:, -1], axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(last, features, atol=1e-5)
    assert np.abs(states[0, 0] - states[0, 1]).max() > 1e-3


def test_a_layer_of_a_clip_is_what_the_next_one_takes(encoder: VideoEncoder, catalogue):
    """The layers run one by one over the embeddings give the same states; the last is normalised as the feature is."""
    frames = sample_frames(catalogue / "clips" / "7.mp4").frames
    states = encoder.hidden_states([frames])
    assert states.shape == (1, 3, 64)
    with torch.inference_mode():
        tokens = encoder.model.embeddings(encoder._pixels([frames]).repeat_interleave(2, dim=1), None)
        np.testing.assert_allclose(states[0, 0], tokens.mean(1)[0], atol=1e-4)
        tokens = encoder.model.encoder.layer[0](tokens)
        np.testing.assert_allclose(states[0, 1], tokens.mean(1)[0], atol=1e-4)


def test_clips_and_titles_have_their_rows_and_the_rest_is_zero(catalogue, encoder_path, bert_path, tmp_path, capsys):
    extract(catalogue, bert_path, tmp_path / "out", "--encoder", str(encoder_path))
    found = HiddenStates.open(tmp_path / "out")
    assert found.item_ids == ("7", "8", "9", "10") and found.visual.dtype == found.text.dtype == np.float16
    assert found.visual.any((1, 2)).tolist() == [True, True, False, False]
    assert found.text.any((1, 2)).tolist() == [True, False, True, True]
    assert found.shape == {"visual_layers": 2, "visual_width": 64, "text_layers": 1, "text_width": 16}
    assert found.manifest["encoders"]["visual"]["name"] == str(encoder_path)
    assert "visual hidden states [4, 3, 64], text hidden states [4, 2, 16]" in capsys.readouterr().out
    picked = found.of(("10", "7"))
    np.testing.assert_array_equal(picked.text, found.text[[3, 0]])
    with pytest.raises(DataFormatError, match="1 items have no hidden states, 11 first"):
        found.of(("7", "11"))


def test_a_classifiers_states_have_a_width_of_their_own(catalogue, bert_path, tmp_path):
    extract(catalogue, bert_path, tmp_path / "out", "--encoder", str(write_classifier(tmp_path / "classifier")))
    found = HiddenStates.open(tmp_path / "out")
    assert found.visual.shape == (4, len(SMALL.stages) + 2, SMALL.head_width)
    assert found.visual.any((1, 2)).tolist() == [True, True, False, False]


def test_segments_stand_for_frames_here_too(segments, bert_path):
    found, encoder = HiddenStates.open(segments), TextEncoder.from_pretrained(bert_path, "cpu")
    assert "segments" in found.manifest["pooling"]["visual"]
    parts, _ = encoder.hidden_states(split_title(TITLES[0], 5))
    np.testing.assert_allclose(found.visual[0], parts.mean(0), atol=2e-3)
    assert not found.visual[1].any() and not found.text[1].any()


def test_what_is_finished_is_not_made_again(segments, catalogue, bert_path, monkeypatch):
    monkeypatch.setattr(hidden_writer, "fill", lambda *_: pytest.fail("made again"))
    extract(catalogue, bert_path, segments, "--frames", "title-segments")


def test_a_half_written_one_is_named_and_made_anew(segments, catalogue, bert_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    whole = np.array(HiddenStates.open(segments).text)
    (segments / HIDDEN).unlink()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(hidden_writer, "fill", killed)
        extract(catalogue, bert_path, segments, "--frames", "title-segments")
    with pytest.raises(DataFormatError, match="were not finished.*--hidden-states"):
        HiddenStates.open(segments)
    extract(catalogue, bert_path, segments, "--frames", "title-segments")
    np.testing.assert_array_equal(HiddenStates.open(segments).text, whole)


def test_those_of_other_features_are_refused(segments):
    manifest = json.loads((segments / "manifest.json").read_text())
    (segments / "manifest.json").write_text(json.dumps(manifest | {"failures": {"7": "changed"}}))
    with pytest.raises(DataFormatError, match="of other features"):
        HiddenStates.open(segments)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / HIDDEN).unlink(), "holds no hidden states: run .*--hidden-states"),
        (lambda folder: (folder / "hidden_text.npy").write_bytes(b"torn"), "missing or damaged"),
        (lambda folder: np.save(folder / "hidden_text.npy", np.zeros((4, 2, 3), np.float16)), r"says float16 \[4, 2"),
    ],
)
def test_what_is_missing_or_damaged_is_named(segments, damage, message):
    damage(segments)
    with pytest.raises(DataFormatError, match=message):
        HiddenStates.open(segments)
    assert not is_complete(segments)


def test_changed_states_are_noticed(segments):
    assert is_complete(segments)
    array = np.load(segments / "hidden_text.npy")
    np.save(segments / "hidden_text.npy", array + 1)
    assert not is_complete(segments)


def test_a_clip_that_went_away_is_named(catalogue, encoder_path, bert_path, tmp_path):
    extract(catalogue, bert_path, tmp_path / "out", "--encoder", str(encoder_path))
    (tmp_path / "out" / HIDDEN).unlink()
    store, gone = tmp_path / "out", catalogue / "clips" / "7.mp4"
    gone.rename(gone.with_suffix(".away"))
    with pytest.raises(DataFormatError, match="item 7 was encoded once and is now gone"):
        extract(catalogue, bert_path, store, "--encoder", str(encoder_path))


def test_a_file_of_features_has_no_layers(catalogue, bert_path, tmp_path):
    np.save(tmp_path / "given.npy", np.ones((10, 8), np.float32))
    given = ["--frames", "global-visual", "--global-visual", str(tmp_path / "given.npy")]
    with pytest.raises(DataFormatError, match="a file of features has no layers"):
        extract(catalogue, bert_path, tmp_path / "out", *given)

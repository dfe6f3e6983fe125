"""The catalogue that is shipped: complete, small enough, and not to be told apart by colour."""

import csv
import json
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from assets.painter.build import is_drawn, read_fingerprints
from assets.painter.clips import FPS, plan_clips

DATA = Path(__file__).parents[2] / "assets" / "sample"
TRAINING_CLIPS = 120
SEED = 7
pytestmark = pytest.mark.skipif(not (DATA / "titles.csv").exists(), reason="the sample catalogue is not built")


@pytest.fixture(scope="module")
def truth():
    return json.loads((DATA / "truth" / "clips.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def held_out():
    return (DATA / "held_out.txt").read_text().split()


def test_every_title_has_a_clip_and_a_poster_within_the_size_limits(truth):
    with (DATA / "titles.csv").open(newline="", encoding="utf-8") as file:
        ids = {row["item"] for row in csv.DictReader(file)}
    sizes = {path.stem: path.stat().st_size for path in (DATA / "clips").glob("*.mp4")}
    posters = {path.stem: path.stat().st_size for path in (DATA / "posters").glob("*.webp")}
    assert ids == set(sizes) == set(posters) == set(truth)
    assert sum(sizes.values()) < 45e6
    assert sum(posters.values()) / len(posters) < 16e3


def test_every_clip_is_what_the_painters_of_today_draw(truth):
    drawn = read_fingerprints(DATA)
    assert all(is_drawn(plan, DATA, drawn) for plan in plan_clips(len(truth), SEED))


def test_colour_histograms_do_not_find_the_motif(truth, held_out):
    training = [item_id for item_id in truth if item_id not in held_out][:TRAINING_CLIPS]
    known, known_motifs = colour_histograms(training, truth)
    asked, asked_motifs = colour_histograms(held_out, truth)
    nearest = np.argsort(np.abs(asked[:, None] - known[None]).sum(2), axis=1)[:, :5]
    votes = [Counter(known_motifs[i] for i in row).most_common(1)[0][0] for row in nearest]
    assert np.mean([vote == name for vote, name in zip(votes, asked_motifs, strict=True)]) < 0.4


def colour_histograms(item_ids, truth):
    """Return 48-bin histograms [3 * clips, 48] of the middle of every shot, and the motifs seen there."""
    histograms, names = [], []
    for item_id in item_ids:
        with av.open(str(DATA / "clips" / f"{item_id}.mp4")) as container:
            frames = list(container.decode(video=0))
        for shot in truth[item_id]["shots"]:
            frame = frames[round(FPS * (shot["start_s"] + shot["duration_s"] / 2))].to_ndarray(format="rgb24")
            channels = [np.bincount(frame[..., c].ravel() >> 4, minlength=16) for c in range(3)]
            histograms.append(np.concatenate(channels) / frame[..., 0].size)
            names.append(shot["motif"])
    return np.array(histograms), names

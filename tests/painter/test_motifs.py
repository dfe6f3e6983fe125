"""The contract of every motif found in the folder."""

import re

import numpy as np
import pytest
import skia

from assets.painter.canvas import HEIGHT, LIGHTS, WIDTH
from assets.painter.scenes import motif, motifs
from assets.painter.scenes.base import Scene, Words

SMALL = 64
TOPICS = {"nature", "sea", "space", "city", "food", "sport", "music", "pets"}


def draw(name, light, composition, time_s, seed=3):
    scene = motif(name).Painter(np.random.default_rng(seed), light, composition)
    surface = skia.Surface(SMALL, round(SMALL * HEIGHT / WIDTH))
    with surface as canvas:
        canvas.clear(skia.ColorMAGENTA)
        canvas.scale(SMALL / WIDTH, SMALL / WIDTH)
        scene.paint_frame(canvas, time_s)
    return surface.toarray(colorType=skia.kRGBA_8888_ColorType)[:, :, :3].astype(int)


@pytest.mark.parametrize("name", motifs())
def test_declares_topic_words_and_compositions(name):
    module = motif(name)
    assert module.TOPIC in TOPICS
    assert issubclass(module.Painter, Scene) and module.Painter.compositions >= 3
    words = module.WORDS
    assert isinstance(words, Words)
    assert len(words.subjects) >= 4 and len(words.actions) >= 4 and len(words.places) >= 3 and len(words.tags) >= 5
    assert all(re.fullmatch(r"[a-z0-9]+", tag) for tag in words.tags)
    assert not any(phrase != phrase.strip() or phrase.endswith(".") for phrase in (*words.subjects, *words.actions))


@pytest.mark.parametrize("light", LIGHTS, ids=lambda light: light.name)
@pytest.mark.parametrize("name", motifs())
def test_paints_the_whole_frame_under_every_light(name, light):
    for composition in range(motif(name).Painter.compositions):
        pixels = draw(name, light, composition, 1.0)
        assert pixels.std() > 8
        assert not np.any(np.all(pixels == (255, 0, 255), axis=2))


@pytest.mark.parametrize("name", motifs())
def test_is_repeatable_and_moves(name):
    for composition in range(motif(name).Painter.compositions):
        first, again, later = (draw(name, LIGHTS[composition], composition, t) for t in (0.5, 0.5, 1.0))
        assert np.array_equal(first, again)
        assert np.abs(first - later).mean() > 0.3


@pytest.mark.parametrize("name", motifs())
def test_follows_the_light_in_colour(name):
    painted = [draw(name, light, 0, 0.7).mean((0, 1)) for light in LIGHTS]
    assert np.ptp(painted, axis=0).max() > 40


@pytest.mark.parametrize("name", motifs())
def test_no_colour_of_its_own_fills_more_than_a_tenth(name):
    for composition in range(motif(name).Painter.compositions):
        pixels = np.stack([draw(name, light, composition, 0.7) for light in LIGHTS])
        colourful = np.ptp(pixels, axis=3).min(0) > 48
        unmoved = np.ptp(pixels, axis=0).max(-1) < 40
        assert np.mean(colourful & unmoved) < 0.1

"""The oracle's filter against every story that could lie behind a few clicks."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mealrec.sample.oracle import HistoryOracle
from mealrec.sample.viewers import ClipWorld

MOTIFS = 3
SHOWS = np.array([[1, 1, 0, 0, 1, 0], [0, 1, 1, 0, 0, 1], [0, 0, 0, 1, 1, 1]], float)
POPULARITY = np.array([0.3, 0.2, 0.15, 0.15, 0.1, 0.1])


@pytest.fixture(scope="module")
def world() -> ClipWorld:
    by_motif = SHOWS * POPULARITY
    by_motif /= by_motif.sum(1, keepdims=True)
    names = tuple("abc")
    return ClipWorld(tuple("uvwxyz"), names, by_motif, POPULARITY, np.array([1, 2, 0]))


def stories(world: ClipWorld, clicks: list[int]):
    """Yield (chance, interests, wanted) of every story: interests, drift, and what each click was made for."""
    oracle = HistoryOracle(world)
    share = world.habits.accident_share
    hypotheses = zip(oracle.prior, oracle.first, oracle.second, oracle.drifts, strict=True)
    for prior, first, second, drifts in hypotheses:
        for wanted in product([None, *range(MOTIFS)], repeat=len(clicks)):
            chance, previous, seen = prior, None, np.zeros(len(world.item_ids), bool)
            for position, (click, motif) in enumerate(zip(clicks, wanted, strict=True)):
                chances = world.by_accident if motif is None else world.by_motif[motif]
                if motif is not None:
                    weight = world.first_weight(position, bool(drifts))
                    chance *= (1 - share) * world.wanted(np.array([first, second]), weight, previous)[motif]
                    previous = motif
                else:
                    chance *= share
                left = chances[~seen].sum()
                chance *= chances[click] / left if left > 0 else 0.0
                seen[click] = True
            yield chance, (first, second), wanted


def test_the_filter_weighs_every_story(world):
    oracle, clicks = HistoryOracle(world), [1, 4, 0]
    told = list(stories(world, clicks))
    whole = sum(chance for chance, _, _ in told)
    sought, wanted = np.zeros(MOTIFS), np.zeros(len(clicks))
    for chance, interests, reasons in told:
        last = [reason for reason in reasons if reason is not None][-1:]
        sought[list({*interests, *last})] += chance / whole
        wanted += [chance / whole * (reason is not None) for reason in reasons]
    np.testing.assert_allclose(oracle.sought(clicks), sought)
    np.testing.assert_allclose(oracle.wanted(clicks), wanted)
    assert oracle.filter(clicks)[0].sum() == pytest.approx(1)


def test_the_next_clip_is_what_the_stories_say(world):
    clicks = [1, 4]
    found, chances = HistoryOracle(world).predict(clicks), np.zeros(len(world.item_ids))
    for click in (0, 2, 3, 5):
        chances[click] = sum(chance for chance, _, _ in stories(world, [*clicks, click]))
    # The stories draw from what is left of a motif's clips, the oracle ranks by the share of all of them.
    assert found[clicks].sum() == 0 and found.sum() == pytest.approx(1)
    assert found.argmax() == chances.argmax()


def test_a_click_shows_its_share_of_want(world):
    oracle = HistoryOracle(world)
    assert oracle.filter([1, 2, 5])[1][-1] > oracle.filter([1, 2, 3])[1][-1], "x shows what nothing before it showed"

"""Names of kinds, from titles and from what an encoder sees; their faces and their places."""

from __future__ import annotations

import numpy as np
import pytest

from mealrec.bundle.layout import APART, kind_map, place_kinds
from mealrec.bundle.naming import Marks, faces_of, names_of, sight_marks, word_marks
from mealrec.bundle.words import common_tags
from tests.recommender.tiny_bundle import KINDS, named_kind, tiny_contents


def nothing(count: int) -> Marks:
    return Marks((), np.zeros((count, 0)))


def one_hot(*kinds: int, count: int = 3) -> np.ndarray:
    return np.eye(count)[list(kinds)]


def worded(titles_of: dict[int, list[str]], count: int = 9) -> tuple[str, ...]:
    """Return the names of `count` kinds; those that no titles are given for have clips with a word of their own."""
    titles = {
        kind: titles_of.get(kind, [f"word{chr(97 + kind)} #fyp", f"another word{chr(97 + kind)}"] * 4)
        for kind in range(count)
    }
    kinds = [kind for kind, some in titles.items() for _ in some]
    return names_of(word_marks(sum(titles.values(), []), one_hot(*kinds, count=count)), nothing(count))


def test_a_kind_is_named_by_the_word_that_its_clips_share():
    lighthouse = [
        "The Lighthouse at dusk #fyp",
        "a LIGHTHOUSE in fog #fyp",
        "old lighthouse 🌊 3",
        "the lighthouse",
    ] * 2
    ramen = ["ramen for two #fyp", "late ramen", "My ramen!", "ramen’s bowl #fyp"] * 2
    assert worded({0: lighthouse, 1: ramen, 2: ["3 4 5 #fyp"] * 8})[:3] == ("lighthouse", "ramen", "kind 3")


def test_a_word_belongs_to_the_kind_that_it_stands_beside_elsewhere():
    """Both kinds are in every clip of the first eight; which of them "sails" names shows in the others."""
    titles, kinds = ["sails and a reef"] * 8 + ["sails"] * 6 + ["reef"] * 6, [[0.5, 0.5, 0.0]] * 8
    kinds = np.concatenate([kinds, one_hot(*[0] * 6, *[1] * 6, *[2] * 60)])
    assert names_of(word_marks(titles + ["clip of rain"] * 60, kinds), nothing(3))[:2] == ("sails", "reef")


def test_names_are_unique():
    words = Marks(("piano", "keys"), np.array([[9.0, 1.0], [8.0, 4.0], [7.0, 6.9]]))
    assert names_of(words, nothing(3)) == ("piano", "piano, keys", "keys")
    assert names_of(words, nothing(3), [0, 0, 0]) == ("piano", "piano 2", "piano 3")
    assert names_of(nothing(3), nothing(3), [0, 0, 2]) == ("kind 1", "kind 2", "kind 3")
    alone = Marks(("piano",), np.array([[9.0], [8.0], [7.0]]))
    assert names_of(alone, nothing(3)) == ("piano", "kind 2", "kind 3")


def test_what_the_encoder_sees_names_where_no_word_does_and_speaks_for_words():
    sights = Marks(("lighthouse", "acoustic guitar"), np.array([[2.0, 0.0], [0.0, 0.6], [0.0, 0.0]]))
    words = Marks(("tower", "lighthouse"), np.array([[9.0, 5.0], [0.0, 0.0], [0.0, 0.0]]))
    assert names_of(words, sights) == ("lighthouse", "acoustic guitar", "kind 3")


def test_a_class_that_all_frames_show_marks_no_kind():
    shares = one_hot(0, 0, 1, 2)[:, None]
    chances = np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0.5, 0, 0.5]])[:, None]
    marks = sight_marks(("wall", "cat", "dog"), chances, shares)
    assert list(marks.best(0, 0.01)) == ["cat"] and list(marks.best(1, 0.01)) == ["dog"]


def test_faces_are_the_most_typical_frames_of_different_clips():
    shares = np.array([[[0.9, 0.1], [0.8, 0.2]], [[0.2, 0.8], [0.6, 0.4]], [[0.3, 0.7], [0.1, 0.9]]])
    first, second = faces_of(("a", "b", "c"), shares)
    assert [(face.item_id, face.frame, face.share) for face in first] == [("a", 0, 0.9), ("b", 1, 0.6), ("c", 0, 0.3)]
    assert [(face.item_id, face.frame) for face in second] == [("c", 1), ("b", 0), ("a", 1)]


@pytest.mark.parametrize("count", [1, 2, 48, 120])
def test_places_lie_apart(count):
    points = np.random.default_rng(0).random((count, 3))
    places = place_kinds(-np.linalg.norm(points[:, None] - points, axis=-1))
    assert places.shape == (count, 2) and places.min() >= 0 and places.max() <= 1
    away = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(count)
    assert away.min() > min(APART, 0.5 / count**0.5)


def test_kinds_that_are_alike_lie_near_each_other():
    likeness = np.kron(np.eye(4), np.ones((6, 6)))
    places = place_kinds(likeness)
    away = np.linalg.norm(places[:, None] - places, axis=-1)
    assert away[(likeness == 1) & (away > 0)].mean() < 0.6 * away[likeness == 0].mean()


def test_clips_that_show_more_of_a_kind_lie_nearer_to_its_place():
    kinds, catalogue = tuple(named_kind(index) for index in range(KINDS)), tiny_contents().catalogue
    shares = np.full((len(catalogue), KINDS), 0.01)
    shares[:, 2] = np.linspace(0.9, 0.3, len(catalogue))
    found = kind_map(catalogue, kinds, shares)
    away = np.linalg.norm(found.points - kinds[2].place, axis=1)
    assert (np.diff(away) > 0).all() and away.max() < 0.05
    assert np.array_equal(found.points, kind_map(catalogue, kinds, shares).points)


def test_where_titles_are_all_a_whole_hashtag_names_a_kind():
    sister = [
        "fat sister at home # fat sister",
        "lunch with Fat Sister # rural life # fat sister",
        "3 eggs # Fat sister",
    ]
    rest = ["clip of rain # one odd tag", "rain again # rain", "the rain # fyp"]
    titles, kinds = sister * 8 + rest * 8 + ["snow"] * 60, one_hot(*[0] * 24, *[1] * 24, *[2] * 60)
    tags = common_tags(titles)
    assert tags == {"fat sister", "rural life", "one odd tag"}
    assert names_of(word_marks(titles, kinds, tags), nothing(3))[:2] == ("fat sister", "rain")
    assert common_tags(["# 3 4 # the best of # a", "# the best of # 3 4"]) == set()


def test_kinds_that_share_a_hashtag_keep_it_whole():
    words = Marks(("sister", "fat sister", "lunch"), np.array([[9.0, 6.0, 0.0], [8.0, 7.0, 4.0], [0.0, 0.0, 0.0]]))
    assert names_of(words, nothing(3))[:2] == ("fat sister", "fat sister, lunch")

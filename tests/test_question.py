"""A question: what it refuses, that equal questions are equal, and that it needs neither torch nor a bundle."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mealrec.errors import RequestError
from mealrec.question import Question

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, eq=False)
class Clip:
    upload_id: str


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"history": []}, "0 came"),
        ({"history": ["i1"] * 51}, "51 came"),
        ({"history": "i1"}, "list of item ids"),
        ({"history": None}, "list of item ids"),
        ({"history": ["i1", 2]}, "list of item ids"),
        ({"history": ["i1", "i2", "i1"]}, "'i1' stands in it twice"),
        ({"uploads": {"upload-1": Clip("upload-1")}}, "uploads: a list"),
        ({"uploads": ["upload-1"]}, "uploads: a list"),
        ({"k": 0}, "k: a whole number from 1 to 50"),
        ({"k": 51}, "from 1 to 50"),
        ({"k": 2.5}, "2.5"),
        ({"k": True}, "True"),
        ({"seed": -1}, "seed"),
        ({"seed": "0"}, "seed"),
        ({"variant": ["full"]}, "variant"),
        ({"hidden": [-1]}, "-1 came"),
        ({"hidden": [True]}, "True came"),
        ({"hidden": [1.0]}, "1.0 came"),
        ({"hidden": ["1"]}, "'1' came"),
        ({"hidden": [0, 0]}, "each frame once"),
        ({"hidden": "01"}, "a list of frames"),
        ({"hidden": 3}, "a list of frames"),
        ({"hidden": None}, "a list of frames"),
        ({"noise": -0.1}, "noise: a number from 0 to 10"),
        ({"noise": float("inf")}, "noise"),
        ({"noise": float("nan")}, "noise"),
        ({"noise": "much"}, "noise"),
        ({"noise": True}, "noise"),
        ({"num_steps": 0}, "num_steps: a whole number from 1 to 50"),
        ({"num_steps": 51}, "num_steps"),
        ({"num_steps": 5.0}, "num_steps"),
    ],
)
def test_what_does_not_fit_is_refused(values, reason):
    with pytest.raises(RequestError, match=reason):
        Question(**{"history": ["i1"]} | values)
    if "history" not in values:
        with pytest.raises(RequestError, match=reason):
            replace(Question(["i1"]), **values)


def test_a_deep_value_is_not_shown_whole():
    deep: list = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(RequestError) as caught:
        Question(deep)
    assert len(str(caught.value)) < 200


def test_questions_that_ask_the_same_are_one_key():
    upload = Clip("upload-1")
    one = Question(["i1", "upload-1"], uploads=[upload, Clip("upload-2")], hidden=[3, 1], noise=1)
    other = Question(("i1", "upload-1"), uploads=(upload,), hidden=(1, 3), noise=1.0)
    assert one == other and hash(one) == hash(other)
    assert (one.history, one.uploads, one.hidden) == (("i1", "upload-1"), (upload,), (1, 3))
    assert one != replace(one, uploads=[Clip("upload-1")]), "another video under the same id"
    assert one != replace(one, k=9)


def test_it_is_held_against_a_bundle():
    question = Question(["i1", "upload-1"], uploads=[Clip("upload-1")], hidden=[4])
    question.check_against({"i1"}, ["full"], num_frames=5)
    with pytest.raises(RequestError, match="'upload-1' is neither"):
        replace(question, uploads=()).check_against({"i1"}, ["full"], num_frames=5)
    with pytest.raises(RequestError, match="'i1' is neither .*, and 1 more are not"):
        Question(["i1", "i2"]).check_against({}, ["full"], num_frames=5)
    with pytest.raises(RequestError, match="one of a, b is expected, 'full' came"):
        question.check_against({"i1"}, ["a", "b"], num_frames=5)
    with pytest.raises(RequestError, match="from 0 to 3, 4 came"):
        question.check_against({"i1"}, ["full"], num_frames=4)


def test_asking_needs_no_torch():
    code = "import sys, mealrec.question; print('torch' in sys.modules or 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

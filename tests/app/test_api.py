"""The public endpoints: their shapes, their errors, and that there are no others."""

from __future__ import annotations

import json

import pytest

from app import api
from app.ui import build_demo
from mealrec.errors import RequestError, VideoError
from mealrec.question import Question
from tests.app.conftest import in_event_loop


def test_a_request_gives_the_documented_shape(service):
    answer = service.recommend(Question(["1", "2"], k=5, seed=3)).to_dict()
    json.dumps(answer)
    assert {"items", "history", "last", "kinds", "wanted", "anybody", "tcd", "npd", "timing_ms", "bundle"} <= set(
        answer
    )
    assert len(answer["items"]) == 5 and answer["seed"] == 3


def test_hidden_frames_are_told_and_checked(service):
    assert service.recommend(Question(["1", "2"], hidden=[3, 0])).to_dict()["hidden"] == [0, 3]
    for hidden in ([5], [-1], ["0"], [True], [[0]], "0", 0, None, {"0": 1}, [0, 0]):
        with pytest.raises(RequestError, match="^hidden: "):
            service.recommend(Question(["1", "2"], hidden=hidden))


@pytest.mark.parametrize(
    ("history", "k", "seed", "variant", "message"),
    [
        ("1,2", 10, 0, "full", "list of item ids"),
        ([1, 2], 10, 0, "full", "list of item ids"),
        (None, 10, 0, "full", "list of item ids"),
        ([], 10, 0, "full", "1 to 50"),
        (["1"] * 51, 10, 0, "full", "1 to 50"),
        (["nope"], 10, 0, "full", "'nope'"),
        (["upload-00"], 10, 0, "full", "no longer kept"),
        (["1"], 0, 0, "full", "^k: "),
        (["1"], 2.5, 0, "full", "^k: "),
        (["1"], True, 0, "full", "^k: "),
        (["1"], [10], 0, "full", "^k: "),
        (["1"], 10, -1, "full", "^seed: "),
        (["1"], 10, 0, "best", "^variant: "),
        (["1"], 10, 0, ["full"], "^variant: "),
    ],
)
def test_a_malformed_request_is_told_what_was_expected(service, history, k, seed, variant, message):
    service.recommend(Question(["1"], k=1))  # a remembered answer must not stand in for True == 1
    with pytest.raises(RequestError, match=message):
        service.recommend(Question(history, k=k, seed=seed, variant=variant))


@pytest.mark.parametrize(
    ("noise", "num_steps", "message"),
    [
        (-0.1, None, "^noise: "),
        (float("nan"), None, "^noise: "),
        (11, None, "^noise: "),
        ("0.3", None, "^noise: "),
        (True, None, "^noise: "),
        (0.0, 0, "^num_steps: "),
        (0.0, 51, "^num_steps: "),
        (0.0, 2.5, "^num_steps: "),
        (0.0, "5", "^num_steps: "),
    ],
)
def test_noise_and_steps_are_checked_too(service, noise, num_steps, message):
    service.recommend(Question(["1"], noise=1.0, num_steps=1))  # a remembered answer must not stand in for True == 1
    with pytest.raises(RequestError, match=message):
        service.recommend(Question(["1"], noise=noise, num_steps=num_steps))


def test_noise_and_steps_reach_the_answer(service):
    answer = service.recommend(Question(["1"], noise=0.3, num_steps=5)).to_dict()
    assert (answer["noise"], answer["num_steps"]) == (0.3, 5)


def test_an_encoded_video_may_stand_in_a_history(service, video):
    encoded = api.encoded(service, {"path": video}, "mine")
    assert set(encoded) == {"upload_id", "title", "times_s", "sights", "resembles", "nearest"}
    assert json.loads(json.dumps(encoded))["sights"][0][0] == {"name": "tabby cat", "chance": 0.62}
    assert encoded["resembles"] is True
    assert service.recommend(Question(["1", encoded["upload_id"]])).uploads


@pytest.mark.parametrize("name", [None, 3, "", {"url": "x"}, "/etc/passwd", {"path": __file__}])
def test_only_an_uploaded_file_is_read(service, video, name):
    with pytest.raises(RequestError, match="handle_file"):
        api.encoded(service, name, "")


def test_a_path_out_of_the_uploads_folder_is_refused(service, video):
    with pytest.raises(RequestError, match="handle_file"):
        api.encoded(service, f"{video}/../../../../../../etc/passwd", "")


def test_a_title_that_is_no_text_and_a_bad_file_are_refused(service, video, tmp_path):
    with pytest.raises(RequestError, match="title"):
        api.encoded(service, video, ["x"])
    path = tmp_path / "empty.mp4"
    path.touch()
    with pytest.raises(VideoError):
        api.encoded(service, str(path), "")


def test_only_the_two_endpoints_are_public(service):
    info = in_event_loop(lambda: build_demo(service)).get_api_info()
    assert set(info["named_endpoints"]) == {"/recommend", "/encode"}
    assert not info["unnamed_endpoints"]

"""The service: loading, asking, encoding, and what goes wrong."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import gradio as gr
import pytest

from app.session.catalogue import Catalogue
from app.session.service import Progress, Service, user_errors
from app.session.state import Session
from app.uploads.store import UploadStore
from mealrec.errors import BundleError, RequestError, VideoError
from mealrec.question import Question
from tests.app.stand_in import StandInMedia, StandInRecommender

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_has_clips_before_the_model_is_there():
    gate = threading.Event()

    def load():
        gate.wait(10)
        return StandInRecommender()

    preview = Catalogue(StandInRecommender().catalogue[:3], StandInMedia(None))
    service = Service(load, preview).start()
    assert not service.ready and len(service.catalogue) == 3
    with pytest.raises(RequestError, match="warming up"):
        service.recommender(timeout_s=0.01)
    gate.set()
    service.recommender(timeout_s=10)
    assert service.ready and len(service.catalogue) == 64


def test_the_model_is_loaded_once_by_whoever_asks_first():
    opened = []

    def load():
        opened.append(threading.current_thread().name)
        return StandInRecommender()

    service = Service(load)
    assert opened == [] and service.loading
    assert service.recommender(timeout_s=10) is service.start().start().recommender(timeout_s=10)
    assert opened == ["load-bundle"]


def test_a_bundle_that_cannot_be_opened_says_why():
    def load():
        raise BundleError("checkpoints/default: expected a bundle, found nothing; run `make demo`.")

    with pytest.raises(RequestError, match="expected a bundle"):
        Service(load).start().recommender(timeout_s=10)


def test_an_unforeseen_failure_reaches_the_page_too():
    def load():
        raise OSError("disk on fire")

    with pytest.raises(RequestError, match="OSError: disk on fire"):
        Service(load).start().recommender(timeout_s=10)


def test_the_same_question_is_answered_once(service):
    session = Session(history=("1", "2"))
    assert service.recommend(session.question) is service.recommend(session.question)
    assert service.recommend(Session(history=("2", "1")).question) is not service.recommend(session.question)


def test_an_upload_joins_a_history(service, video):
    *reports, upload = service.encode(video, "mine")
    assert all(isinstance(report, Progress) for report in reports)
    answer = service.recommend(Session(history=("1", upload.upload_id)).question)
    assert answer.uploads[0].item_id == upload.upload_id
    assert len(service.thumbnails(upload.upload_id)) == 5


def test_a_remembered_answer_keeps_no_video(service, video):
    *_, upload = service.encode(video, "mine")
    kept = weakref.ref(upload)
    service.recommend(Question(["1", upload.upload_id]))
    service.uploads = UploadStore()
    del upload
    gc.collect()
    assert kept() is None


def test_a_forgotten_upload_is_named(service):
    with pytest.raises(RequestError, match="no longer kept"):
        service.recommend(Session(history=("upload-gone",)).question)
    assert service.known(Session(history=("1", "upload-gone", "no-such-clip"))) == ("1",)


def test_a_file_that_is_no_video_raises_in_the_visitors_thread(service, tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("no video at all")
    with pytest.raises(VideoError):
        list(service.encode(path))


def test_turning_away_ends_the_encoding(service, video):
    reports = service.encode(video)
    next(reports)
    reports.close()
    for thread in threading.enumerate():
        if thread.name == "encode-upload":
            thread.join(5)
    assert not [thread for thread in threading.enumerate() if thread.name == "encode-upload"]


def test_errors_of_the_library_become_messages_of_the_page():
    with pytest.raises(gr.Error, match="pick a clip"), user_errors():
        raise RequestError("history: pick a clip first.")
    with pytest.raises(KeyError), user_errors():
        raise KeyError("a fault of ours stays a fault")


def test_faces_that_are_not_at_hand_are_got_ready_for_the_next_time(service):
    assert service.face(3).startswith("data:image/jpeg")
    assert set(service.faces([1, 3, 2])) == {3}
    for thread in threading.enumerate():
        if thread.name == "draw-faces":
            thread.join(5)
    assert set(service.faces([1, 3, 2])) == {1, 2, 3}


def test_a_kind_whose_clips_cannot_be_shown_has_no_face(service):
    service.recommender().media.frame_thumbnails = lambda item_id: []
    assert service.face(0) == "" and service.faces([0]) == {}


def test_a_model_that_cannot_be_loaded_is_told_on_the_terminal_too(capsys):
    def load():
        raise BundleError("nowhere holds no readable manifest.json: point to a bundle's folder.")

    with pytest.raises(RequestError, match="nowhere holds no readable"):
        Service(load).start().recommender(timeout_s=10)
    assert capsys.readouterr().err == "mealrec: nowhere holds no readable manifest.json: point to a bundle's folder.\n"


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1"])
def test_a_port_that_is_none_ends_the_start_with_one_sentence(port):
    environment = {**os.environ, "GRADIO_SERVER_PORT": port}
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"GRADIO_SERVER_PORT: expected a port from 1 to 65535, got '{port}'" in done.stderr

"""A Space with shared GPUs: an encoding borrows one through `spaces`; elsewhere `spaces` is not even looked for."""

from __future__ import annotations

import pickle
import sys
from types import SimpleNamespace

import pytest

from app.session import shared_gpu
from app.session.service import Progress, Service
from mealrec.errors import VideoError
from tests.app.stand_in import StandInRecommender


class Lender:
    """Stands in for `spaces`: what goes into a borrowing call and comes out of it passes through a pickle."""

    def __init__(self):
        self.durations = []

    def GPU(self, function, duration):
        self.durations.append(duration)

        def borrowed(*arguments):
            return pickle.loads(pickle.dumps(function(*pickle.loads(pickle.dumps(arguments)))))

        return borrowed


@pytest.fixture
def lender(monkeypatch) -> Lender:
    lender = Lender()
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=lender.GPU))
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    return lender


def test_elsewhere_nothing_is_borrowed(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)
    assert shared_gpu.borrowing(len) is len
    assert shared_gpu.devices() == ("auto", "auto")


def test_an_encoding_borrows_a_gpu_and_a_recommendation_stays_on_the_cpu(lender, video):
    service = Service(StandInRecommender).start()
    assert lender.durations == [shared_gpu.LOAN_S], "a Space without a borrowing function does not start"
    assert shared_gpu.devices() == ("cpu", "auto")
    *progress, upload = service.encode(video, "mine")
    assert [report.stage for report in progress] == ["waiting for a shared GPU"]
    assert all(isinstance(report, Progress) for report in progress)
    assert service.uploads.get(upload.upload_id) is upload and upload.title == "mine"


def test_an_error_comes_back_from_the_borrowing_process_in_its_words(lender, tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(VideoError):
        list(Service(StandInRecommender).start().encode(empty))

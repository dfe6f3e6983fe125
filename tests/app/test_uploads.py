"""The store of uploads: bounded and forgetful."""

from __future__ import annotations

import numpy as np

from app.uploads import UploadStore
from tests.app.stand_in import Upload


class Clock:
    """A clock that stands still until it is told otherwise."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def upload(name: str) -> Upload:
    return Upload(f"upload-{name}", "t", np.zeros(1), np.zeros((1, 2, 2, 3), np.uint8), ())


def test_the_least_recently_used_goes_first():
    store = UploadStore(capacity=2)
    store.add(upload("a"))
    store.add(upload("b"))
    store.get("upload-a")
    store.add(upload("c"))
    assert store.get("upload-a") is not None
    assert store.get("upload-b") is None


def test_an_unused_upload_is_forgotten_in_time():
    clock = Clock()
    store = UploadStore(lifetime_s=10, clock=clock)
    store.add(upload("kept"))
    store.add(upload("lost"))
    clock.now = 8
    store.get("upload-kept")
    clock.now = 12
    assert store.get("upload-lost") is None
    assert store.get("upload-kept") is not None


def test_only_uploads_are_picked():
    store = UploadStore()
    store.add(upload("a"))
    assert list(store.pick(["1", "upload-a", "upload-gone"])) == ["upload-a"]

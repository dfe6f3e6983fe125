"""The store of uploads: bounded and forgetful."""

from __future__ import annotations

import numpy as np

from app.uploads.store import Bounds, UploadStore
from tests.app.stand_in import Upload


class Clock:
    """A clock that stands still until it is told otherwise."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now


def upload(name: str, side: int = 2) -> Upload:
    return Upload(f"upload-{name}", "t", np.zeros(1), np.zeros((1, side, side, 3), np.uint8), ())


def kept(store: UploadStore, names: str) -> str:
    return "".join(name for name in names if store.get(f"upload-{name}") is not None)


def test_the_least_recently_used_goes_first():
    store = UploadStore(Bounds(uploads=2), Clock())
    store.add(upload("a"))
    store.add(upload("b"))
    store.get("upload-a")
    store.add(upload("c"))
    assert kept(store, "abc") == "ac" and len(store) == 2


def test_an_unused_upload_is_forgotten_in_time():
    clock = Clock()
    store = UploadStore(Bounds(lifetime_s=10), clock)
    store.add(upload("k"))
    store.add(upload("l"))
    clock.now = 8
    store.get("upload-k")
    clock.now = 12
    assert kept(store, "kl") == "k" and len(store) == 1


def test_one_visit_cannot_push_out_the_others():
    store = UploadStore(Bounds(uploads=4, a_visit=2), Clock())
    store.add(upload("a"), "ann")
    for name in "bcdef":
        store.add(upload(name), "bob")
    assert kept(store, "abcdef") == "aef"


def test_memory_is_bounded_whatever_the_pictures_weigh():
    store = UploadStore(Bounds(total_bytes=3 * 100 * 100 * 3), Clock())
    for name in "abcde":
        store.add(upload(name, side=100))
    assert kept(store, "abcde") == "cde"


def test_uploads_go_after_the_visit_and_stay_where_the_page_comes_back():
    clock = Clock()
    store = UploadStore(Bounds(lifetime_s=1000, grace_s=10), clock)
    for name, visit in ("a", "ann"), ("b", "bob"), ("c", "ann"), ("d", ""):
        store.add(upload(name), visit)
    store.leave("ann")
    store.leave("")
    assert store.get("upload-c") is not None  # loaded anew: used under a new visit
    store.adopt(["upload-c", "upload-gone", "1"], "ann again")
    clock.now = 11
    assert kept(store, "abcd") == "bcd"
    store.leave("ann again")
    clock.now = 25
    assert kept(store, "abcd") == "bd"


def test_visits_that_have_ended_make_room_first():
    store = UploadStore(Bounds(uploads=2), Clock())
    store.add(upload("a"), "ann")
    store.add(upload("b"), "bob")
    store.leave("bob")
    store.add(upload("c"), "cid")
    assert kept(store, "abc") == "ac"

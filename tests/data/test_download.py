"""One file from a server that cuts, refuses, delays and lies: whole under its name, or not there."""

from __future__ import annotations

import hashlib
import socket
import time
from email.utils import formatdate

import numpy as np
import pytest

from mealrec.data.fetching.download import FileRefusedError, Patience, Transfer, download, remote_size
from mealrec.errors import FetchError
from tests.loopback import Mishap, Shelf, serve

CONTENT = np.random.default_rng(0).bytes(300_000)
LARGE = np.random.default_rng(1).bytes(3 * 2**20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(attempts=3, backoff_s=0.01, timeout_s=5.0)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def shelf():
    with serve(Shelf({"file": CONTENT, "large": LARGE})) as shelf:
        yield shelf


def fetch(shelf, tmp_path, name="file", **known):
    path = tmp_path / name
    download(Transfer(shelf.address + name, path, **known), QUICK)
    return path


def refused(shelf, tmp_path, kind=FileRefusedError, name="file", **known) -> str:
    """Return the message of the refusal; nothing may lie under the final name."""
    with pytest.raises(FetchError) as error:
        fetch(shelf, tmp_path, name, **known)
    assert type(error.value) is kind
    assert not (tmp_path / name).exists()
    assert shelf.address + name in str(error.value)
    return str(error.value)


def test_a_file_arrives_whole_and_leaves_nothing_else(shelf, tmp_path):
    seen = []
    transfer = Transfer(shelf.address + "file", tmp_path / "deep" / "file", len(CONTENT), SHA256)
    download(transfer, QUICK, lambda done, total: seen.append((done, total)))
    assert transfer.path.read_bytes() == CONTENT
    assert [path.name for path in transfer.path.parent.iterdir()] == ["file"]
    assert seen[-1] == (len(CONTENT), len(CONTENT)) and seen == sorted(seen)


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_connection_is_resumed_where_it_ended(shelf, tmp_path, reset):
    shelf.mishaps["file"] = [Mishap(cut_after=100_000, reset=reset), Mishap(cut_after=50_000, reset=reset)]
    assert fetch(shelf, tmp_path, sha256=SHA256).read_bytes() == CONTENT
    starts = [int((seen.range or "bytes=0-")[6:-1]) for seen in shelf.gets()]
    assert len(starts) == 3 and starts == sorted(starts)
    if not reset:  # a reset may throw away what was on its way
        assert starts == [0, 100_000, 150_000]


def test_a_later_call_goes_on_with_what_is_there(shelf, tmp_path):
    shelf.always["file"] = Mishap(cut_after=1000)
    refused(shelf, tmp_path)
    assert (tmp_path / "file.part").stat().st_size == 3000
    shelf.always.clear()
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT
    assert shelf.gets()[-1].range == "bytes=3000-"


def test_a_file_that_changed_meanwhile_is_not_sewn_together(shelf, tmp_path):
    shelf.etag, shelf.always["file"] = '"old"', Mishap(cut_after=1000)
    refused(shelf, tmp_path)
    shelf.etag, shelf.files["file"] = '"new"', CONTENT[::-1]
    shelf.always.clear()
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_is_started_over(shelf, tmp_path):
    shelf.ranges, shelf.mishaps["file"] = False, [Mishap(cut_after=200_000)]
    assert fetch(shelf, tmp_path, sha256=SHA256).read_bytes() == CONTENT
    assert len(shelf.gets()) == 2


def test_a_server_without_ranges_that_always_cuts_is_given_up(shelf, tmp_path):
    shelf.ranges, shelf.always["large"] = False, Mishap(cut_after=2 * 2**20)
    assert "3 attempts" in refused(shelf, tmp_path, name="large")
    assert len(shelf.gets()) == 4  # the first brought something new


def test_attempts_that_bring_much_do_not_count(shelf, tmp_path):
    shelf.mishaps["large"] = [Mishap(cut_after=2**20), Mishap(503), Mishap(503), Mishap(cut_after=2**20)]
    shelf.mishaps["large"] += [Mishap(503), Mishap(503)]
    assert fetch(shelf, tmp_path, "large").read_bytes() == LARGE


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_not_there_is_asked_for_once(shelf, tmp_path, status):
    shelf.always["file"] = Mishap(status)
    assert str(status) in refused(shelf, tmp_path)
    assert len(shelf.gets()) == 1
    assert not list(tmp_path.iterdir())


def test_retry_after_is_honoured(shelf, tmp_path):
    shelf.mishaps["file"] = [Mishap(429, {"Retry-After": "1"})]
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT
    first, second = shelf.gets()
    assert second.time_s - first.time_s >= 1.0


@pytest.mark.parametrize("value", ["86400", formatdate(time.time() + 86400, usegmt=True)])
def test_a_server_that_asks_to_come_back_tomorrow_is_left_alone(shelf, tmp_path, value):
    shelf.always["file"] = Mishap(429, {"Retry-After": value})
    assert "come back" in refused(shelf, tmp_path, FetchError)
    assert len(shelf.gets()) == 1


def test_an_overloaded_server_is_given_up_after_bounded_attempts(shelf, tmp_path):
    shelf.always["file"] = Mishap(503, {"Retry-After": "rubbish"})
    assert "503" in refused(shelf, tmp_path, FetchError)
    assert len(shelf.gets()) == QUICK.attempts


def test_a_wrong_size_is_refused_before_a_byte_is_written(shelf, tmp_path):
    assert "300,000 bytes come" in refused(shelf, tmp_path, size=299_999)
    assert not list(tmp_path.iterdir())


def test_a_wrong_checksum_is_refused_and_not_gone_on_with(shelf, tmp_path):
    shelf.files["file"] = CONTENT[:-1] + b"?"
    assert SHA256 in refused(shelf, tmp_path, size=len(CONTENT), sha256=SHA256)
    assert not list(tmp_path.iterdir())
    shelf.files["file"] = CONTENT
    assert fetch(shelf, tmp_path, size=len(CONTENT), sha256=SHA256).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_started_over(shelf, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT + b"more")
    assert fetch(shelf, tmp_path, size=len(CONTENT), sha256=SHA256).read_bytes() == CONTENT


def test_a_whole_part_needs_no_request(shelf, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    assert fetch(shelf, tmp_path, size=len(CONTENT), sha256=SHA256).read_bytes() == CONTENT
    assert not shelf.seen


def test_a_web_page_is_no_file(shelf, tmp_path):
    shelf.always["file"] = Mishap(headers={"Content-Type": "text/html; charset=utf-8"})
    assert "web page" in refused(shelf, tmp_path)


def test_a_body_of_unknown_length_is_refused(shelf, tmp_path):
    shelf.always["file"] = Mishap(no_length=True)
    assert "length" in refused(shelf, tmp_path)


def test_more_bytes_than_are_taken_are_refused(shelf, tmp_path):
    assert "at most 1,000" in refused(shelf, tmp_path, max_bytes=1000)


def test_a_redirect_out_of_the_web_opens_nothing(shelf, tmp_path):
    (tmp_path / "secret").write_text("secret")
    shelf.always["file"] = Mishap(302, {"Location": f"file://{tmp_path}/secret"})
    assert "302" in refused(shelf, tmp_path)


def test_a_dead_address_is_named_after_bounded_attempts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    start = time.monotonic()
    message = refused(Shelf({}, address=f"http://127.0.0.1:{port}/"), tmp_path, FetchError)
    assert "no answer" in message and "3 attempts" in message
    assert time.monotonic() - start < 5


def test_an_error_of_the_disk_is_no_fault_of_the_network(shelf, tmp_path):
    (tmp_path / "file.part").mkdir()  # cannot be written to
    with pytest.raises(FetchError, match="cannot be written"):
        fetch(shelf, tmp_path)


def test_a_size_is_a_forecast_and_never_an_error(shelf):
    assert remote_size(shelf.address + "file") == len(CONTENT)
    assert remote_size(shelf.address + "absent") is None
    assert remote_size("http://127.0.0.1:1/") is None

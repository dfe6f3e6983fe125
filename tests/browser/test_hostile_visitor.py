"""What a hostile visitor tries over HTTP against the running app: refused in words, or without any effect."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests.make_videos import write_text

MIB = 2**20
WHOLE = {"recommend": [["1"], 10, 0, "full", [], 0, None], "encode": [None, ""]}
ANYTHING = ("x", -1, 10**9, None, True, [[]], {"a": 1}, "NaN", 1e308, [["x"] * 100] * 100)


@pytest.fixture(scope="module")
def app(url) -> Iterator[httpx.Client]:
    # A connection for each request: one that was kept may be closed by the server while the next request goes out.
    with httpx.Client(base_url=url, timeout=60, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        assert "items" in asked(client, [["1"]])  # the model is there
        yield client


@pytest.fixture(scope="module")
def uploads(app) -> Path:
    """Return the folder that the server writes uploads to."""
    return Path(sent(app, b"x").json()[0]).parents[1]


@pytest.fixture(scope="module")
def client(app) -> Client:
    return Client(str(app.base_url), verbose=False)


def asked(app: httpx.Client, data: list | str, name: str = "recommend") -> str:
    """Ask an endpoint as `curl` would and return what the stream of answers says.

    `data` may be JSON already; values that a list lacks at its end are those of a good request.
    """
    body = data if isinstance(data, str) else json.dumps({"data": [*data, *WHOLE[name][len(data) :]]})
    joined = app.post(f"/gradio_api/call/{name}", content=body, headers={"Content-Type": "application/json"})
    if joined.status_code != 200:
        return f"{joined.status_code} {joined.text}"
    return app.get(f"/gradio_api/call/{name}/{joined.json()['event_id']}").text


def sent(app: httpx.Client, content: bytes, name: str = "clip.mp4", kind: str = "video/mp4") -> httpx.Response:
    return app.post("/gradio_api/upload", files={"files": (name, content, kind)})


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([["no-such-clip"]], "neither an item of the catalogue nor a kept upload"),
        ([["../../etc/passwd"]], "neither an item of the catalogue"),
        ([["<img src=x onerror=alert(1)>"]], "neither an item of the catalogue"),
        ([["upload-0123456789abcdef01234567"]], "no longer kept"),
        ([["1", "1"]], "stands in it twice"),
        ([[]], "1 to 50 items"),
        ([[str(n) for n in range(51)]], "1 to 50 items"),
        (["1"], "list of item ids"),
        ([{"1": 1}], "list of item ids"),
        ([None], "list of item ids"),
        ([[["1"]]], "list of item ids"),
        ([["1"], -1], "k: a whole number"),
        ([["1"], 0], "k: a whole number"),
        ([["1"], 10**9], "k: a whole number"),
        ([["1"], "x"], "k: a whole number"),
        ([["1"], True], "k: a whole number"),
        ([["1"], 2.5], "k: a whole number"),
        ([["1"], float("nan")], "k: a whole number"),
        ([["1"], float("inf")], "k: a whole number"),
        ([["1"], [10]], "k: a whole number"),
        ([["1"], 10, -1], "seed: a whole number"),
        ([["1"], 10, 2**31], "seed: a whole number"),
        ([["1"], 10, "0; drop"], "seed: a whole number"),
        ([["1"], 10, 0, "best"], "variant: one of"),
        ([["1"], 10, 0, "../full"], "variant: one of"),
        ([["1"], 10, 0, None], "variant: a name"),
        ([["1"], 10, 0, {"full": 1}], "variant: a name"),
    ],
)
def test_a_request_that_does_not_fit_is_told_what_was_expected(app, data, words):
    answer = asked(app, data)
    assert "event: error" in answer and words in answer
    assert len(answer) < 600 and "Traceback" not in answer


def test_a_million_items_are_refused_before_they_are_read(app, client):
    body = json.dumps({"data": [["1"] * 10**6, 10, 0, "full", [], 0, None]})
    assert "413" in (answer := asked(app, body)) and "At most 1 MiB" in answer
    with pytest.raises(httpx.HTTPStatusError, match="413"):
        client.predict(["1"] * 10**6, 10, 0, "full", api_name="/recommend")
    almost = asked(app, [["1"] * 200_000])
    assert "200000 came" in almost


@pytest.mark.parametrize("body", ["", "{", "[]", '{"data": ' + "[" * 50_000, '{"data": [["1"], ' + "9" * 5000 + "]}"])
def test_a_body_that_is_no_request_is_refused(app, body):
    assert asked(app, body)[:1] == "4"


def test_a_deep_value_is_refused_in_words(app):
    assert "list of item ids" in asked(app, '{"data": [' + "[" * 300 + "]" * 300 + ', 10, 0, "full", [], 0, null]}')


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("<b>bold</b>", "plain text"),
        ("<!-- x", "plain text"),
        ("two\nlines", "U+000A"),
        ("a\u202eb", "U+202E"),
        ("\x00", "U+0000"),
        ("x" * 501, "at most 500"),
        ("x" * 500_000, "at most 500"),
        (["x"], "title: expected text"),
        (5, "title: expected text"),
    ],
)
def test_a_title_that_is_no_plain_line_is_refused(app, uploads, small_clip, title, words):
    path = sent(app, small_clip.read_bytes()).json()[0]
    assert words in asked(app, [{"path": path}, title], "encode")


def test_half_a_character_in_a_title_is_refused(app, small_clip):
    path = sent(app, small_clip.read_bytes()).json()[0]
    assert "U+D800" in asked(app, json.dumps({"data": [{"path": path}, "\ud800"]}), "encode")


@pytest.mark.parametrize(
    "video",
    [
        "/etc/passwd",
        {"path": "/etc/passwd"},
        {"path": "{uploads}/../../../../../../../etc/passwd"},
        {"path": "{uploads}"},
        {"path": "\0"},
        {"path": "x" * 100_000},
        {"path": "http://127.0.0.1:9/clip.mp4", "url": "http://127.0.0.1:9/clip.mp4"},
        {"path": "http://127.0.0.1:9/clip.mp4", "meta": {"_type": "gradio.FileData"}},
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
        {"path": ["/etc/passwd"]},
        None,
        7,
        [],
    ],
)
def test_a_forged_path_is_never_opened(app, uploads, video):
    forged = json.dumps({"data": [video, ""]}).replace("{uploads}", str(uploads))
    answer = asked(app, forged, "encode")
    assert "event: error" in answer and "root:" not in answer
    assert "handle_file" in answer or "cannot be accessed" in answer or "_type" in forged


@pytest.mark.parametrize(
    "path",
    [
        "file=/etc/passwd",
        "file=../../../../etc/passwd",
        "file=..%2f..%2f..%2fetc%2fpasswd",
        "file=%2e%2e/%2e%2e/etc/passwd",
        "file=app.py",
        "file=checkpoints/default/manifest.json",
        "file=/proc/self/environ",
        "file=http://127.0.0.1:9/",
        "file=https://example.org/",
        "file=http%3A%2F%2Fexample.org%2F",
        "file=file:///etc/passwd",
        "file/etc/passwd",
        "proxy=http://example.org/",
        "proxy=https://x.hf.space/",
        "stream/a/b/1/playlist.m3u8",
        "custom_component/1/server/component/../../../../etc/passwd",
        "deep_link?session_hash=a",
        "runs",
        "vibe-code",
        "nonsense",
        "../gradio_api/deep_link?session_hash=a",
    ],
)
def test_nothing_but_the_needed_addresses_answers(app, path):
    answer = app.get(f"/gradio_api/{path}")
    assert answer.status_code in (403, 404) and "root:" not in answer.text


@pytest.mark.parametrize(
    "path", ["component_server", "process_recording", "vibe-edit", "run/recommend", "api/recommend", "run/predict"]
)
def test_no_way_around_the_queue(app, path):
    assert app.post(f"/gradio_api/{path}", json={"data": [["1"]], "fn_index": 0}).status_code in (403, 404)


def test_monitoring_is_closed(app):
    assert app.get("/monitoring").status_code == 403 == app.get("/monitoring/summary").status_code


def test_a_private_event_has_no_name(app):
    config = app.get("/config").json()
    private = {event["api_name"] for event in config["dependencies"] if event["api_visibility"] == "private"}
    assert len(private) > 5
    for name in private:
        assert asked(app, '{"data": []}', str(name))[:1] == "4"


def test_forged_events_of_the_page_leave_it_working(app):
    """The page's own events can be joined by number: whatever they are sent, they end and the app goes on."""
    events = app.get("/config").json()["dependencies"]
    for number, event in enumerate(events):
        for value in ANYTHING[number % 3 :: 3]:
            body = {"data": [value] * len(event["inputs"]), "event_data": value, "fn_index": event["id"]}
            joined = app.post("/gradio_api/queue/join", json={**body, "session_hash": f"forged{number}"})
            assert joined.status_code < 500 or joined.status_code == 503
            assert "Traceback" not in joined.text
    for number in (-1, 10**6, "x"):
        body = {"data": [], "fn_index": number, "session_hash": "s"}
        # an answer of 500 ends its connection
        assert httpx.post(app.base_url.join("/gradio_api/queue/join"), json=body).status_code >= 400
    assert "event: complete" in asked(app, [["1", "2"]])


def test_too_large_an_upload_is_not_even_read(app, uploads):
    before = files_in(uploads)
    connection = http.client.HTTPConnection(app.base_url.host, app.base_url.port, timeout=30)
    connection.putrequest("POST", "/gradio_api/upload")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(202 * MIB))
    connection.endheaders(bytes(17 * MIB))
    answer = connection.getresponse()
    assert answer.status == 413 and b"At most 201 MiB" in answer.read()
    connection.close()
    assert files_in(uploads) == before


def test_an_upload_that_lies_about_its_length_is_cut_off_as_well(app):
    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n'
        for _ in range(208):
            yield bytes(MIB)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert app.post("/gradio_api/upload", content=endless(), headers=headers).status_code == 413


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_an_upload_in_an_unusual_form_is_refused(app, kind):
    answer = app.post("/gradio_api/upload", content=b"x", headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("name", "kind"), [("page.html", "text/html"), ("a.svg", "image/svg+xml"), ("../../../x.py", "")]
)
def test_what_is_no_video_is_stored_apart_never_run_and_refused(app, uploads, name, kind):
    (path,) = sent(app, b"<script>alert(1)</script>", name, kind).json()
    assert Path(path).is_relative_to(uploads)
    answer = app.get(f"/gradio_api/file={path}")
    assert answer.status_code in (403, 404) or "attachment" in answer.headers.get("content-disposition", "")
    assert "whatever its name says" in asked(app, [{"path": path}], "encode")
    assert not Path(path).exists()


def test_an_encoded_upload_leaves_no_file(client, app, uploads, small_clip, tmp_path):
    for path in uploads.rglob("*.mp4"):
        path.unlink()
    upload = client.predict(handle_file(small_clip), "mine", api_name="/encode")
    assert client.predict([upload["upload_id"]], 5, 0, "full", api_name="/recommend")["uploads"]
    with pytest.raises(AppError, match="is text"):
        client.predict(handle_file(write_text(tmp_path / "bad.mp4", "#EXTM3U\n/etc/passwd\n")), "", api_name="/encode")
    assert not [name for name in files_in(uploads) if name.endswith(".mp4")]


def test_everything_still_works_afterwards(app):
    assert "event: complete" in asked(app, [["1", "2", "3"], 5, 1, "backbone"])

"""What the server hands out over HTTP, and what it keeps to itself."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_page_answers(url):
    assert status_of(url) == 200


@pytest.mark.parametrize(
    "path", ["app.py", "/etc/passwd", "../../etc/passwd", "requirements.txt", "checkpoints/default/manifest.json"]
)
def test_no_file_outside_clips_and_posters_is_served(url, path):
    assert status_of(f"{url}/gradio_api/file={path}") in (403, 404)


def test_only_the_documented_endpoints_are_public(url):
    with urllib.request.urlopen(f"{url}/gradio_api/info", timeout=10) as answer:
        endpoints = json.load(answer)["named_endpoints"]
    assert set(endpoints) == {"/recommend", "/encode"}

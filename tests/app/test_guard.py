"""What the guard answers in an app's place, without a server."""

from __future__ import annotations

import asyncio
import errno
import json

import pytest

from app.uploads import guard
from app.uploads.guard import Guard


def answer_of(failure: OSError, monkeypatch) -> tuple[int, str]:
    """Return the status and the reason that an upload gets where the app behind the guard fails so."""
    monkeypatch.setattr(guard.upload_folder, "trim", lambda: None)
    sent: list[dict] = []

    async def app(scope, receive, send):
        await receive()
        raise failure

    async def receive():
        return {"type": "http.request", "body": b"half a clip", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": "/gradio_api/upload", "headers": [(b"content-length", b"11")]}
    asyncio.run(Guard(app)(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])["detail"]


def test_an_upload_that_finds_no_room_is_told_so(monkeypatch):
    status, reason = answer_of(OSError(errno.ENOSPC, "No space left on device"), monkeypatch)
    assert status == 507 and "no room for another file" in reason and "try again later" in reason


def test_any_other_failure_is_not_hidden(monkeypatch):
    with pytest.raises(PermissionError):
        answer_of(PermissionError(errno.EACCES, "Permission denied"), monkeypatch)

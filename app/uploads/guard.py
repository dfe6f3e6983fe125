"""What reaches Gradio at all: the routes that the page and the two endpoints need, with bodies
of bounded size."""

from __future__ import annotations

import errno
import json
from collections.abc import Awaitable, Callable, MutableMapping

from starlette.concurrency import run_in_threadpool

from app.uploads import folder as upload_folder

Message = MutableMapping[str, object]
Receive, Send = Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]

API = "/gradio_api/"
NEEDED = (
    *("info", "openapi.json", "startup-events", "app_id", "config", "theme.css", "token", "user"),
    *("queue/join", "queue/data", "queue/status", "heartbeat/", "cancel", "reset"),
    *("call/recommend", "call/recommend/", "call/encode", "call/encode/"),
    *("upload", "upload_progress", "file="),
)
"""Gradio brings more, which nothing here needs: the page's own events by name, fetching other
servers' pages, writing links' files, recordings."""

MCP = ("mcp", "mcp/")
"""What the tools of an MCP server need on top, where they are wanted."""

MAX_FILE = "200mb"
MAX_UPLOAD_BYTES = 201 * 2**20
MAX_BODY_BYTES = 2**20
READ_ON_BYTES = 16 * 2**20  # of a body that is too long, so that a client gets to read why
UPLOADS_AT_ONCE = 16
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Guard:
    """ASGI middleware in front of Gradio."""

    def __init__(self, app: Callable, mcp: bool = False) -> None:
        self._app, self._offered = app, (*NEEDED, *MCP) if mcp else NEEDED
        self._uploading = 0

    async def __call__(self, scope: MutableMapping, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not is_needed(scope["path"], self._offered):
            await _refuse(
                send,
                403,
                "This address is not offered here; the endpoints are /recommend and /encode.",
            )
        elif scope["path"].rstrip("/") == f"{API}upload":
            await self._upload(scope, receive, send)
        else:
            await self._bounded(scope, receive, send, MAX_BODY_BYTES)

    async def _upload(self, scope: MutableMapping, receive: Receive, send: Send) -> None:
        if self._uploading >= UPLOADS_AT_ONCE:
            await _refuse(
                send, 503, "Many visitors are uploading at this moment: try again in a minute."
            )
            return
        self._uploading += 1
        try:
            await self._bounded(scope, receive, send, MAX_UPLOAD_BYTES)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            await _refuse(
                send, 507, "There is no room for another file here at this moment: try again later."
            )
        finally:
            self._uploading -= 1
            await run_in_threadpool(upload_folder.trim)

    async def _bounded(
        self, scope: MutableMapping, receive: Receive, send: Send, limit: int
    ) -> None:
        """Pass a request on whose body is at most `limit` bytes; a longer one is cut off and
        answered with 413."""
        body, answered = _Body(receive, limit), False

        async def send_or_refuse(message: Message) -> None:
            nonlocal answered
            if not body.too_long:
                answered = True
                await send(message)

        try:
            if not body.announced_too_long(scope):
                await self._app(scope, body.receive, send_or_refuse)
        except Exception:
            if not body.too_long:
                raise
        if body.too_long and not answered:
            await body.read_on()
            await _refuse(
                send,
                413,
                f"At most {limit // 2**20} MiB are expected, more came: send less at once.",
            )


class _Body:
    """A request's body, counted while it is read."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit, self._read, self._ended = receive, limit, 0, False
        self.too_long = False

    def announced_too_long(self, scope: MutableMapping) -> bool:
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        self.too_long = not stated.isdigit() or len(stated) > 18 or int(stated) > self._limit
        return self.too_long

    async def receive(self) -> Message:
        if self.too_long:
            return {"type": "http.disconnect"}
        message = await self._next()
        self.too_long = self._read > self._limit
        return {"type": "http.disconnect"} if self.too_long else message

    async def read_on(self) -> None:
        end = self._read + READ_ON_BYTES
        while not self._ended and self._read < end:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        return message


def is_needed(path: str, offered: tuple[str, ...] = NEEDED) -> bool:
    """Whether the page or an endpoint needs this address: below API one of those offered."""
    if path.startswith("/monitoring"):
        return False
    if not path.startswith(API):
        return True
    wanted = path.removeprefix(API)
    if wanted.startswith("file="):
        return "://" not in wanted
    return any(
        wanted.rstrip("/") == name or (name[-1] in "/=" and wanted.startswith(name))
        for name in offered
    )


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"detail": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

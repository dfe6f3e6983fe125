"""What reaches Gradio at all: the routes that are needed, with bodies of bounded size."""

from __future__ import annotations

import errno
import json
from collections.abc import Awaitable, Callable, MutableMapping

from starlette.concurrency import run_in_threadpool

from app.uploads import folder as upload_folder

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

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

# What Gradio allows a file, and what its form takes on top.
MAX_FILE = "200mb"
MAX_UPLOAD_BYTES = 201 * 2**20
MAX_BODY_BYTES = 2**20
READ_ON_BYTES = 16 * 2**20  # of a body that is too long, so that a client gets to read why
UPLOADS_AT_ONCE = 16

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NOT_OFFERED = "This address is not offered here; the endpoints are /recommend and /encode."
_MANY_UPLOADS = "Many visitors are uploading at this moment: try again in a minute."
_DISK_FULL = "There is no room for another file here at this moment: try again later."


class Guard:
    """ASGI middleware in front of Gradio."""

    def __init__(self, app: Callable, mcp: bool = False) -> None:
        """Guard an app; `mcp` lets its MCP server through as well."""
        self._app = app
        self._offered = (*NEEDED, *MCP) if mcp else NEEDED
        self._uploading = 0

    async def __call__(self, scope: MutableMapping, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not is_needed(scope["path"], self._offered):
            await _refuse(send, 403, _NOT_OFFERED)
        elif scope["path"].rstrip("/") == f"{API}upload":
            await self._upload(scope, receive, send)
        else:
            await self._bounded(scope, receive, send, MAX_BODY_BYTES)

    async def _upload(self, scope: MutableMapping, receive: Receive, send: Send) -> None:
        """Pass an upload on while there is room; afterwards what nobody came back for goes."""
        if self._uploading >= UPLOADS_AT_ONCE:
            await _refuse(send, 503, _MANY_UPLOADS)
            return
        self._uploading += 1
        try:
            await self._bounded(scope, receive, send, MAX_UPLOAD_BYTES)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            await _refuse(send, 507, _DISK_FULL)
        finally:
            self._uploading -= 1
            # Deleting files would hold up everybody's requests.
            await run_in_threadpool(upload_folder.trim)

    async def _bounded(
        self, scope: MutableMapping, receive: Receive, send: Send, limit: int
    ) -> None:
        """Pass a request on whose body is at most `limit` bytes.

        A longer one is cut off and answered with 413.
        """
        body = _Body(receive, limit)
        answered = False

        # What the app answers to a body that was cut off is nobody's answer.
        async def send_or_refuse(message: Message) -> None:
            nonlocal answered
            if not body.too_long:
                answered = True
                await send(message)

        # Pass it on; the app may fail at a body that ends too early.
        body.check_announced(scope)
        try:
            if not body.too_long:
                await self._app(scope, body.receive, send_or_refuse)
        except Exception:
            if not body.too_long:
                raise

        if body.too_long and not answered:
            await body.read_on()
            words = f"At most {limit // 2**20} MiB are expected, more came: send less at once."
            await _refuse(send, 413, words)


class _Body:
    """A request's body, counted while it is read."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self.too_long = False
        self._receive = receive
        self._limit = limit
        self._read = 0
        self._ended = False

    def check_announced(self, scope: MutableMapping) -> None:
        """Note where the request says itself that its body is too long, or says no number."""
        # Beyond eighteen digits a number is no length, only work for int().
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        is_number = stated.isdigit() and len(stated) <= 18
        self.too_long = not is_number or int(stated) > self._limit

    async def receive(self) -> Message:
        """Give the app the next part, or from the limit on the end of the connection."""
        if not self.too_long:
            message = await self._next()
            self.too_long = self._read > self._limit
        return {"type": "http.disconnect"} if self.too_long else message

    async def read_on(self) -> None:
        """Read what still comes, up to READ_ON_BYTES."""
        end = self._read + READ_ON_BYTES
        while not self._ended and self._read < end:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        return message


def is_needed(path: str, offered: tuple[str, ...]) -> bool:
    """Whether the page or an endpoint needs this address: below API one of those offered."""
    # Outside of the API lie the page with its files, and statistics that nobody needs.
    if path.startswith("/monitoring"):
        return False
    if not path.startswith(API):
        return True
    wanted = path.removeprefix(API)

    # Files of this server, and no other server's.
    if wanted.startswith("file="):
        return "://" not in wanted

    # A whole name, or what lies below one that ends in "/" or "=".
    below = tuple(name for name in offered if name[-1] in "/=")
    return wanted.rstrip("/") in offered or wanted.startswith(below)


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"detail": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

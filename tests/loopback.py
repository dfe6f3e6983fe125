"""A file server on loopback that misbehaves on request, for the tests of fetching."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Mishap:
    """What goes wrong with one answer: a status instead of the file, or a body that ends or lies."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None  # bytes of the body, then the connection ends
    reset: bool = False  # it ends with a reset instead of a plain close
    no_length: bool = False


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    range: str | None
    time_s: float


@dataclass
class Shelf:
    """The files on offer, and what goes wrong: the next answers of a path, then (`always`) all of them."""

    files: dict[str, bytes]
    mishaps: dict[str, list[Mishap]] = field(default_factory=dict)
    always: dict[str, Mishap] = field(default_factory=dict)
    ranges: bool = True
    etag: str | None = None
    seen: list[Seen] = field(default_factory=list)
    address: str = ""

    def gets(self, path: str | None = None) -> list[Seen]:
        """Return the GET requests, all or those of a path."""
        return [seen for seen in self.seen if seen.method == "GET" and path in (None, seen.path)]


@contextmanager
def serve(shelf: Shelf) -> Iterator[Shelf]:
    """Offer the shelf at `shelf.address` for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self._answer(with_body=False)

        def do_GET(self):
            self._answer(with_body=True)

        def _answer(self, with_body: bool) -> None:
            path = self.path.lstrip("/")
            shelf.seen.append(Seen(self.command, path, self.headers.get("Range"), time.monotonic()))
            queue = shelf.mishaps.get(path, []) if with_body else []
            mishap = queue.pop(0) if queue else shelf.always.get(path, Mishap())
            if "urllib" in self.headers.get("User-Agent", "").lower():
                mishap = Mishap(403)
            elif path not in shelf.files:
                mishap = Mishap(404)
            if mishap.status != 200:
                self.send_response(mishap.status)
                for name, value in mishap.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                return
            self._send(shelf.files[path], mishap, with_body)

        def _send(self, content: bytes, mishap: Mishap, with_body: bool) -> None:
            start = self._start(len(content))
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if shelf.etag is not None:
                self.send_header("ETag", shelf.etag)
            if not mishap.no_length:
                self.send_header("Content-Length", str(len(content) - start))
            for name, value in mishap.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                end = len(content) if mishap.cut_after is None else start + mishap.cut_after
                self.wfile.write(content[start:end])
                if mishap.reset:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def _start(self, size: int) -> int:
            """Return the first byte that a Range header asks for, where it is heeded."""
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if not shelf.ranges or asked is None or self.headers.get("If-Range", shelf.etag) != shelf.etag:
                return 0
            return min(int(asked[1]), size - 1)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def shutdown_request(self, request):
            request.close()  # without shutdown() first, so that a reset is one

    server = Server(("127.0.0.1", 0), Handler)
    shelf.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shelf
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""As much of the hub's HTTP API as downloads and uploads need, on loopback, over repositories in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of_the_owner"


@dataclass
class Repository:
    """Files by path, at one commit."""

    files: dict[str, bytes] = field(default_factory=dict)
    private: bool = False

    @classmethod
    def of(cls, folder: Path, **options) -> Repository:
        return cls(
            {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}, **options
        )

    @property
    def sha(self) -> str:
        # Python keeps a bytes object's hash, so that asking again costs nothing.
        return hashlib.sha1(repr(sorted((name, hash(data)) for name, data in self.files.items())).encode()).hexdigest()


@dataclass
class Hub:
    """Repositories by owner/name; `seen` holds "METHOD path" of every request, `status` is what all answer if set."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    status: int | None = None
    address: str = ""

    @property
    def downloaded(self) -> set[str]:
        """Return the files whose content was sent."""
        return {
            path.split("/resolve/")[1].split("/", 1)[1]
            for path in self.seen
            if path.startswith("GET") and "/resolve/" in path
        }


class Handler(BaseHTTPRequestHandler):
    """One request; `hub` is set by `serve`."""

    hub: Hub

    def do_HEAD(self):
        self._route()

    def do_GET(self):
        self._route()

    def do_POST(self):
        self._route()

    def _route(self) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        self.hub.seen.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.hub.status is not None:
            return self._send(self.hub.status, {"error": "no"})
        if path == "api/validate-yaml":
            return self._send(200, {"errors": [], "warnings": []})
        if path == "api/repos/create":
            return self._create(json.loads(body))
        parts = path.removeprefix("api/models/").split("/")
        repository = self.hub.repositories.get("/".join(parts[:2]))
        if repository is None or (repository.private and not self._is_owner()):
            return self._send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        verb, revision, rest = parts[2], parts[3], "/".join(parts[4:])
        if revision not in ("main", repository.sha):
            return self._send(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"})
        getattr(self, f"_{verb}")(repository, rest, body)

    def _create(self, asked: dict) -> None:
        if not self._is_owner():
            return self._send(401, {"error": "Invalid username or password."})
        name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
        self.hub.repositories.setdefault(
            name, Repository(private=asked.get("private") is True or asked.get("visibility") == "private")
        )
        self._send(200, {"url": f"{self.hub.address}/{name}", "name": name})

    def _revision(self, repository: Repository, rest: str, body: bytes) -> None:
        siblings = [{"rfilename": name} for name in repository.files]
        self._send(200, {"id": "x/y", "sha": repository.sha, "private": repository.private, "siblings": siblings})

    def _tree(self, repository: Repository, rest: str, body: bytes) -> None:
        files = repository.files.items()
        self._send(
            200, [{"type": "file", "path": p, "size": len(c), "oid": hashlib.sha1(c).hexdigest()} for p, c in files]
        )

    def _resolve(self, repository: Repository, rest: str, body: bytes) -> None:
        content = repository.files[rest]
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": repository.sha}
        self._send(200, content, headers)

    def _preupload(self, repository: Repository, rest: str, body: bytes) -> None:
        files = [
            {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in json.loads(body)["files"]
        ]
        self._send(200, {"files": files})

    def _commit(self, repository: Repository, rest: str, body: bytes) -> None:
        if not self._is_owner():
            return self._send(403, {"error": "You may not write here."})
        for line in map(json.loads, body.decode().splitlines()):
            if line["key"] == "file":
                repository.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "deletedFile":
                del repository.files[line["value"]["path"]]
        self._send(200, {"commitUrl": f"{self.hub.address}/x/y/commit/{repository.sha}", "commitOid": repository.sha})

    def _is_owner(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _send(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextmanager
def serve() -> Iterator[Hub]:
    """Offer an empty hub at `hub.address` for as long as the context lasts."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OneHub", (Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""One file over HTTP: resumed where it was cut off, checked, and named only when it is whole."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mealrec.errors import FetchError

# Servers that turn robots away refuse urllib's own name.
USER_AGENT = "Mozilla/5.0 (compatible; mealrec-fetch/0.1)"
CHUNK = 1 << 18  # bytes a read
FORECAST_S = 10.0  # that a server gets to announce a size
PROGRESS_BYTES = 1 << 20  # a connection that brought this much more is no failed attempt
# Answers after which a second try may help: time-outs, too many requests, a server in trouble.
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


class FileRefusedError(FetchError):
    """This one file does not come, or is not the published one; the server's next file may."""


class Interrupted(Exception):
    """An attempt failed in a way that may pass.

    `wait_s` is what the server asks for, `answered` whether data came.
    """

    def __init__(self, reason: str, wait_s: float | None = None, answered: bool = False):
        super().__init__(reason)
        self.wait_s = wait_s
        self.answered = answered


@dataclass(frozen=True)
class Patience:
    """How often one file is tried without gain, and how long is waited between (doubling)."""

    attempts: int = 5
    backoff_s: float = 1.0
    longest_wait_s: float = 120.0
    timeout_s: float = 30.0


@dataclass(frozen=True)
class Transfer:
    """What is fetched to where.

    `size` and `sha256` are the published ones where known, `max_bytes` what is taken at most,
    whatever the server says.
    """

    url: str
    path: Path
    size: int | None = None
    sha256: str | None = None
    max_bytes: int | None = None

    @property
    def part(self) -> Path:
        """Where the bytes gather until all are there."""
        return self.path.with_name(self.path.name + ".part")

    @property
    def tag(self) -> Path:
        """Where the server's mark of the version stands: no file is made of two versions."""
        return self.path.with_name(self.path.name + ".part.tag")

    @property
    def have(self) -> int:
        """Bytes that are there already."""
        return self.part.stat().st_size if self.part.exists() else 0

    def start_over(self) -> None:
        """Drop what is there."""
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)

    def refused(self, reason: str) -> FileRefusedError:
        """Return the error that this file does not come."""
        return FileRefusedError(f"{self.url}: {reason}")


def download(
    transfer: Transfer, patience: Patience, progress: Progress = lambda done, total: None
) -> None:
    """Fetch one file; what an earlier call left in `*.part` is gone on with.

    Raises FileRefusedError where the server has no such file, keeps cutting it off, or it is not
    the published one (size, sha256); FetchError where the server does not answer or the disk is
    full. Nothing bears the final name unless it is whole.
    """
    try:
        transfer.path.parent.mkdir(parents=True, exist_ok=True)
        _persist(transfer, patience, progress)
        _check_sum(transfer)

        # Its name last.
        transfer.part.replace(transfer.path)
        transfer.tag.unlink(missing_ok=True)
    except OSError as error:  # those of the network are Interrupted by now
        raise FetchError(
            f"{transfer.path} cannot be written: {error.strerror}. Free the disk and run it again."
        ) from error


def remote_size(url: str) -> int | None:
    """Return the size that the server announces for a file, None where it does not: a forecast."""
    try:
        with urlopen(_request(url, "HEAD"), timeout=FORECAST_S) as response:
            if response.headers.get_content_type() == "text/html":
                return None
            return int(response.headers["Content-Length"])
    except (OSError, HTTPException, ValueError, TypeError):
        return None


def sha256_of(path: Path) -> str:
    """Return a file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _persist(transfer: Transfer, patience: Patience, progress: Progress) -> None:
    """Try until the part is whole, or `patience.attempts` attempts in a row brought nothing new."""
    furthest = transfer.have
    failed = 0
    while True:
        try:
            return _attempt(transfer, patience, progress)
        except Interrupted as error:
            # Against the furthest byte ever reached: a server without Range starts over and gains
            # nothing.
            failed = 0 if transfer.have >= furthest + PROGRESS_BYTES else failed + 1
            furthest = max(furthest, transfer.have)
            if failed >= patience.attempts:
                kind = FileRefusedError if error.answered else FetchError
                raise kind(f"{transfer.url}: {error} ({failed} attempts)") from error

            # Wait as long as the server asks, else twice as long each time.
            wait_s = error.wait_s
            if wait_s is None:
                wait_s = patience.backoff_s * 2 ** max(0, failed - 1)
            elif wait_s > patience.longest_wait_s:
                raise FetchError(
                    f"{transfer.url}: {error}; it asks to come back in {wait_s:.0f} s"
                ) from error
            time.sleep(min(wait_s, patience.longest_wait_s))


def _attempt(transfer: Transfer, patience: Patience, progress: Progress) -> None:
    """Make one request and add what it brings to the part."""
    # Whole already, or more than whole?
    if transfer.size is not None:
        if transfer.have == transfer.size:
            return
        if transfer.have > transfer.size:
            transfer.start_over()

    # Write where the answer begins: at the part's end, or at 0 where the server starts over.
    with _open(transfer, patience) as response:
        start, total = _placed(response, transfer)
        _check_size(total, transfer)
        with transfer.part.open("r+b" if start else "wb") as file:
            file.seek(start)
            if not start:
                transfer.tag.write_text(_version(response))
            for chunk in _chunks(response):
                file.write(chunk)
                progress(file.tell(), total)
                if file.tell() > total:
                    break
            file.flush()
            os.fsync(file.fileno())

    # Is it whole?
    have = transfer.have
    if have > total:
        transfer.start_over()
        raise Interrupted("the server sends more than it announces", answered=True)
    if have < total:
        reason = f"the connection ended after {have:,} of {total:,} bytes"
        raise Interrupted(reason, answered=True)


def _open(transfer: Transfer, patience: Patience) -> HTTPResponse:
    """Ask for what is missing; raises Interrupted for what may pass, FetchError for what not."""
    # Only what is missing, and only of the version that is there already.
    request = _request(transfer.url)
    if transfer.have:
        request.add_header("Range", f"bytes={transfer.have}-")
        version = transfer.tag.read_text() if transfer.tag.exists() else ""
        if version:
            request.add_header("If-Range", version)

    # May a second try help?
    try:
        response = urlopen(request, timeout=patience.timeout_s)
    except HTTPError as error:
        with error:
            reason = f"the server answers {error.code} {error.reason}"
            has_no_such_range = error.code == 416
            if has_no_such_range:
                transfer.start_over()
            if error.code in TRANSIENT or has_no_such_range:
                raise Interrupted(reason, _retry_after(error.headers.get("Retry-After"))) from error
            raise transfer.refused(reason) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise Interrupted(f"no answer: {reason}") from error
    if not isinstance(response, HTTPResponse):
        raise transfer.refused(f"it leads to {response.url}, which is no web address")
    return response


def _placed(response: HTTPResponse, transfer: Transfer) -> tuple[int, int]:
    """Return (first byte that the answer holds, size of the whole file)."""
    if response.headers.get_content_type() == "text/html":
        raise transfer.refused("a web page comes instead of the file")
    # 206: the part that was asked for, which the server has to name.
    if response.status == 206:
        stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if stated is None or int(stated[1]) != transfer.have:
            transfer.start_over()
            raise Interrupted("the server sends another part than it was asked for", answered=True)
        return transfer.have, int(stated[2])

    # 200: all of it, from the start.
    if response.length is None:
        raise transfer.refused(
            "the server does not tell the file's length, so a cut would go unnoticed"
        )
    return 0, response.length


def _check_size(total: int, transfer: Transfer) -> None:
    if transfer.size is not None and total != transfer.size:
        raise transfer.refused(f"{total:,} bytes come, the published file has {transfer.size:,}")
    if transfer.max_bytes is not None and total > transfer.max_bytes:
        raise transfer.refused(f"{total:,} bytes come, at most {transfer.max_bytes:,} are taken")


def _check_sum(transfer: Transfer) -> None:
    if transfer.sha256 is None:
        return
    # Of other bytes nothing is kept.
    came = sha256_of(transfer.part)
    if came != transfer.sha256:
        transfer.start_over()
        raise transfer.refused(
            f"the sha256 is {came} and that of the published file {transfer.sha256}"
        )


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    """Yield the body; what goes wrong on the network is Interrupted."""
    while True:
        try:
            chunk = response.read(CHUNK)
        except (OSError, HTTPException) as error:
            reason = f"the connection broke: {str(error) or type(error).__name__}"
            raise Interrupted(reason, answered=True) from error
        if not chunk:
            return
        yield chunk


def _version(response: HTTPResponse) -> str:
    """Return what If-Range may name: a strong ETag or the date of the last change; else nothing."""
    # A weak ETag begins with W/ and promises no equal bytes.
    etag = response.headers.get("ETag", "")
    version = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
    return version if version.isprintable() else ""


def _retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _request(url: str, method: str = "GET") -> Request:
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    return Request(url, headers=headers, method=method)

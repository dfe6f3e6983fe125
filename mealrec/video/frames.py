"""K frames of a video, chosen by time, decoded in a confined process. Paper: Sec. 5.1.3."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import mealrec
from mealrec.errors import VideoError
from mealrec.video.probe import DecodeLimits, check_file, shown_name, too_costly

POLL_S = 0.1
OUT_OF_TIME = -getattr(signal, "SIGXCPU", 1 << 16)  # no such signal, and no such limit, on Windows
IMPORT_ROOT = Path(mealrec.__file__).resolve().parents[1]


@dataclass(frozen=True)
class SampledFrames:
    """Frames of one clip.

    `times_s` [K]: seconds from the clip's first frame; `frames` [K, H, W, 3] uint8 RGB, upright:
    what a player shows at those times; `width`, `height`: of the clip itself, upright, before any
    scaling.
    """

    times_s: np.ndarray
    frames: np.ndarray
    duration_s: float
    width: int
    height: int


def sample_frames(
    path: str | Path,
    *,
    num_frames: int = 5,
    interval_s: float = 1.0,
    size: tuple[int, int] | None = None,
    max_height: int | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: DecodeLimits | None = None,
) -> SampledFrames:
    """Decode K frames, `interval_s` seconds apart around the clip's centre; a shorter clip is
    spread evenly.

    Paper: Sec. 5.1.3 (5 frames, 1 a second, from the central part). `size` is (height, width) to
    scale to, `max_height` the height to scale down to in proportion. Raises VideoError, in one
    sentence that says what to do, for everything that is not a usable video, and soon after
    `cancelled()` becomes true.
    """
    path, limits = Path(path).resolve(), limits or DecodeLimits()
    request = {
        "path": str(path),
        "demuxer": check_file(path, limits),
        "num_frames": num_frames,
        "interval_s": interval_s,
        "size": size,
        "max_height": max_height,
        "limits": asdict(limits),
    }
    header, pixels = _ask_worker(request, shown_name(path), limits, cancelled)
    frames = np.frombuffer(pixels, np.uint8).reshape(header["shape"])
    return SampledFrames(
        np.asarray(header["times_s"]),
        frames,
        header["duration_s"],
        header["width"],
        header["height"],
    )


def run_worker(
    module: str, request: dict, limits: DecodeLimits, cancelled: Callable[[], bool] | None = None
) -> subprocess.CompletedProcess:
    """Run a confined process on one request; its answer is on stdout.

    Raises TimeoutExpired past the limit, or once `cancelled()` is true; the process is ended
    before.
    """
    command, deadline = (
        [sys.executable, "-m", module, json.dumps(request)],
        time.monotonic() + limits.timeout_s,
    )
    with subprocess.Popen(
        command,
        cwd=IMPORT_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        while True:
            left_s = max(0.0, deadline - time.monotonic())
            try:
                answer, _ = process.communicate(
                    timeout=left_s if cancelled is None else min(left_s, POLL_S)
                )
                return subprocess.CompletedProcess(command, process.returncode, answer)
            except subprocess.TimeoutExpired:
                if left_s > POLL_S and cancelled is not None and not cancelled():
                    continue
                process.kill()
                raise
            except BaseException:
                process.kill()
                raise


def _ask_worker(
    request: dict, name: str, limits: DecodeLimits, cancelled: Callable[[], bool] | None
) -> tuple[dict, memoryview]:
    try:
        done = run_worker("mealrec.video.worker", request, limits, cancelled)
    except subprocess.TimeoutExpired:
        raise VideoError(
            f"{name} took longer than {limits.timeout_s:g} s to decode: the machine is busy, so try again later, or "
            "choose a smaller clip."
        ) from None
    if done.returncode == OUT_OF_TIME:
        raise VideoError(f"{name}: {too_costly(limits)}")
    line_end = done.stdout.find(b"\n")
    if done.returncode or line_end < 0:
        raise VideoError(
            f"{name} stopped the decoder: it is damaged or too demanding, so export it again."
        )
    header = json.loads(done.stdout[:line_end])
    if "error" in header:
        raise VideoError(f"{name}: {header['error']}")
    return header, memoryview(done.stdout)[line_end + 1 :]

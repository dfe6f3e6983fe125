"""K frames of a video, chosen by time, or a clip that browsers play. Paper: Sec. 5.1.3.

No file is opened here: a confined process of its own, `worker.py`, decodes it.
"""

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
from mealrec.video.limits import DecodeLimits, fitted, too_costly
from mealrec.video.probe import check_file, shown_name

POLL_S = 0.1  # between looks at whether the caller has changed its mind
OUT_OF_TIME = -getattr(signal, "SIGXCPU", 1 << 16)  # no such signal, and no such limit, on Windows
IMPORT_ROOT = Path(mealrec.__file__).resolve().parents[1]
FRAME_LIMITS = DecodeLimits()
# Every frame of a clip is decoded, and encoded again.
CLIP_LIMITS = DecodeLimits(cpu_s=600.0, timeout_s=7200.0)


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
    max_height: int | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: DecodeLimits = FRAME_LIMITS,
) -> SampledFrames:
    """Decode K frames, `interval_s` seconds apart around the clip's centre.

    A shorter clip is spread evenly.

    Paper: Sec. 5.1.3 (5 frames, 1 a second, from the central part). `max_height` is the height to
    scale down to, in proportion. Raises VideoError, in one sentence that says what to do, for
    everything that is not a usable video, and soon after `cancelled()` becomes true.
    """
    # What is asked of the worker.
    path = Path(path).resolve()
    request = {
        "task": "frames",
        "path": str(path),
        "demuxer": check_file(path, limits),
        "num_frames": num_frames,
        "interval_s": interval_s,
        "max_height": max_height,
        "limits": asdict(limits),
    }

    # The pixels are used as they came, without a copy.
    header, pixels = ask_worker(request, shown_name(path), limits, cancelled)
    return SampledFrames(
        times_s=np.asarray(header["times_s"]),
        frames=np.frombuffer(pixels, np.uint8).reshape(header["shape"]),
        duration_s=header["duration_s"],
        width=header["width"],
        height=header["height"],
    )


def transcode_clip(
    source: Path, clip: Path, poster: Path, limits: DecodeLimits = CLIP_LIMITS
) -> None:
    """Write `clip` (MP4, H.264 of at most 480p) and `poster` (WebP) of a video file.

    The clip gets its name last, so that where it is there, all is done. Raises VideoError, and
    leaves nothing, for a file that is no video, is cut off, damaged, or passes a limit.
    """
    # The worker writes under other names.
    clip_draft = clip.with_name(clip.name + ".part")
    poster_draft = poster.with_name(poster.name + ".part")
    request = {
        "task": "clip",
        "path": str(source.resolve()),
        "demuxer": check_file(source, limits),
        "limits": asdict(limits),
        "clip": str(clip_draft.absolute()),
        "poster": str(poster_draft.absolute()),
    }
    clip.parent.mkdir(parents=True, exist_ok=True)
    poster.parent.mkdir(parents=True, exist_ok=True)

    # The poster first: a clip without one would count as done.
    try:
        ask_worker(request, shown_name(source), limits)
        poster_draft.replace(poster)
        clip_draft.replace(clip)
    finally:
        clip_draft.unlink(missing_ok=True)
        poster_draft.unlink(missing_ok=True)


def scaled_down(frames: np.ndarray, height: int) -> tuple[np.ndarray, ...]:
    """Return frames [K, H, W, 3] uint8 scaled down in proportion to fit a height: see `fitted`."""
    rows, columns = frames.shape[1:3]
    target = fitted(rows, columns, height)
    if target == (rows, columns):
        return tuple(frames)
    from PIL import Image  # most pictures need no scaling

    size = target[::-1]
    small = [Image.fromarray(frame).resize(size, Image.Resampling.BOX) for frame in frames]
    return tuple(np.asarray(picture) for picture in small)


def ask_worker(
    request: dict,
    name: str,
    limits: DecodeLimits,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[dict, memoryview]:
    """Return the header and the pixels that a confined process answers with."""
    # Too long by the clock, or by the processor's time?
    try:
        status, answer = _run_worker(request, limits, cancelled)
    except subprocess.TimeoutExpired:
        raise VideoError(
            f"{name} took longer than {limits.timeout_s:g} s to decode: the machine is busy, so "
            "try again later, or choose a smaller clip."
        ) from None
    if status == OUT_OF_TIME:
        raise VideoError(f"{name}: {too_costly(limits)}")

    # One line of JSON, then the pixels; a decoder that fell over says nothing.
    line_end = answer.find(b"\n")
    if status or line_end < 0:
        raise VideoError(
            f"{name} stopped the decoder: it is damaged or too demanding, so export it again."
        )
    header = json.loads(answer[:line_end])
    if "error" in header:
        raise VideoError(f"{name}: {header['error']}")
    return header, memoryview(answer)[line_end + 1 :]


def _run_worker(
    request: dict, limits: DecodeLimits, cancelled: Callable[[], bool] | None
) -> tuple[int, bytes]:
    """Run a confined process on one request; return its exit status and what it wrote.

    Raises TimeoutExpired past the limit, or once `cancelled()` is true; the process is ended
    before.
    """
    command = [sys.executable, "-m", "mealrec.video.worker", json.dumps(request)]
    deadline = time.monotonic() + limits.timeout_s
    with subprocess.Popen(
        command,
        cwd=IMPORT_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            while True:
                # Wait in short steps where the caller may change its mind.
                left_s = max(0.0, deadline - time.monotonic())
                wait_s = left_s if cancelled is None else min(left_s, POLL_S)
                try:
                    answer, _ = process.communicate(timeout=wait_s)
                    return process.returncode, answer
                except subprocess.TimeoutExpired:
                    if left_s <= POLL_S or cancelled is None or cancelled():
                        raise
        except BaseException:
            process.kill()
            raise

"""Any clip to what a browser plays and the features read: H.264 of at most 480p, and a poster
beside it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

from mealrec.errors import VideoError
from mealrec.video.frames import run_worker
from mealrec.video.probe import DecodeLimits, check_file

# every frame is decoded, and encoded anew
CLIP_LIMITS = DecodeLimits(cpu_s=600.0, timeout_s=7200.0)


def transcode_clip(
    source: Path, clip: Path, poster: Path, limits: DecodeLimits = CLIP_LIMITS
) -> None:
    """Write `clip` (MP4) and `poster` (WebP) of a video file, decoded in a confined process.

    The clip gets its name last, so that where it is there, all is done. Raises VideoError, and
    leaves nothing, for a file that is no video, is cut off, damaged, or passes a limit.
    """
    drafts = {
        "clip": clip.with_name(clip.name + ".part"),
        "poster": poster.with_name(poster.name + ".part"),
    }
    request = {
        "source": str(source.resolve()),
        "demuxer": check_file(source, limits),
        "limits": asdict(limits),
        "max_output_bytes": limits.max_bytes,
        **{kind: str(draft.absolute()) for kind, draft in drafts.items()},
    }
    for path in (clip, poster):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _ask_worker(request, source.name, limits)
        drafts["poster"].replace(poster)
        drafts["clip"].replace(clip)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _ask_worker(request: dict, name: str, limits: DecodeLimits) -> None:
    try:
        done = run_worker("mealrec.video.transcoding_worker", request, limits)
    except subprocess.TimeoutExpired:
        raise VideoError(f"{name} took longer than {limits.timeout_s:g} s to transcode.") from None
    if done.returncode:
        raise VideoError(f"{name} stopped the decoder: it is damaged or too demanding.")
    error = json.loads(done.stdout).get("error")
    if error:
        raise VideoError(f"{name}: {error}")

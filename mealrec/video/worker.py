"""The decoding process: reads one request from argv, writes one reply to stdout, imports no torch.

Reply: one line of JSON (`error`, or what the pixels are), then the pixels' raw bytes.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np

from mealrec.errors import VideoError
from mealrec.video.confinement import confine
from mealrec.video.decoding import Playhead, decode_frames, resize
from mealrec.video.plain import plain_frames
from mealrec.video.probe import DecodeLimits
from mealrec.video.scaling import fitted
from mealrec.video.tracks import read_timetable


def sampling_times(duration_s: float, num_frames: int, interval_s: float) -> np.ndarray:
    """Return K times [K] in seconds: `interval_s` apart around the centre, or spread evenly over
    a shorter clip."""
    step = min(interval_s, duration_s / num_frames)
    return duration_s / 2 + (np.arange(num_frames) - (num_frames - 1) / 2) * step


def decode(request: dict) -> tuple[dict, bytes]:
    """Return the reply's header and its pixels for one request (see `frames.sample_frames`)."""
    limits = DecodeLimits(**request["limits"])
    path, demuxer = request["path"], request["demuxer"]
    table = read_timetable(path, demuxer, limits)
    times_s = sampling_times(table.duration_s, request["num_frames"], request["interval_s"])
    targets_s, max_height = table.starts_s[0] + times_s, request["max_height"]
    frames = plain_frames(path, demuxer, table, table.on_screen(targets_s), limits)
    if frames is not None:
        height, width = frames.shape[1:3]
        frames = (
            frames if max_height is None else resize(frames, *fitted(height, width, max_height))
        )
    else:
        # beyond lies the next moment
        near_s = min(request["interval_s"], table.duration_s / len(times_s)) / 2
        with Playhead(path, demuxer, table, limits) as playhead:
            frames, (height, width) = decode_frames(playhead, table, targets_s, near_s, max_height)
    if request["size"] is not None:
        frames = resize(frames, *request["size"])
    header = {
        "times_s": times_s.tolist(),
        "shape": frames.shape,
        "duration_s": table.duration_s,
        "width": width,
        "height": height,
    }
    return header, np.ascontiguousarray(frames).tobytes()


def main() -> None:
    """Answer the request in argv[1]."""
    request = json.loads(sys.argv[1])
    reply = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints must not mix with the reply
    confine(DecodeLimits(**request["limits"]))
    try:
        header, pixels = decode(request)
    except VideoError as error:
        header, pixels = {"error": str(error)}, b""
    except MemoryError:
        header, pixels = (
            {"error": "The video needs more memory than is allowed here: scale it down first."},
            b"",
        )
    with reply:
        reply.write(json.dumps(header).encode() + b"\n")
        reply.write(pixels)


if __name__ == "__main__":
    main()

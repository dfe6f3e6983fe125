"""The decoding process: reads one request from argv, writes one reply to stdout, imports no torch.

Reply: one line of JSON (`error`, or what the pixels are), then the pixels' raw bytes. A request for
a clip also writes that clip and its poster, and nothing else: see `limits.confine`.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np

from mealrec.errors import VideoError
from mealrec.video.decoding import Playhead, decode_frames, resize
from mealrec.video.limits import DecodeLimits, confine, fitted
from mealrec.video.plain import plain_frames
from mealrec.video.tracks import read_timetable

OUT_OF_MEMORY = "The video needs more memory than is allowed here: scale it down first."


def sampling_times(duration_s: float, num_frames: int, interval_s: float) -> np.ndarray:
    """Return K times [K] in seconds, `interval_s` apart around the centre.

    Over a shorter clip they are spread evenly.
    """
    step = min(interval_s, duration_s / num_frames)
    return duration_s / 2 + (np.arange(num_frames) - (num_frames - 1) / 2) * step


def decode(request: dict, limits: DecodeLimits) -> tuple[dict, bytes]:
    """Return the reply's header and its pixels for one request (see `frames.sample_frames`)."""
    path = request["path"]
    demuxer = request["demuxer"]
    max_height = request["max_height"]

    # Which moments?
    table = read_timetable(path, demuxer, limits)
    times_s = sampling_times(table.duration_s, request["num_frames"], request["interval_s"])
    targets_s = table.starts_s[0] + times_s

    # By decord where it shows what a player does, else by PyAV.
    frames = plain_frames(path, demuxer, table, table.on_screen(targets_s), limits)
    if frames is not None:
        height, width = frames.shape[1:3]
        if max_height is not None:
            frames = resize(frames, *fitted(height, width, max_height))
    else:
        # A damaged moment shows a neighbour, but not as far away as the next moment.
        near_s = min(request["interval_s"], table.duration_s / len(times_s)) / 2
        with Playhead(path, demuxer, table, limits) as playhead:
            frames, (height, width) = decode_frames(playhead, table, targets_s, near_s, max_height)
    header = {
        "times_s": times_s.tolist(),
        "shape": frames.shape,
        "duration_s": table.duration_s,
        "width": width,
        "height": height,
    }
    return header, np.ascontiguousarray(frames).tobytes()


def answer(request: dict) -> tuple[dict, bytes]:
    """Confine this process, do what is asked for, and return the reply's header and pixels."""
    # Whatever is needed is loaded before the process is held to its limits.
    limits = DecodeLimits(**request["limits"])
    is_clip = request["task"] == "clip"
    if is_clip:
        from mealrec.video.transcoding import transcode  # frames need no encoder

    confine(limits, max_output_bytes=limits.max_bytes if is_clip else 0)
    try:
        if not is_clip:
            return decode(request, limits)
        transcode(request, limits)
        return {}, b""
    except VideoError as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"error": OUT_OF_MEMORY}, b""


def main() -> None:
    """Answer the request in argv[1]."""
    reply = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints must not mix with the reply
    header, pixels = answer(json.loads(sys.argv[1]))
    with reply:
        reply.write(json.dumps(header).encode() + b"\n")
        reply.write(pixels)


if __name__ == "__main__":
    main()

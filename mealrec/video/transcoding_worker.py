"""The transcoding process: reads one request from argv, writes a clip and its poster, replies with
one line of JSON.

Confined like the decoding process, except that it may write files of `max_output_bytes`.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction

import av
import numpy as np
from PIL import Image

from mealrec.errors import VideoError
from mealrec.video.confinement import confine
from mealrec.video.decoding import Playhead
from mealrec.video.orientation import is_shown_as_stored, upright
from mealrec.video.probe import DecodeLimits
from mealrec.video.tracks import Timetable, read_timetable

SHORT_SIDE, LONG_SIDE = 480, 1280
CLOCK = Fraction(1, 90_000)
ENCODER = {"crf": "26", "preset": "veryfast", "threads": "1"}
POSTER_QUALITY = 82
WHOLE = 0.95  # a clip with less than this share of what its header states was cut off


def target_size(width: int, height: int) -> tuple[int, int]:
    """Return (width, height) within SHORT_SIDE x LONG_SIDE, never scaled up, both even as
    yuv420p needs them."""
    scale = min(1.0, SHORT_SIDE / min(width, height), LONG_SIDE / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def transcode(request: dict, limits: DecodeLimits) -> None:
    """Write `request["clip"]` (H.264, yuv420p, faststart, no sound) and `request["poster"]` (WebP
    of the middle).

    Raises VideoError for a file that is no whole video.
    """
    path, demuxer = request["source"], request["demuxer"]
    table = read_timetable(path, demuxer, limits)
    if table.duration_s < WHOLE * table.stated_s:
        raise VideoError(
            f"The video is cut off: {table.duration_s:.1f} of {table.stated_s:.1f} s are there."
        )
    written = _encode(request, table, limits)
    if written < WHOLE * len(table.starts_s):
        raise VideoError(
            f"The video is damaged: {written} of {len(table.starts_s)} frames can be decoded."
        )


def _encode(request: dict, table: Timetable, limits: DecodeLimits) -> int:
    """Encode every frame at its own time; return how many of them are undamaged."""
    middle_s = table.starts_s[0] + table.duration_s / 2
    stream, last_pts, written, poster_done = None, -1, 0, False
    with (
        av.open(request["clip"], "w", format="mp4", options={"movflags": "+faststart"}) as out,
        Playhead(request["source"], request["demuxer"], table, limits) as playhead,
    ):
        for shown in playhead.frames():
            frame, is_whole = shown.frame, not shown.frame.is_corrupt
            if not is_shown_as_stored(frame, playhead.aspect):
                frame = av.VideoFrame.from_ndarray(
                    np.ascontiguousarray(upright(frame, playhead.aspect)), "rgb24"
                )
            if stream is None:
                stream = _video_stream(out, table, target_size(frame.width, frame.height))
            picture = frame.reformat(stream.width, stream.height, "yuv420p", interpolation="AREA")
            if not poster_done:
                poster_done = shown.start_s >= middle_s
                poster = picture
            # the encoder chooses its own keyframes
            picture.pict_type = av.video.frame.PictureType.NONE
            picture.pts = last_pts = max(
                last_pts + 1, round((shown.start_s - table.starts_s[0]) / CLOCK)
            )
            picture.time_base = CLOCK
            out.mux(stream.encode(picture))
            written += is_whole
        if stream is None:
            raise VideoError(
                "No frame of the video can be decoded: it is damaged or its codec is unknown here."
            )
        out.mux(stream.encode())
    Image.fromarray(poster.to_ndarray(format="rgb24")).save(
        request["poster"], "WEBP", quality=POSTER_QUALITY
    )
    return written


def _video_stream(
    out: av.container.OutputContainer, table: Timetable, size: tuple[int, int]
) -> av.VideoStream:
    rate = Fraction(
        len(table.starts_s) / table.duration_s if table.duration_s else 1.0
    ).limit_denominator(1001)
    stream = out.add_stream(
        "libx264", rate=min(max(rate, Fraction(1)), Fraction(240)), options=ENCODER
    )
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = CLOCK
    return stream


def main() -> None:
    """Answer the request in argv[1]."""
    request = json.loads(sys.argv[1])
    limits = DecodeLimits(**request["limits"])
    confine(limits, request["max_output_bytes"])
    reply = {}
    try:
        transcode(request, limits)
    except VideoError as error:
        reply["error"] = str(error)
    except MemoryError:
        reply["error"] = "The video needs more memory than is allowed here."
    except (av.error.FFmpegError, OSError) as error:
        reply["error"] = f"The video cannot be written as H.264: {error}."
    print(json.dumps(reply))


if __name__ == "__main__":
    main()

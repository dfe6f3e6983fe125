"""Any clip to what a browser plays and the features read; runs inside the worker process only."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from PIL import Image

from mealrec.errors import VideoError
from mealrec.video.decoding import Playhead
from mealrec.video.limits import DecodeLimits
from mealrec.video.orientation import is_shown_as_stored, upright
from mealrec.video.tracks import Timetable, read_timetable

SHORT_SIDE = 480
LONG_SIDE = 1280
# A tick in seconds, as MPEG counts: fine enough for every usual rate.
CLOCK = Fraction(1, 90_000)
SLOWEST = Fraction(1)  # frames a second
FASTEST = Fraction(240)
ENCODER = {"crf": "26", "preset": "veryfast", "threads": "1"}
POSTER_QUALITY = 82
WHOLE = 0.95  # a clip with less than this share of what its header states was cut off


def target_size(width: int, height: int) -> tuple[int, int]:
    """Return (width, height) within SHORT_SIDE x LONG_SIDE, never scaled up, both even.

    yuv420p has half as many colours as pixels in both directions.
    """
    scale = min(1.0, SHORT_SIDE / min(width, height), LONG_SIDE / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def transcode(request: dict, limits: DecodeLimits) -> None:
    """Write `clip` (H.264, yuv420p, faststart, no sound) and `poster` (WebP of the middle).

    Raises VideoError for a file that is no whole video.
    """
    # Are all the frames there that the header promises?
    table = read_timetable(request["path"], request["demuxer"], limits)
    if table.duration_s < WHOLE * table.stated_s:
        raise VideoError(
            f"The video is cut off: {table.duration_s:.1f} of {table.stated_s:.1f} s are there."
        )

    # And can they be decoded?
    try:
        written = _encode(request, table, limits)
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(f"The video cannot be written as H.264: {error}.") from error
    if written < WHOLE * len(table.starts_s):
        raise VideoError(
            f"The video is damaged: {written} of {len(table.starts_s)} frames can be decoded."
        )


def _encode(request: dict, table: Timetable, limits: DecodeLimits) -> int:
    """Encode every frame at its own time; return how many of them are undamaged."""
    first_s = table.starts_s[0]
    middle_s = first_s + table.duration_s / 2
    stream = None
    poster = None
    has_poster = False
    last_pts = -1
    undamaged = 0
    with (
        av.open(request["clip"], "w", format="mp4", options={"movflags": "+faststart"}) as out,
        Playhead(request["path"], request["demuxer"], table, limits) as playhead,
    ):
        for shown in playhead.frames():
            # As a player shows it, small enough, in the encoder's colours.
            frame = shown.frame
            if not frame.is_corrupt:
                undamaged += 1
            if not is_shown_as_stored(frame, playhead.aspect):
                pixels = np.ascontiguousarray(upright(frame, playhead.aspect))
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            if stream is None:
                stream = _video_stream(out, table, *target_size(frame.width, frame.height))
            picture = frame.reformat(stream.width, stream.height, "yuv420p", interpolation="AREA")

            # The poster is the first frame from the middle on, else the last one.
            if not has_poster:
                poster = picture
                has_poster = shown.start_s >= middle_s

            # At its own time; the encoder chooses its own keyframes.
            last_pts = max(last_pts + 1, round((shown.start_s - first_s) / CLOCK))
            picture.pts = last_pts
            picture.time_base = CLOCK
            picture.pict_type = av.video.frame.PictureType.NONE
            out.mux(stream.encode(picture))
        if stream is None:
            raise VideoError(
                "No frame of the video can be decoded: it is damaged or its codec is unknown here."
            )
        out.mux(stream.encode())

    still = Image.fromarray(poster.to_ndarray(format="rgb24"))
    still.save(request["poster"], "WEBP", quality=POSTER_QUALITY)
    return undamaged


def _video_stream(
    out: av.container.OutputContainer, table: Timetable, width: int, height: int
) -> av.VideoStream:
    # Frames have times of their own; the rate is their mean, in a form that headers can hold.
    rate = len(table.starts_s) / table.duration_s if table.duration_s else 1.0
    stated = min(max(Fraction(rate).limit_denominator(1001), SLOWEST), FASTEST)
    stream = out.add_stream("libx264", rate=stated, options=ENCODER)
    stream.width = width
    stream.height = height
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = CLOCK
    return stream

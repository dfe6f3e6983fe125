"""Odd and hostile videos for the tests. Frame i of every video shows its own number, readable from its pixels.

`python tests/make_videos.py DIR` writes them all, to try by hand.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, FPS = 128, 224, 10
BITS = 8
VARIABLE_TIMES = [0.05 * i for i in range(40)] + [2 + 0.2 * i for i in range(20)]  # 20 frames a second, then 5
MARK = (255, 0, 0)  # a red patch in the top left corner tells which way is up

B_FRAMES = {"x264-params": "bframes=2:b-adapt=0"}
CAMCORDER = {"mpegts_m2ts_mode": "1"}
KEY = "00112233445566778899aabbccddeeff"
ENCRYPTED = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": KEY, "encryption_kid": KEY}


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Return a frame [height, width, 3] whose 8 stacked bands spell `number` in binary, white for 1."""
    frame = np.zeros((height, width, 3), np.uint8)
    for bit, band in enumerate(np.array_split(np.arange(height), BITS)):
        frame[band] = 220 if number >> bit & 1 else 30
    frame[: height // (2 * BITS), : width // 4] = MARK
    return frame


def read_number(frame: np.ndarray) -> int:
    """Return the number that an upright `picture` shows."""
    height, width = frame.shape[:2]
    bands = np.array_split(np.arange(height), BITS)
    values = [frame[band[len(band) // 2] : band[-1], width // 2 : -4].mean() > 128 for band in bands]
    return sum(int(value) << bit for bit, value in enumerate(values))


def is_upright(frame: np.ndarray) -> bool:
    """Tell whether the red patch is in the top left corner."""
    height, width = frame.shape[:2]
    red, green, _ = frame[: height // 24, : width // 6].mean((0, 1))
    return bool(red > 150 and green < 100)


@contextmanager
def usual_scheduling() -> Iterator[None]:
    """Give every thread of the process its scheduling back in the end.

    SVT-AV1 raises the process to real time where it may, as root. What is started from it later inherits that, and a
    busy browser that nothing can interrupt stops the whole machine.
    """
    if not hasattr(os, "sched_getscheduler"):  # not Linux
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread in os.listdir("/proc/self/task"):
            with suppress(ProcessLookupError):  # it has ended since
                os.sched_setscheduler(int(thread), policy, parameters)


@usual_scheduling()
def write_video(
    path: Path,
    codec: str = "libx264",
    frames: int = 60,
    *,
    times: Sequence[float] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    container: str | None = None,
    options: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
    rate: int = FPS,
    matrix: tuple[int, int, int, int] | None = None,
    aspect: Fraction | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a video of numbered frames at FPS, or at `times` (seconds); keyframes every 10 frames.

    `rate` is what the header says, `matrix` how the display matrix turns it, `aspect` how wide its pixels are.
    """
    faststart = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", format=container, options=faststart | (container_options or {})) as out:
        stream = out.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if matrix:
            a, b, c, d = (value << 16 for value in matrix)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        stream.codec_context.gop_size = 10
        stream.codec_context.time_base = time_base = Fraction(1, 1000 if times else FPS)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), "rgb24")
            frame.pts = round(times[number] / time_base) if times else number
            frame.time_base = time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def write_tracks(path: Path, *tracks: tuple[str, int, int, tuple[int, int]]) -> Path:
    """Write a video of several tracks: (codec, disposition, frames, size) each; frame i of track n shows 64 n + i."""
    with av.open(str(path), "w") as out:
        streams = []
        for codec, disposition, _, size in tracks:
            stream = out.add_stream(codec, rate=FPS)
            stream.width, stream.height = size
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.disposition = disposition
            streams.append(stream)
        for number in range(max(frames for _, _, frames, _ in tracks)):
            for place, (stream, (_, _, frames, size)) in enumerate(zip(streams, tracks, strict=True)):
                if number < frames:
                    frame = av.VideoFrame.from_ndarray(picture(64 * place + number, *size), "rgb24")
                    frame.pts, frame.time_base = number, Fraction(1, FPS)
                    out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write an MP4 that holds sound only."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=16000, layout="mono")
        for block in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 16000, 1024 * block
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def write_pixel_bomb(path: Path, side: int = 16000) -> Path:
    """Write a file of some hundred KiB whose one frame unpacks to side x side pixels."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("png", rate=FPS)
        stream.width = stream.height = side
        stream.pix_fmt = "gray"
        frame = av.VideoFrame(side, side, "gray")
        frame.pts = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def truncate(source: Path, path: Path, share: float) -> Path:
    """Write the first `share` (0..1) of a file's bytes."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def rotate_header(source: Path, path: Path, quarter_turns: int) -> Path:
    """Copy an MP4 with a display matrix that turns it clockwise by `quarter_turns` x 90 degrees."""
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarter_turns % 4]
    return set_matrix(source, path, (cos, sin, -sin, cos))


def set_matrix(source: Path, path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Copy an MP4 or MOV with a display matrix (a, b, c, d), whatever it says."""
    a, b, c, d = (value << 16 for value in matrix)
    content = bytearray(source.read_bytes())
    at = content.index(b"tkhd") + 4 + 4 + 4 * 5 + 8 + 8  # version and flags, five words, reserved, layer to volume
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30 if any(matrix) else 0)
    path.write_bytes(content)
    return path


def without_brand(source: Path, path: Path) -> Path:
    """Copy a MOV as an older QuickTime wrote it: nothing before its data says what it is."""
    content = bytearray(source.read_bytes())
    content[4:8] = b"free"
    path.write_bytes(content)
    return path


def cut_start(source: Path, path: Path, count: int) -> Path:
    """Copy a file without its first `count` bytes."""
    path.write_bytes(source.read_bytes()[count:])
    return path


def blank(source: Path, path: Path, start: float, end: float) -> Path:
    """Copy a file with zeros from `start` to `end` (shares of its bytes, 0..1)."""
    content = bytearray(source.read_bytes())
    first, last = int(start * len(content)), int(end * len(content))
    content[first:last] = bytes(last - first)
    path.write_bytes(content)
    return path


def scramble(source: Path, path: Path) -> Path:
    """Copy an MPEG-TS with every packet marked as scrambled."""
    content = bytearray(source.read_bytes())
    for at in range(0, len(content), 188):
        content[at + 3] |= 0x80
    path.write_bytes(content)
    return path


def cut_by_edit_list(source: Path, path: Path, start_s: float) -> Path:
    """Copy an MP4 whose edit list starts playing at `start_s`: what comes before is stored but never shown."""
    content = bytearray(source.read_bytes())
    at = content.index(b"elst") + 4 + 4 + 4  # version and flags, count
    duration, media_time = struct.unpack(">Ii", content[at : at + 8])
    media_scale = struct.unpack(">I", _after(content, b"mdhd", 12))[0]
    movie_scale = struct.unpack(">I", _after(content, b"mvhd", 12))[0]
    edit = struct.pack(">Ii", duration - round(start_s * movie_scale), media_time + round(start_s * media_scale))
    content[at : at + 8] = edit
    path.write_bytes(content)
    return path


def write_text(path: Path, content: str) -> Path:
    """Write text under a video's name."""
    path.write_text(content)
    return path


def write_all(folder: Path) -> None:
    """Write one of each into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = write_video(folder / "plain.mp4")
    write_video(folder / "variable-rate.mp4", times=VARIABLE_TIMES)
    write_video(folder / "hevc.mp4", "libx265", options={"x265-params": "log-level=none"})
    write_video(folder / "open-gop.mp4", options={"x264-params": "open-gop=1:bframes=3:b-adapt=0"})
    write_video(folder / "av1.mp4", "libsvtav1", options={"preset": "12", "crf": "20"})
    write_video(folder / "plain.webm", "libvpx-vp9", options={"cpu-used": "8", "deadline": "realtime"})
    write_video(folder / "plain.gif", "gif", pixel_format="rgb8")
    write_video(folder / "plain.ts", container="mpegts")
    write_video(folder / "plain.avi", "mpeg4")
    write_video(folder / "one-frame.mp4", frames=1)
    write_pixel_bomb(folder / "pixel-bomb.mp4")
    write_sound(folder / "sound.mp4")
    rotate_header(plain, folder / "rotated.mp4", 1)
    cut_by_edit_list(plain, folder / "edit-list.mp4", 2.0)
    truncate(plain, folder / "half.mp4", 0.5)
    set_matrix(plain, folder / "mirrored.mp4", (-1, 0, 0, 1))
    set_matrix(plain, folder / "no-matrix.mp4", (0, 0, 0, 0))
    write_video(folder / "turned.mkv", matrix=(0, 1, -1, 0))
    write_video(folder / "wide-pixels.mp4", aspect=Fraction(2))
    write_video(folder / "b-frames.avi", options=B_FRAMES)
    write_video(folder / "states-1000.webm", "libvpx-vp9", rate=1000, times=[0.1 * n for n in range(60)])
    write_video(folder / "encrypted.mp4", container_options=ENCRYPTED)
    write_tracks(folder / "two-tracks.mp4", ("libx264", 1, 60, (64, 112)), ("libx264", 0, 60, (WIDTH, HEIGHT)))
    without_brand(write_video(folder / "plain.mov"), folder / "older.mov")
    cut_start(folder / "plain.ts", folder / "cut.ts", 77)
    write_video(folder / "camcorder.mts", container="mpegts", container_options=CAMCORDER)
    scramble(folder / "plain.ts", folder / "scrambled.ts")
    blank(plain, folder / "blank.mp4", 0.6, 0.8)
    write_text(folder / "playlist.mp4", f"#EXTM3U\n#EXTINF:1,\n{plain}\n")
    (folder / "empty.mp4").write_bytes(b"")


def _after(content: bytearray, box: bytes, offset: int) -> bytes:
    """Return the 4 bytes at `offset` after a box's version and flags."""
    at = content.index(box) + 4 + offset
    return bytes(content[at : at + 4])


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
